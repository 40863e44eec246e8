/**
 * Turns that keys (tenants) share: so many at a time in all, fewer of one key. Those who wait are served key by key,
 * and those of one key in the order in which they came, so that a key with many does not keep the others waiting.
 */
export interface FairTurns {
  /** Takes a turn at once, or says that there is none for this key. */
  take(key: string): boolean;
  /**
   * Calls back with a turn, later. Returns what takes back the wish, and says whether it was still waiting. Null when
   * too many wait, of the key or in all.
   */
  wait(key: string, proceed: () => void): (() => boolean) | null;
  /** Gives a turn back. */
  give(key: string): void;
}

export type FairTurnsOptions = {
  /** Turns at a time. */
  running: number;
  /** A function tells what holds now. */
  runningOfKey: number | (() => number);
  /** How many may wait. */
  waiting: number;
  waitingOfKey: number;
};

type Place = { running: number; waiting: (() => void)[] };

export function createFairTurns({ running, runningOfKey, waiting, waitingOfKey }: FairTurnsOptions): FairTurns {
  // In the order in which keys are served: one that has been served goes to the end.
  const places = new Map<string, Place>();
  let taken = 0;
  let queued = 0;
  const mostOfKey = typeof runningOfKey === 'number' ? () => runningOfKey : runningOfKey;

  function start(key: string, place: Place): void {
    taken++;
    place.running++;
    places.set(key, place);
  }

  function forgetIdle(key: string, place: Place): void {
    if (place.running === 0 && place.waiting.length === 0) places.delete(key);
  }

  /** Serves the next key that has not as many turns as it may. Returns false when there is none. */
  function serve(most: number): boolean {
    if (taken >= running) return false;
    for (const [key, place] of places) {
      if (place.running >= most) continue;
      const proceed = place.waiting.shift();
      if (!proceed) continue;
      queued--;
      places.delete(key);
      start(key, place);
      proceed();
      return true;
    }
    return false;
  }

  return {
    take(key) {
      const place = places.get(key);
      if (taken >= running || (place && (place.waiting.length > 0 || place.running >= mostOfKey()))) return false;
      start(key, place ?? { running: 0, waiting: [] });
      return true;
    },
    wait(key, proceed) {
      const place = places.get(key) ?? { running: 0, waiting: [] };
      if (queued >= waiting || place.waiting.length >= waitingOfKey) return null;
      queued++;
      place.waiting.push(proceed);
      places.set(key, place);
      return () => {
        const index = place.waiting.indexOf(proceed);
        if (index < 0) return false;
        place.waiting.splice(index, 1);
        queued--;
        forgetIdle(key, place);
        return true;
      };
    },
    give(key) {
      const place = places.get(key);
      if (!place) return;
      place.running--;
      taken--;
      forgetIdle(key, place);
      // More than one where a key may have more turns than before.
      while (serve(mostOfKey()));
    },
  };
}
