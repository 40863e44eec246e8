import { Problem } from '../errors/catalogue.ts';

/** Bodies that fit into a socket's own buffers are not counted. */
const smallBody = 16_384;

/** Bounds the bytes of request bodies that are held at one time. */
export interface BodyBudget {
  /**
   * Reserves the bytes of a body while it is read, and returns the function that releases them. Null for a small body,
   * which is not counted. Throws UNAVAILABLE when too much is being read.
   */
  reserve(bytes: number): (() => void) | null;
  /**
   * Reserves the bytes of a body as they arrive: a slow one takes no more than what is there. One owner has half of the
   * budget at the most. `take` throws UNAVAILABLE; `release` gives all of it back, once.
   */
  arriving(owner: string): Arriving;
}

export type Arriving = { take(bytes: number): void; release(): void };

const tooMuch = () => new Problem('UNAVAILABLE', 'Too much is being read at once.', { retryAfter: 1 });

/** Bounds all bodies that are being read. Each has a limit of its own, but there can be many. */
export function createBodyBudget(max: number): BodyBudget {
  let held = 0;
  const byOwner = new Map<string, number>();
  return {
    arriving(owner) {
      let own = 0;
      let isOver = false;
      const add = (bytes: number) => {
        held += bytes;
        own += bytes;
        const all = (byOwner.get(owner) ?? 0) + bytes;
        if (all > 0) byOwner.set(owner, all);
        else byOwner.delete(owner);
      };
      return {
        take(bytes) {
          if (isOver || held + bytes > max || (byOwner.get(owner) ?? 0) + bytes > max / 2) throw tooMuch();
          add(bytes);
        },
        release() {
          isOver = true;
          add(-own);
        },
      };
    },
    reserve(bytes) {
      if (bytes <= smallBody) return null;
      if (held + bytes > max) throw tooMuch();
      held += bytes;
      let given = false;
      return () => {
        if (!given) held -= bytes;
        given = true;
      };
    },
  };
}
