import type { TenantDatabase } from '../database/database.ts';
import { asUuid } from '../database/ids.ts';
import { rows } from '../database/sql/columns.ts';
import { parameter, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { nullable, text, textOf, uuid } from '../database/sql/types.ts';
import { searchExternalUser } from '../external-users/queries.ts';
import { conversationsByParticipant, conversationsByUser, conversationsWithAgent } from './edges.ts';
import { type MemberName, memberKey } from './memberships.ts';

const kindOf = statement(rows({ kind: textOf<'USER' | 'CONTACT' | 'AGENT'>() }))`
  select 'USER' as kind from participant p where p.tenant_id = ${tenant} and p.id = ${parameter('uuid', nullable(uuid))}
  union all select 'CONTACT' from external_user u where u.tenant_id = ${tenant} and u.id = ${parameter('uuid', nullable(uuid))}
  union all select 'AGENT' from agent a where a.tenant_id = ${tenant} and a.id = ${parameter('id', text)}`;

const edges = { USER: conversationsByParticipant, CONTACT: conversationsByUser, AGENT: conversationsWithAgent };
// No row has it, so the list is empty.
const nobody = '00000000-0000-0000-0000-000000000000';

/**
 * Which list has the conversations of a participant, an external user or an agent, and whose it is there; an empty one
 * where the tenant has nobody of that name. Throws VALIDATION_FAILED unless it was named in one way.
 */
export async function conversationListOf(db: TenantDatabase, by: Omit<MemberName, 'conversationParticipantId'>) {
  const key = memberKey(by, ['by']);
  if (key.by !== 'participantId' && key.by !== 'id') {
    const found = await searchExternalUser(db, { key: key.by, value: key.value });
    return { edge: conversationsByUser, id: found?.user.id ?? nobody };
  }
  const id = by.participantId as string;
  const [found] = await db.query(kindOf, { uuid: asUuid(id), id });
  if (!found) return { edge: conversationsByUser, id: nobody };
  return { edge: edges[found.kind], id: asUuid(id) ?? id };
}
