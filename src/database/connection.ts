import type { SqlDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import type { Position } from './position.ts';
import type { Prepared, Readable } from './statement.ts';

/** A value for a parameter. */
export type Value = string | number | boolean | Date | null | readonly (string | null)[];

/** Runs one or several SQL statements without parameters. Returns the rows of the last. */
export type RunScript = (sql: string) => Promise<unknown[]>;

/** One PostgreSQL. There are two: a server over the network and the embedded one. */
export interface Connection {
  /** How Prisma uses the same connections. */
  readonly adapter: SqlDriverAdapterFactory;
  /**
   * Runs a prepared statement outside any transaction. A batched read may be sent with those of other callers. `actor`
   * is who makes the changes of one that writes.
   */
  query(statement: Readable, values: readonly Value[], actor?: string): Promise<unknown[]>;
  /**
   * Runs a prepared statement for several callers outside any transaction. It fails with 55P03 instead of waiting long
   * for a lock.
   */
  queryBatchedWrite(statement: Prepared, values: readonly Value[], actor: string): Promise<unknown[]>;
  /** How many of those run at once. */
  readonly batchedWritesAtOnce: number;
  /** Whether tenants are on several nodes, so that no statement may be of several tenants. */
  readonly isDistributed: boolean;
  /**
   * Runs scripts in one transaction, or one after the other in a session, without a time limit. `lock` waits for a lock
   * that only one process holds at a time and that ends with the transaction or the session. It throws PostgreSQL's
   * 55P03 when it does not get the lock within some seconds.
   */
  script(
    work: (run: RunScript, lock: () => Promise<void>) => Promise<void>,
    options?: { transaction?: boolean },
  ): Promise<void>;
  /** Throws when the database does not take writes, or does not answer in time. */
  check(timeoutMs: number): Promise<void>;
  /** How far the server has come, asked on a connection that no caller can take. Not of the embedded one. */
  position?(timeoutMs: number): Promise<Position>;
  /** How far the database's clock is ahead of this process's, in milliseconds. Measured some seconds ago. */
  readonly clockOffsetMs: number;
  /**
   * How many transactions, and statements that may wait, one tenant may run at once. The other connections are left to
   * other tenants.
   */
  readonly maxPerTenant: number;
  /** Lets running work finish for a short time, then closes everything. */
  close(): Promise<void>;
}
