import { Problem } from '../errors/catalogue.ts';
import { Turns } from './budget.ts';

/** Lets large results be made a few at a time: each holds some ten megabytes, and takes its share of the event loop. */
export interface Admission {
  /**
   * Calls back once it is the caller's turn, at once when it is. Returns what ends the turn, or the wish for one. Calls
   * `refuse` with UNAVAILABLE instead when many wait already, or when it has waited for too long.
   */
  enter(proceed: () => void, refuse: (error: Problem) => void): () => void;
}

/** Makes an admission for a process. `maxWaitMs` is how long one may wait before it is refused. */
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
