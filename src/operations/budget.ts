import { limits } from './limits.ts';

/**
 * What one request has used of what it may use. The operations of a batch share one: none of them can have what another has used.
 * Everything that is counted goes up only, but for a result that is made again.
 */
export type Budget = {
  /** Operations that it has been charged for. */
  operations: number;
  /** Of their documents. */
  characters: number;
  tokens: number;
  /** What its operations could cost, as it is known before they run. */
  cost: number;
  /** The work of its results. */
  work: number;
  /** The bytes of its results. */
  bytes: number;
  /** Lets so many of its statements run at the same time. */
  readonly statements: Turns;
};

/** The budget of a new request. */
export const createBudget = (): Budget => ({
  operations: 0,
  characters: 0,
  tokens: 0,
  cost: 0,
  work: 0,
  bytes: 0,
  statements: new Turns(limits.statements),
});

/** So many at the same time; the others wait, first come first served. */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(most: number) {
    this.#free = most;
  }

  /** Takes a turn at once, or says that there is none. */
  take(): boolean {
    if (this.#free === 0) return false;
    this.#free--;
    return true;
  }

  /** Calls back with a turn, later; returns what takes back the wish, and says whether it was still waiting. */
  wait(proceed: () => void): () => boolean {
    this.#waiting.push(proceed);
    return () => {
      const index = this.#waiting.indexOf(proceed);
      if (index >= 0) this.#waiting.splice(index, 1);
      return index >= 0;
    };
  }

  /** Gives a turn back. */
  give(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free++;
  }
}
