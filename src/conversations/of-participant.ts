import type { TenantDatabase } from '../database/database.ts';
import { asUuid } from '../database/ids.ts';
import { survivorOf } from '../database/redirects.ts';
import { rows } from '../database/sql/columns.ts';
import { parameter, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { nullable, text, textOf, uuid } from '../database/sql/types.ts';
import { searchExternalUser } from '../external-users/queries.ts';
import { conversationsByParticipant, conversationsByUser, conversationsWithAgent } from './edges.ts';
import { type MemberName, memberKey } from './memberships.ts';

const given = parameter('uuid', nullable(uuid));
const kindOf = statement(rows({ kind: textOf<'USER' | 'CONTACT' | 'AGENT'>(), id: text }))`
  select 'USER' as kind, p.id::text as id from participant p
    where p.tenant_id = ${tenant} and p.id = ${survivorOf('PARTICIPANT', given, tenant)}
  union all select 'CONTACT', u.id::text from external_user u
    where u.tenant_id = ${tenant} and u.id = ${survivorOf('EXTERNAL_USER', given, tenant)}
  union all select 'AGENT', a.id from agent a where a.tenant_id = ${tenant} and a.id = ${parameter('id', text)}`;

const edges = { USER: conversationsByParticipant, CONTACT: conversationsByUser, AGENT: conversationsWithAgent };
// No row has it, so the list is empty.
const nobody = '00000000-0000-0000-0000-000000000000';

/** Who takes part: a participant, an external user or an agent of the tenant, by its id. */
export type Partaker = { kind: keyof typeof edges; id: string };

/**
 * Returns the participant, external user or agent of that name; null where the tenant has nobody of it. Throws
 * VALIDATION_FAILED unless it was named in one way.
 */
export async function partakerOf(
  db: TenantDatabase,
  by: Omit<MemberName, 'conversationParticipantId'>,
): Promise<Partaker | null> {
  const key = memberKey(by, ['by']);
  if (key.by !== 'participantId' && key.by !== 'id') {
    const found = await searchExternalUser(db, { key: key.by, value: key.value });
    return found && { kind: 'CONTACT', id: found.user.id };
  }
  const id = by.participantId as string;
  const [found] = await db.query(kindOf, { uuid: asUuid(id), id });
  return found ?? null;
}

/**
 * Which list has the conversations of a participant, an external user or an agent, and whose it is there; an empty one
 * where the tenant has nobody of that name. Throws VALIDATION_FAILED unless it was named in one way.
 */
export async function conversationListOf(db: TenantDatabase, by: Omit<MemberName, 'conversationParticipantId'>) {
  const found = await partakerOf(db, by);
  return found ? { edge: edges[found.kind], id: found.id } : { edge: conversationsByUser, id: nobody };
}
