import type { Kind } from '../../src/transfer/fields.ts';
import {
  addTo,
  type Given,
  noOutcome,
  type OnConflict,
  type Outcome,
  type Writing,
} from '../../src/transfer/outcome.ts';
import { inTransaction, writeRows } from '../../src/transfer/write.ts';
import type { TestApp, TestTenant } from '../app.ts';

const hooks = { channelsChanged: async () => {}, setAvatarFile: async () => {}, beforeDelete: async () => {} };

/** Writes the rows in batches of that size, each in its transaction, as an import does. */
export async function written(
  { app }: Pick<TestApp, 'app'>,
  tenant: TestTenant,
  rows: readonly Given[],
  {
    size,
    onConflict,
    kind = 'EXTERNAL_USERS',
    file,
  }: { size: number; onConflict: OnConflict; kind?: Kind } & Pick<Writing, 'file'>,
): Promise<Outcome> {
  const writing: Writing = {
    onConflict,
    unexpected: (error) => {
      throw error;
    },
    ...(file && { file }),
  };
  const outcome = noOutcome();
  for (let from = 0; from < rows.length; from += size) {
    const batch = rows.slice(from, from + size);
    const database = app.database.forTenant(tenant.id);
    addTo(outcome, await inTransaction(database, (tx) => writeRows(tx, kind, batch, writing, hooks)));
  }
  outcome.rejected.sort((one, other) => one.line - other.line);
  return outcome;
}
