/**
 * Turns that keys (tenants) share: so many at a time in all, fewer of one key. Those who wait are served key by key,
 * and those of one key in the order in which they came, so that a key with many does not keep the others waiting.
 */
export interface FairTurns {
  /** Takes a turn at once. Null when there is none for this key. A turn may weigh as much as several. */
  take(key: string, weight?: number): Turn | null;
  /**
   * Calls back with a turn, later. Returns what takes back the wish, and says whether it was still waiting. Null when
   * too many wait, of the key or in all.
   */
  wait(key: string, proceed: (turn: Turn) => void, weight?: number): (() => boolean) | null;
  /** Gives a turn back. A second time does nothing. */
  give(turn: Turn): void;
  /** Gives a turn to the other keys where its key waits for more than it may have now. Returns whether it did. */
  giveToOthers(turn: Turn): boolean;
  /** Gives back all turns that were taken before then, by the clock of the options. Who has one goes on without it. */
  giveBefore(time: number): void;
}

/** A turn that was taken. */
export type Turn = { readonly weight: number; readonly since: number };

export type FairTurnsOptions = {
  /** Turns at a time. */
  running: number;
  /** A function tells what holds now, given what all others run and wait for. */
  runningOfKey: number | ((demandOfOthers: number) => number);
  /** How many may wait. */
  waiting: number;
  waitingOfKey: number;
  /** A clock in milliseconds. */
  now?: () => number;
};

type Waiting = { weight: number; proceed(turn: Turn): void };
type Place = { key: string; running: number; demand: number; waiting: Waiting[] };
type TurnOfPlace = Turn & { place: Place; isOfOthers: boolean };

export function createFairTurns(options: FairTurnsOptions): FairTurns {
  const { running, runningOfKey, waiting, waitingOfKey, now = () => 0 } = options;
  // In the order in which keys are served: one that has been served goes to the end.
  const places = new Map<string, Place>();
  // In the order in which they were taken.
  const turns = new Set<TurnOfPlace>();
  let taken = 0;
  /** What all keys run and wait for. */
  let demand = 0;
  let queued = 0;

  const placeOf = (key: string): Place => places.get(key) ?? { key, running: 0, demand: 0, waiting: [] };

  const maxRunning = (place: Place) =>
    typeof runningOfKey === 'number' ? runningOfKey : runningOfKey(demand - place.demand);
  const mayRun = (place: Place) => place.running < maxRunning(place);

  function ask(place: Place, weight: number): void {
    place.demand += weight;
    demand += weight;
  }

  function start(place: Place, weight: number): Turn {
    const turn = { place, weight, since: now(), isOfOthers: false };
    taken += weight;
    place.running += weight;
    turns.add(turn);
    places.set(place.key, place);
    return turn;
  }

  function end(place: Place, weight: number): void {
    place.demand -= weight;
    demand -= weight;
    if (place.demand === 0) places.delete(place.key);
  }

  function stop(turn: TurnOfPlace): void {
    const { place, weight } = turn;
    if (!turns.delete(turn)) return;
    if (!turn.isOfOthers) taken -= weight;
    place.running -= weight;
    end(place, weight);
  }

  /** Serves the next key that has not as many turns as it may. Returns false when there is none. */
  function serve(): boolean {
    if (queued === 0 || taken >= running) return false;
    for (const place of places.values()) {
      const [next] = place.waiting;
      if (!next || !mayRun(place)) continue;
      place.waiting.shift();
      queued--;
      places.delete(place.key);
      next.proceed(start(place, next.weight));
      return true;
    }
    return false;
  }

  // More than one where a key may have more turns than before.
  const serveAll = () => {
    while (serve());
  };

  return {
    take(key, weight = 1) {
      const place = placeOf(key);
      if (taken >= running || place.waiting.length > 0 || !mayRun(place)) return null;
      ask(place, weight);
      const turn = start(place, weight);
      // With this key's demand, others may run more.
      if (queued > 0) serveAll();
      return turn;
    },
    wait(key, proceed, weight = 1) {
      const place = placeOf(key);
      if (queued >= waiting || place.waiting.length >= waitingOfKey) return null;
      const wish = { weight, proceed };
      ask(place, weight);
      queued++;
      place.waiting.push(wish);
      places.set(key, place);
      return () => {
        const index = place.waiting.indexOf(wish);
        if (index < 0) return false;
        place.waiting.splice(index, 1);
        queued--;
        end(place, weight);
        return true;
      };
    },
    give(turn) {
      stop(turn as TurnOfPlace);
      serveAll();
    },
    giveToOthers(turn) {
      const given = turn as TurnOfPlace;
      const { place, weight } = given;
      if (!turns.has(given) || given.isOfOthers || place.waiting.length === 0) return false;
      const max = maxRunning(place);
      // Where only the turns of all are too few, others are next anyway.
      if (place.running < max || max >= running) return false;
      given.isOfOthers = true;
      taken -= weight;
      serveAll();
      return true;
    },
    giveBefore(time) {
      for (const turn of turns) {
        if (turn.since >= time) break;
        stop(turn);
      }
      serveAll();
    },
  };
}
