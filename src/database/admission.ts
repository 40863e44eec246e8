import { Problem } from '../errors/catalogue.ts';
import { createFairTurns, type FairTurnsOptions, type Turn } from './fair-turns.ts';

/** Bounds how much work runs at once for one key, and how long the rest waits. */
export interface Admission {
  /**
   * Runs the work when it is its turn for the key. Throws UNAVAILABLE when too many wait for the key, or when it has
   * waited too long.
   */
  run<Result>(key: string, work: () => Promise<Result>): Promise<Result>;
}

type Place = { running: number; waiting: (() => void)[] };

const busy = (what: string) => new Problem('UNAVAILABLE', what, { retryAfter: 1 });

/** Runs `max` pieces of work for a key at once, first come first served. Waiting callers hold nothing but memory. */
export function createAdmission(options: {
  max: number;
  maxWaiting: number;
  maxWaitMs: number;
  /** The error for callers that are not admitted. */
  refusal: string;
}): Admission {
  const { max, maxWaiting, maxWaitMs, refusal } = options;
  const places = new Map<string, Place>();

  function admitted(place: Place): Promise<void> {
    if (place.waiting.length >= maxWaiting) throw busy(refusal);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        place.waiting.splice(place.waiting.indexOf(next), 1);
        reject(busy(refusal));
      }, maxWaitMs);
      const next = () => {
        clearTimeout(timer);
        resolve();
      };
      place.waiting.push(next);
    });
  }

  return {
    async run(key, work) {
      let place = places.get(key);
      if (!place) {
        place = { running: 0, waiting: [] };
        places.set(key, place);
      }
      // A waiting caller takes over the slot of the one before. The slot is never given back in between.
      if (place.running < max) place.running++;
      else await admitted(place);
      try {
        return await work();
      } finally {
        const next = place.waiting.shift();
        if (next) next();
        else if (--place.running === 0) places.delete(key);
      }
    },
  };
}

/** Work for all keys is done a few at a time, fewer of one key; those who wait are served key by key. */
export function createFairAdmission(
  options: FairTurnsOptions & {
    maxWaitMs: number;
    /** What those are told who are not admitted. */
    refusal: string;
  },
): Admission {
  const { maxWaitMs, refusal } = options;
  const turns = createFairTurns(options);

  const admitted = (key: string) =>
    new Promise<Turn>((resolve, reject) => {
      const takeBack = turns.wait(key, (turn) => {
        clearTimeout(timer);
        resolve(turn);
      });
      if (!takeBack) return reject(busy(refusal));
      const timer = setTimeout(() => {
        if (takeBack()) reject(busy(refusal));
      }, maxWaitMs);
    });

  return {
    async run(key, work) {
      const turn = turns.take(key) ?? (await admitted(key));
      try {
        return await work();
      } finally {
        turns.give(turn);
      }
    },
  };
}
