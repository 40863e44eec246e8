import { Problem } from '../errors/catalogue.ts';

/** Bodies that fit into a socket's own buffers are not counted. */
const smallBody = 16_384;

/** Bounds the bytes of request bodies that are held at one time. */
export interface BodyBudget {
  /**
   * Reserves the bytes of a body while it is read, and returns the function that releases them. Throws UNAVAILABLE when
   * too much is being read.
   */
  reserve(bytes: number): () => void;
}

const nothing = () => {};

/** Bounds all bodies that are being read. Each has a limit of its own, but there can be many. */
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
