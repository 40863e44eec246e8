import { visibleToAny } from '../auth/visible-conversations.ts';
import type { IdentifierKey, MemberStatus, MemberType } from '../database/generated/client.ts';
import {
  type BatchedWriteStatement,
  batchedWriteStatement,
  narrowest,
  oncePer,
  type Statement,
  tenantStatement,
} from '../database/statement.ts';
import { hasIdentifier, identifierKeys } from '../external-users/identifiers.ts';
import { type MemberParts, type MemberRow, memberRowOf, wholeMember } from './members.ts';

/** What one try found: whether there is a conversation to add to (null), whether it is closed, and the membership, if there is one now. */
export type Tried = { closed: boolean | null; subjectKnown: boolean; created: boolean | null } & (
  | MemberRow
  | { id: null }
);

/** What is asked of a shared statement, by the names of its columns. */
export type Asked = {
  agent_id: string | null;
  conversation_id: string;
  /** Whom to add, as the kind takes it. */
  value: string;
  /** Of the membership, if it is added. */
  id: string;
  status: MemberStatus;
};

/** The statements that find a membership of one kind or add it, and read these parts of it. */
export type Ensuring = {
  /** For one caller, who waits for whoever holds the conversation, or whom the membership is about, and is told why it was not added. */
  alone: Statement<Tried>;
  /** For many, with a row for each whose membership was there or could be added at once, or who could be added if there were such a user. */
  batchedWrite(parts: MemberParts): BatchedWriteStatement<Shared>;
};

/** What a shared statement found or did; `created` is null where only an external user with that identifier is missing. */
export type Shared = (MemberRow & { created: boolean }) | { id: null; created: null };

/** A kind of whom to add. */
type Kind = {
  type: MemberType;
  /** The column that refers to whom the membership is about. */
  column: 'user_id' | 'contact_id' | 'agent_id';
  /** The table that they are in, as `s`, and which of its rows a value means; null for those who are in none. */
  from: { table: string; is(value: string): string } | null;
  /** By which identifier a contact is named. */
  contactKey?: IdentifierKey;
};

/**
 * One statement. The conversation is locked only to add to it, so that it cannot be closed in between; where the membership exists, nothing
 * is locked or written.
 */
function alone({ type, column, from, contactKey }: Kind): Statement<Tried> {
  const subject = from
    ? `select s.id::text as key, s.id from ${from.table} s where s.tenant_id = $1 and ${from.is('$4')}`
    : 'select $4::text as key, null::text as id';
  return tenantStatement(
    `with subject as (${subject}), existing as (
       select m.* from conversation_member m join conversation c on c.tenant_id = m.tenant_id and c.id = m.conversation_id
       where ${visibleToAny('c', '$2')} and m.conversation_id = $3::uuid
         and m.type = '${type}' and m.participant_id = (select s.key from subject s)
     ), held as (
       select c.id, c.closed_at is not null as closed from conversation c
       where ${visibleToAny('c', '$2')} and c.id = $3::uuid and not exists (select from existing) for share
     ), added as (
       insert into conversation_member (tenant_id, id, conversation_id, type, participant_id, ${column}, contact_key, status)
       select $1, $5::uuid, h.id, '${type}', s.key, s.id, ${literal(contactKey)}, $6::"MemberStatus"
       from held h, subject s where not h.closed
       on conflict (tenant_id, conversation_id, type, participant_id) do nothing returning *
     )
     select (select h.closed from held h) as closed, exists (select from subject) as "subjectKnown", m.created,
       ${memberRowOf({ own: null, subject: null })}
     from (select) one left join (
       select *, true as created from added union all select *, false from existing
     ) m on true`,
  );
}

const askedColumns = 'agent_id text, conversation_id uuid, value text, id uuid, status "MemberStatus"';

/**
 * The same for many callers. Whom somebody else holds is passed over, since one caller's wait is not to be everybody's; what can only be
 * waited for, somebody adding the same at this moment, is waited for in the order of the keys, so that two of these cannot wait for each other.
 */
