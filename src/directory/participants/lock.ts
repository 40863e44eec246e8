import type { TenantTransaction } from '../../database/database.ts';
import { asUuid } from '../../database/ids.ts';
import { tenantStatement } from '../../database/statement.ts';
import { Problem } from '../../errors/catalogue.ts';

/** The error for a participant that the tenant doesn't have, whether or not it exists elsewhere. */
export const participantNotFound = (id: string) =>
  new Problem('PARTICIPANT_NOT_FOUND', `There is no participant ${id}.`);

const lock = tenantStatement<{ id: string }>(
  'select p.id from participant p where p.tenant_id = $1 and p.id = $2::uuid for no key update',
);

/** Lets no other transaction change the participant, its channels or its bindings until this one ends; returns its id. Throws PARTICIPANT_NOT_FOUND. */
export async function lockParticipant(tx: TenantTransaction, id: string): Promise<string> {
  const uuid = asUuid(id);
  const [row] = uuid ? await tx.query(lock, uuid) : [];
  if (!row) throw participantNotFound(id);
  return row.id;
}
