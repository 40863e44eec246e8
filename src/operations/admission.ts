import { Problem } from '../errors/catalogue.ts';
import { Turns } from './budget.ts';

/** Bounds how many large results are made at once. Each holds some ten megabytes and takes much of the event loop. */
export interface Admission {
  /**
   * Calls back when it is the caller's turn, which may be at once. Returns the function that ends the turn, or
   * withdraws the request for one. Calls `refuse` with UNAVAILABLE instead when many wait already, or after waiting too
   * long.
   */
  enter(proceed: () => void, refuse: (error: Problem) => void): () => void;
}

/** Creates the admission of a process. A caller waits `maxWaitMs` at most. */
export function createAdmission({ running = 2, waiting = 50, maxWaitMs = 10_000 } = {}): Admission {
  const turns = new Turns(running);
  const refusal = () =>
    new Problem('UNAVAILABLE', 'Too many large results are asked for at once: ask again later, or for pages.', {
      retryAfter: 5,
    });
  return {
    enter(proceed, refuse) {
      let state: 'waiting' | 'running' | 'over' = 'waiting';
      const start = () => {
        state = 'running';
        proceed();
      };
      const leave = () => {
        if (state === 'running') turns.give();
        state = 'over';
      };
      if (turns.take()) {
        start();
        return leave;
      }
      if (turns.waiting >= waiting) {
        state = 'over';
        refuse(refusal());
        return leave;
      }
      const takeBack = turns.wait(() => {
        clearTimeout(late);
        start();
      });
      const late = setTimeout(() => {
        takeBack();
        state = 'over';
        refuse(refusal());
      }, maxWaitMs);
      return () => {
        clearTimeout(late);
        takeBack();
        leave();
      };
    },
  };
}
