import { limits } from './limits.ts';

/**
 * What one request has used. The operations of a batch have one budget in common, so that none can use what another has
 * used. Numbers only grow, except when a result is made again.
 */
export type Budget = {
  /** The number of operations that were charged. */
  operations: number;
  /** The fields of their documents. */
  characters: number;
  tokens: number;
  /** The cost of its operations before they run. */
  cost: number;
  /** The work of its results. */
  work: number;
  /** The bytes of its results. */
  bytes: number;
  /** Bounds how many of its statements run at once. */
  readonly statements: Turns;
};

/** Creates the budget of a request. */
export const createBudget = (): Budget => ({
  operations: 0,
  characters: 0,
  tokens: 0,
  cost: 0,
  work: 0,
  bytes: 0,
  statements: new Turns(limits.statements),
});

/** Runs a bounded number at once. The others wait, first come first served. */
export class Turns {
  #waiting: (() => void)[] | null = null;
  #free: number;

  constructor(max: number) {
    this.#free = max;
  }

  /** Takes a turn at once, or returns false when there is none. */
  take(): boolean {
    if (this.#free === 0) return false;
    this.#free--;
    return true;
  }

  /**
   * Calls back with a turn later. Returns the function that withdraws the request, and says whether it was still
   * waiting.
   */
  wait(proceed: () => void): () => boolean {
    this.#waiting ??= [];
    const waiting = this.#waiting;
    waiting.push(proceed);
    return () => {
      const index = waiting.indexOf(proceed);
      if (index >= 0) waiting.splice(index, 1);
      return index >= 0;
    };
  }

  /** Gives a turn back. */
  readonly give = (): void => {
    const next = this.#waiting?.shift();
    if (next) next();
    else this.#free++;
  };
}
