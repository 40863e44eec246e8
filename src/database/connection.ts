import type { SqlDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import type { Prepared, Readable } from './statement.ts';

/** What a row may be bound to. */
export type Value = string | number | boolean | Date | null | readonly (string | null)[];

/** Runs one or several SQL statements without parameters; the rows of the last. */
export type RunScript = (sql: string) => Promise<unknown[]>;

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
  /**
   * Runs scripts in one transaction, or one after the other in a session of their own, without a limit on how long each takes. `lock`
   * waits for a lock that only one process holds at a time and that ends with the transaction or the session; it throws PostgreSQL's
   * 55P03 when it is not had within some seconds.
   */
  script(
    work: (run: RunScript, lock: () => Promise<void>) => Promise<void>,
    options?: { transaction?: boolean },
  ): Promise<void>;
  /** Throws when the database does not take writes, or does not answer within the time. */
  check(timeoutMs: number): Promise<void>;
  /** How far the database's clock is ahead of this process's, in milliseconds: roughly, and as it was seconds ago. */
  readonly clockOffsetMs: number;
  /** How many transactions, and statements that may wait, one tenant may have at once; the rest of the connections is the others'. */
  readonly mostOfTenant: number;
  /** Lets what is under way finish, but not for long, and lets go of everything. */
  close(): Promise<void>;
}
