import { Problem } from '../errors/catalogue.ts';

/** Bodies that fit into a socket's own buffers are not worth counting. */
const smallBody = 16_384;

/** How many bytes of request bodies may be held at one time. */
export interface BodyBudget {
  /**
   * Reserves what a body may take while it is read. Returns what gives it back; throws UNAVAILABLE when too much is
   * being read.
   */
  reserve(bytes: number): () => void;
}

const nothing = () => {};

/** Bounds all bodies that are being read: each has its own limit, but there can be many. */
export function createBodyBudget(most: number): BodyBudget {
  let held = 0;
  return {
    reserve(bytes) {
      if (bytes <= smallBody) return nothing;
      if (held + bytes > most) throw new Problem('UNAVAILABLE', 'Too much is being read at once.', { retryAfter: 1 });
      held += bytes;
      let given = false;
      return () => {
        if (!given) held -= bytes;
        given = true;
      };
    },
  };
}
