import type { TenantDatabase, TenantTransaction } from '../database/database.ts';
import type { Given } from './outcome.ts';

export type Fields = Given['fields'];

/** What is stored under the id of a row, and whether others were merged into it. */
export type Stored = { row: Fields; isSurvivor: boolean };

/** How rows of a kind are written, each by itself. `db` is the database inside of the transaction. */
export type RowRule = {
  /** The texts by which somebody who was erased would come back, of each row. */
  texts(tx: TenantTransaction, batch: readonly Given[]): Promise<string[][]>;
  create(db: TenantDatabase, tx: TenantTransaction, id: string, row: Omit<Given, 'line'>): Promise<void>;
  /** Changes what is stored, as `before` has it. Returns whether there was anything to change. */
  update(db: TenantDatabase, tx: TenantTransaction, id: string, fields: Fields, before: Stored): Promise<boolean>;
};
