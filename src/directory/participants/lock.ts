import type { TenantTransaction } from '../../database/database.ts';
import { asUuid } from '../../database/ids.ts';
import { followed } from '../../database/redirects.ts';
import { rows } from '../../database/sql/columns.ts';
import { parameter, tenant } from '../../database/sql/fragment.ts';
import { statement } from '../../database/sql/statement.ts';
import { uuid } from '../../database/sql/types.ts';
import { Problem } from '../../errors/catalogue.ts';

/**
 * Returns PARTICIPANT_NOT_FOUND for a participant that the tenant does not have, whether or not it exists elsewhere.
 */
export const participantNotFound = (id: string) =>
  new Problem('PARTICIPANT_NOT_FOUND', `There is no participant ${id}.`);

const lock = statement(rows({ id: uuid }))`
  select p.id from participant p where p.tenant_id = ${tenant} and p.id = ${parameter('id', uuid)} for no key update`;

/**
 * Locks a participant and returns its id: no other transaction can change it, its channels or its bindings until this
 * one ends. For an id that was merged away it locks the survivor. Throws PARTICIPANT_NOT_FOUND.
 */
export async function lockParticipant(tx: TenantTransaction, id: string): Promise<string> {
  const known = asUuid(id);
  const row = known && (await followed(tx, 'PARTICIPANT', known, async (id) => (await tx.query(lock, { id }))[0]));
  if (!row) throw participantNotFound(id);
  return row.id;
}
