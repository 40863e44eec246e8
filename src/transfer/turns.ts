import { setImmediate } from 'node:timers/promises';

/** Rows that take some milliseconds to check, of which telephone numbers take most. */
const rowsATurn = 50;

/** Returns what to await after each row: every 50 rows it leaves the event loop to others. */
export function createTurns(): () => Promise<void> {
  let rows = 0;
  return async () => {
    rows += 1;
    if (rows % rowsATurn === 0) await setImmediate();
  };
}