function batchedWrite({ type, column, from, contactKey }: Kind, parts: MemberParts): BatchedWriteStatement<Shared> {
  const isSubject = (asked: string) =>
    from ? `s.tenant_id = ${asked}.tenant_id and ${from.is(`${asked}.value`)}` : '';
  const joined = (asked: string) => (from ? `join ${from.table} s on ${isSubject(asked)}` : '');
  const seen = (asked: string) =>
    `c.id = ${asked}.conversation_id and ${visibleToAny('c', `${asked}.agent_id`, `${asked}.tenant_id`)}`;
  const key = (asked: string) => (contactKey ? 's.id::text' : `${asked}.value`);
  // Whom nobody knows is made where they could be added: whoever makes them has others who name the same wait, and is not to wait itself.
  const [nobody, ofNobody] = contactKey
    ? [
        `, nobody as (
       select a.n from missing a cross join lateral (
         select c.id from conversation c where ${seen('a')} and c.closed_at is null for share of c skip locked
       ) c where not exists (select from external_user s where ${isSubject('a')} offset 0)
     )`,
        'union all select n.n, null, (null::conversation_member).* from nobody n',
      ]
    : ['', ''];
  // Lateral, so that each row is looked up by itself, by all of its key: PostgreSQL takes them for a hundred, and would rather read a table of
  // a few thousand. Whom an id means need not be looked for to find the membership: its key is the id.
  return batchedWriteStatement(
    askedColumns,
    `existing as (
       select asked.n, false as created, m.* from asked cross join lateral (
         select ${key('asked')} as key from conversation c ${contactKey ? joined('asked') : ''} where ${seen('asked')} offset 0
       ) k cross join lateral (
         select m.* from conversation_member m where m.tenant_id = asked.tenant_id and m.conversation_id = asked.conversation_id
           and m.type = '${type}' and m.participant_id = k.key offset 0
       ) m
     ), missing as (
       select * from asked where n not in (select e.n from existing e)
     ), held as (
       select a.*, h.key, h.subject_id from missing a cross join lateral (
         select ${key('a')} as key, ${from ? 's.id' : 'null::text'} as subject_id from conversation c ${joined('a')}
         where ${seen('a')} and c.closed_at is null
         for share of c skip locked ${from ? 'for key share of s skip locked' : ''}
       ) h
     ), added as (
       insert into conversation_member (tenant_id, id, conversation_id, type, participant_id, ${column}, contact_key, status)
       select h.tenant_id, h.id, h.conversation_id, '${type}', h.key, h.subject_id, ${literal(contactKey)}, h.status
       from held h order by h.tenant_id, h.conversation_id, h.key
       on conflict (tenant_id, conversation_id, type, participant_id) do nothing returning *
     )${nobody}`,
    `select m.n, m.created, ${memberRowOf(parts)} from (
       select h.n, true as created, a.* from added a join held h on h.id = a.id
       union all select * from existing ${ofNobody}
     ) m`,
  );
}

const literal = (key: IdentifierKey | undefined) => (key ? `'${key}'::"IdentifierKey"` : 'null::"IdentifierKey"');

function ensuring(kind: Kind): Ensuring {
  const narrow = (parts: MemberParts) => batchedWrite(kind, parts);
  return {
    alone: alone(kind),
    batchedWrite: oncePer((parts) => narrowest(narrow(parts), () => narrow(wholeMember(parts)))),
  };
}

const byUuid = (table: string) => ({ table, is: (value: string) => `s.id = ${value}::uuid` });

/** By a participant's UUID. */
export const user = ensuring({ type: 'USER', column: 'user_id', from: byUuid('participant') });

/** By an external user's UUID. */
export const contact = ensuring({ type: 'CONTACT', column: 'contact_id', from: byUuid('external_user') });

/** By an agent's id. */
export const agent = ensuring({
  type: 'AGENT',
  column: 'agent_id',
  from: { table: 'agent', is: (value) => `s.id = ${value}` },
});

/** By a flow's id, whatever it is: flows are not kept here. */
export const flow = ensuring({ type: 'FLOW', column: 'agent_id', from: null });

/** By the value of an external user's identifier of that kind, as its rule leaves it. */
export const contactBy = Object.fromEntries(
  identifierKeys.map((contactKey) => [
    contactKey,
    ensuring({
      type: 'CONTACT',
      column: 'contact_id',
      from: { table: 'external_user', is: (value) => hasIdentifier(contactKey, 's', value) },
      contactKey,
    }),
  ]),
) as Record<IdentifierKey, Ensuring>;
