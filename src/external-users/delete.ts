import type { TenantDatabase, TenantTransaction } from '../database/database.ts';
import { asUuid } from '../database/ids.ts';
import { forgetMerges } from '../database/merges-of.ts';
import { followed } from '../database/redirects.ts';
import { rows } from '../database/sql/columns.ts';
import { parameter, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { uuid } from '../database/sql/types.ts';
import { externalUserNotFound } from './external-users.ts';

const lockForGood = statement(rows({ id: uuid }))`
  select u.id from external_user u where u.tenant_id = ${tenant} and u.id = ${parameter('id', uuid)} for update`;

/** What other features do when external users change, in the same transaction. */
export type ExternalUserHooks = {
  /** Runs before an external user is deleted. It is locked for update. */
  beforeDelete(tx: TenantTransaction, externalUserId: string): Promise<void>;
};

/**
 * Deletes an external user with its personal data and its memberships, and returns its id. An id that was merged
 * away means the survivor. Throws EXTERNAL_USER_NOT_FOUND.
 */
export async function deleteExternalUser(
  db: TenantDatabase,
  input: { id: string },
  hooks: ExternalUserHooks,
): Promise<string> {
  const { tenantId } = db;
  const named = asUuid(input.id);
  if (!named) throw externalUserNotFound(input.id);
  return db.queueFor(named).transaction(async (tx) => {
    const found = await followed(tx, 'EXTERNAL_USER', named, async (id) => (await tx.query(lockForGood, { id }))[0]);
    if (!found) throw externalUserNotFound(named);
    const { id } = found;
    await hooks.beforeDelete(tx, id);
    await tx.query(forgetMerges, { ids: [id] });
    await tx.externalUser.deleteMany({ where: { tenantId, id } });
    return id;
  });
}
