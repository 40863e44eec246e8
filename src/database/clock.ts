import type { Connection } from './connection.ts';
import { rows } from './sql/columns.ts';
import { globalStatement } from './sql/statement.ts';
import { double } from './sql/types.ts';

const databaseTime = globalStatement(rows({ now: double }))`
  select (extract(epoch from clock_timestamp()) * 1000)::double precision as now`.all.many;

/** The database's clock, by which replicas agree on the time though their own clocks differ. */
export interface Clock {
  /** The time in milliseconds since 1970; this machine's as long as the database has not been asked. */
  now(): number;
  /** Asks the database how late it is. Never throws: what was known before holds on. */
  measure(): Promise<void>;
  /** By how much this machine's clock is behind the database's, in milliseconds; negative where it is ahead. */
  offsetMs(): number;
}

/** An answer that took longer, in milliseconds, says too little about the time at which it was given. */
const slowestAnswerMs = 2_000;

/** A clock that goes by the database's; `machineNow` is this machine's, in milliseconds. */
export function createClock(connection: Pick<Connection, 'query'>, machineNow: () => number = () => Date.now()): Clock {
  let offset = 0;
  return {
    now: () => machineNow() + offset,
    offsetMs: () => offset,
    async measure() {
      const before = performance.now();
      const askedAt = machineNow();
      try {
        const [row] = (await connection.query(databaseTime, [])) as { now: number }[];
        const took = performance.now() - before;
        // The clock may have been set meanwhile: the answer's time is reckoned from when it was asked.
        if (row && took <= slowestAnswerMs) offset = Math.round(Number(row.now) - (askedAt + took / 2));
      } catch {
        // The next one will do; that the database is away is told elsewhere.
      }
    },
  };
}
