import { setTimeout as sleep } from 'node:timers/promises';
import type { TenantDatabase, TenantTransaction } from '../database/database.ts';
import { isContended } from '../database/failures.ts';
import { rows } from '../database/sql/columns.ts';
import { tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { assured, text } from '../database/sql/types.ts';
import type { ParticipantHooks } from '../directory/participants/hooks.ts';
import type { Kind } from './fields.ts';
import { idOfRow, writeOneByOne } from './one-by-one.ts';
import type { Given, Outcome, Writing } from './outcome.ts';
import { createOverlaps, type Overlaps } from './overlaps.ts';
import type { FileRow } from './records.ts';
import { undone } from './undone.ts';
import { keysOfUser } from './user-rows.ts';
import { writeUsers } from './users.ts';

/** What one transaction writes: as many rows as take about a second. */
export const fullBatch = 1_000;

/** How much of a batch a row takes that has statements of its own. */
const aloneWeight = 20;

/** Returns how much of a batch a row takes: more where rules take the row, and each who takes part, by themselves. */
export function weightOf(kind: Kind, row: FileRow): number {
  if (kind === 'EXTERNAL_USERS' || !('fields' in row)) return 1;
  const { participants } = row.fields;
  return aloneWeight + (Array.isArray(participants) ? 2 * participants.length : 0);
}

/** The rows in batches, each for one transaction. */
export function* inBatches<Row extends FileRow>(kind: Kind, rows: readonly Row[]): Generator<Row[]> {
  let batch: Row[] = [];
  let weight = 0;
  for (const row of rows) {
    batch.push(row);
    weight += weightOf(kind, row);
    if (weight < fullBatch) continue;
    yield batch;
    batch = [];
    weight = 0;
  }
  if (batch.length > 0) yield batch;
}

// Batches have rows in the order of their files. Two that have the same people in another order would wait for each
// other, so those of one tenant take turns: a job, its commands, and what both of them rehearse.
const takeTurn = statement(rows({ locked: assured(text) }))`
  select pg_advisory_xact_lock(hashtextextended('import ' || t.tenant_id::text, 0))::text as locked
  from (select ${tenant} as tenant_id) t where t.tenant_id = ${tenant}`;

const maxTries = 5;
const longestPauseMs = 200;

/**
 * Runs the transaction of a batch. Where another writer of the same rows was in its way it is run again, at most five
 * times: a caller that changes one of them holds its locks in an order of its own.
 */
export async function inTransaction<Result>(
  db: Pick<TenantDatabase, 'transaction'>,
  work: (tx: TenantTransaction) => Promise<Result>,
): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await db.transaction(work);
    } catch (error) {
      if (!isContended(error) || tries === maxTries) throw error;
      await sleep(Math.random() * longestPauseMs);
    }
  }
}

/** Writes a batch of rows in a transaction, when no other batch of the tenant is being written. */
export async function writeRows(
  tx: TenantTransaction,
  kind: Kind,
  batch: readonly Given[],
  writing: Writing,
  hooks: ParticipantHooks,
): Promise<Outcome> {
  await tx.query(takeTurn);
  return kind === 'EXTERNAL_USERS' ? writeUsers(tx, batch, writing) : writeOneByOne(tx, kind, batch, writing, hooks);
}

/** Finds what rows of a file hang together: those that name the same, by any key. */
export const overlapsOf = (kind: Kind, tenantId: string): Overlaps<Given> =>
  createOverlaps<Given>({
    keysOf: (row) => (kind === 'EXTERNAL_USERS' ? keysOfUser(row) : [idOfRow(kind, row, tenantId)]),
    // Rows of one user are written one after the other, each with statements of its own.
    weightOf: (row) => (kind === 'EXTERNAL_USERS' ? aloneWeight : weightOf(kind, row)),
  });

/** Returns what writing a batch of a file would do after the rows before it. */
export type Rehearsal = (batch: readonly Given[]) => Promise<Outcome>;

/**
 * Creates a rehearsal of an import. Each batch is written in a transaction of its own that is rolled back, so others
 * never wait long for it. Earlier rows that name the same as the batch's are written before it each time.
 */
export const createRehearsal =
  (
    db: TenantDatabase,
    kind: Kind,
    writing: Writing,
    hooks: ParticipantHooks,
    overlaps: Pick<Overlaps<Given>, 'before'>,
  ): Rehearsal =>
  (batch) =>
    inTransaction(db, (tx) =>
      undone(tx, async () => {
        const before = overlaps.before(batch);
        if (before.length > 0) await writeRows(tx, kind, before, writing, hooks);
        return writeRows(tx, kind, batch, writing, hooks);
      }),
    );
