import { createFairTurns, type Turn } from '../database/fair-turns.ts';
import { Problem } from '../errors/catalogue.ts';

/** Bounds how many large results are made at once. Each holds some ten megabytes and takes much of the event loop. */
export interface Admission {
  /**
   * Calls back when it is the caller's turn, which may be at once. Returns the function that ends the turn, or
   * withdraws the request for one. Calls `refuse` with UNAVAILABLE instead when many wait already, or after waiting too
   * long.
   */
  enter(tenantId: string, proceed: () => void, refuse: (error: Problem) => void): () => void;
}

export type AdmissionOptions = {
  running?: number;
  runningOfTenant?: number;
  waiting?: number;
  waitingOfTenant?: number;
  /** How long a caller waits at most. */
  maxWaitMs?: number;
};

/** Creates the admission of a process. One tenant never has all the turns, nor all the places in the queue. */
export function createAdmission({
  running = 3,
  runningOfTenant = 2,
  waiting = 100,
  waitingOfTenant = 40,
  maxWaitMs = 10_000,
}: AdmissionOptions = {}): Admission {
  const turns = createFairTurns({ running, runningOfKey: runningOfTenant, waiting, waitingOfKey: waitingOfTenant });
  const refusal = () =>
    new Problem('UNAVAILABLE', 'Too many large results are asked for at once: ask again later, or for pages.', {
      retryAfter: 5,
    });
  return {
    enter(tenantId, proceed, refuse) {
      const had = turns.take(tenantId);
      if (had) {
        proceed();
        return () => turns.give(had);
      }
      let turn: Turn | null = null;
      const takeBack = turns.wait(tenantId, (given) => {
        clearTimeout(late);
        turn = given;
        proceed();
      });
      if (!takeBack) {
        refuse(refusal());
        return () => {};
      }
      const late = setTimeout(() => {
        takeBack();
        refuse(refusal());
      }, maxWaitMs);
      return () => {
        clearTimeout(late);
        takeBack();
        if (turn) turns.give(turn);
      };
    },
  };
}
