import type { SqlDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import type { Prepared, Readable } from './statement.ts';

/** What a row may be bound to. */
export type Value = string | number | boolean | Date | null | readonly (string | null)[];

/** One PostgreSQL, wherever it runs. Two exist: a server over the network and the embedded one. */
export interface Connection {
  /** How Prisma reaches the same connections. */
  readonly adapter: SqlDriverAdapterFactory;
  /** Runs a prepared statement outside any transaction; a batched read perhaps for several callers at once. */
  query(statement: Readable, values: readonly Value[]): Promise<unknown[]>;
  /** Runs a prepared statement that serves several callers, outside any transaction: it fails with 55P03 rather than wait long for somebody else. */
  queryBatchedWrite(statement: Prepared, values: readonly Value[]): Promise<unknown[]>;
  /** How many of those run at once. */
  readonly batchedWritesAtOnce: number;
  /** Runs a script of several statements in one session, under a lock that only one process holds at a time. */
  exclusively(work: (script: (sql: string) => Promise<unknown[]>) => Promise<void>): Promise<void>;
  /** Throws when the database doesn't answer within the time, in milliseconds. */
  check(timeout: number): Promise<void>;
  close(): Promise<void>;
}
