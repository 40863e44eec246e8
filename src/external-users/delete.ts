import type { TenantDatabase, TenantTransaction } from '../database/database.ts';
import { asUuid } from '../database/ids.ts';
import { rows } from '../database/sql/columns.ts';
import { parameter, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { uuid } from '../database/sql/types.ts';
import { externalUserNotFound } from './external-users.ts';
import { forgetMerges } from './merges-of.ts';

const lockForGood = statement(rows({ id: uuid }))`
  select u.id from external_user u where u.tenant_id = ${tenant} and u.id = ${parameter('id', uuid)} for update`;

/** What other features do when external users change, in the same transaction. */
export type ExternalUserHooks = {
  /** Runs before an external user is deleted. It is locked for update. */
  beforeDelete(tx: TenantTransaction, externalUserId: string): Promise<void>;
};

/**
 * Deletes an external user with its personal data and its memberships, and returns its id. Throws
 * EXTERNAL_USER_NOT_FOUND.
 */
export async function deleteExternalUser(
  db: TenantDatabase,
  input: { id: string },
  hooks: ExternalUserHooks,
): Promise<string> {
  const { tenantId } = db;
  const id = asUuid(input.id);
  if (!id) throw externalUserNotFound(input.id);
  await db.queueFor(id).transaction(async (tx) => {
    const [found] = await tx.query(lockForGood, { id });
    if (!found) throw externalUserNotFound(id);
    await hooks.beforeDelete(tx, id);
    await tx.query(forgetMerges, { ids: [id] });
    await tx.externalUser.deleteMany({ where: { tenantId, id } });
  });
  return id;
}
