import { visibleToAny } from '../auth/visible-conversations.ts';
import type { IdentifierKey, MemberStatus, MemberType } from '../database/generated/client.ts';
import { type Rows, rows } from '../database/sql/columns.ts';
import { type Fragment, literal, name, none, parameter, sql, tenant } from '../database/sql/fragment.ts';
import {
  type AskedOf,
  askedAs,
  type BatchedWrite,
  batchedWrite,
  type Statement,
  statement,
} from '../database/sql/statement.ts';
import { boolean, enumeration, integer, nullable, text, uuid } from '../database/sql/types.ts';
import { narrowest, oncePer } from '../database/statement.ts';
import { hasIdentifier, identifierKeys } from '../external-users/identifiers.ts';
import { type MemberParts, type MemberRow, memberRowOf, wholeMember } from './members.ts';

/** What one try found: whether there is a conversation to add to (null), whether it is closed, and the membership, if there is one now. */
export type Tried = { closed: boolean | null; subjectKnown: boolean; created: boolean | null } & (
  | MemberRow
  | { id: null }
);

const asked = {
  agent_id: nullable(text),
  conversation_id: uuid,
  value: text,
  id: uuid,
  status: enumeration<MemberStatus>('MemberStatus'),
};

/**
 * What is asked of a batched write, by the names of its columns: who is to be added is the `value`, as the kind takes it; the `id` is the
 * membership's, if it is added.
 */
export type Asked = AskedOf<typeof asked>;

/** What a statement for one caller takes: the same. */
type Takes = { readonly tenantId: string } & { readonly viewerAgentId: string | null } & {
  readonly conversationId: string;
} & { readonly value: string } & { readonly id: string } & { readonly status: MemberStatus };

/** The statements that find a membership of one kind or add it, and read these parts of it. */
export type Ensuring = {
  /** For one caller, who waits for whoever holds the conversation, or whom the membership is about, and is told why it was not added. */
  alone: Statement<Takes, Tried>;
  /** For many, with a row for each whose membership was there or could be added at once, or who could be added if there were such a user. */
  batchedWrite(parts: MemberParts): BatchedWrite<Asked, Written>;
};

/** What a batched write found or did; `created` is null where only an external user with that identifier is missing. */
export type Written = (MemberRow & { created: boolean }) | { id: null; created: null };

/** A kind of whom to add. */
type Kind = {
  type: MemberType;
  /** The column that refers to whom the membership is about. */
  column: 'user_id' | 'contact_id' | 'agent_id';
  /** The table that they are in, as `s`, and which of its rows a value means; null for those who are in none. */
  from: { table: string; is(value: Fragment<never>): Fragment } | null;
  /** By which identifier a contact is named. */
  contactKey?: IdentifierKey;
};

const conversationId = parameter('conversationId', uuid);
const value = parameter('value', text);
const membershipId = parameter('id', uuid);
const status = parameter('status', asked.status);
const whole = memberRowOf({ own: null, subject: null });
// Where there is none all of its columns are null; the type of a row says so by its id.
const tried = rows({ closed: nullable(boolean), subjectKnown: boolean, created: nullable(boolean) }, {
  columns: Object.fromEntries(Object.entries(whole.columns).map(([column, type]) => [column, nullable(type)])),
} as Rows<MemberRow | { id: null }>);

const keyOf = (contactKey: IdentifierKey | undefined) =>
  contactKey ? sql`${literal(contactKey)}::"IdentifierKey"` : sql`null::"IdentifierKey"`;

/**
 * One statement. The conversation is locked only to add to it, so that it cannot be closed in between; where the membership exists, nothing
 * is locked or written.
 */
function alone({ type, column, from, contactKey }: Kind): Statement<Takes, Tried> {
  const subject = from
    ? sql`select s.id::text as key, s.id from ${name(from.table)} s where s.tenant_id = ${tenant} and ${from.is(value)}`
    : sql`select ${value} as key, null::text as id`;
  return statement(tried)`
    with subject as (${subject}), existing as (
      select m.* from conversation_member m join conversation c on c.tenant_id = m.tenant_id and c.id = m.conversation_id
      where ${visibleToAny('c')} and m.conversation_id = ${conversationId}
        and m.type = ${literal(type)} and m.participant_id = (select s.key from subject s)
    ), held as (
      select c.id, c.closed_at is not null as closed from conversation c
      where ${visibleToAny('c')} and c.id = ${conversationId} and not exists (select from existing) for share
    ), added as (
      insert into conversation_member (tenant_id, id, conversation_id, type, participant_id, ${name(column)}, contact_key, status)
      select ${tenant}, ${membershipId}, h.id, ${literal(type)}, s.key, s.id, ${keyOf(contactKey)}, ${status}
      from held h, subject s where not h.closed
      on conflict (tenant_id, conversation_id, type, participant_id) do nothing returning *
    )
    select (select h.closed from held h) as closed, exists (select from subject) as "subjectKnown", m.created, ${whole}
    from (select) one left join (
      select *, true as created from added union all select *, false from existing
    ) m on true`;
}

/**
 * The same for many callers. What somebody else holds is passed over, since one caller's wait is not to be everybody's; what can only be
 * waited for, somebody adding the same at the same time, is waited for in the order of the keys, so that two of these cannot wait for each other.
 */
function batched({ type, column, from, contactKey }: Kind, parts: MemberParts): BatchedWrite<Asked, Written> {
  const one = askedAs('asked', asked);
  const missing = askedAs('a', asked);
  type One = typeof one;
  const isSubject = ({ tenant_id, value }: One) =>
    from ? sql`s.tenant_id = ${tenant_id} and ${from.is(value)}` : none;
  const joined = (of: One) => (from ? sql`join ${name(from.table)} s on ${isSubject(of)}` : none);
  const seen = ({ conversation_id, agent_id, tenant_id }: One) =>
    sql`c.id = ${conversation_id} and ${visibleToAny('c', agent_id, tenant_id)}`;
  const key = ({ value }: One) => (contactKey ? sql`s.id::text` : value);
  // Who is known to nobody is made where they could be added: who makes them has others who name the same wait, and is not to wait itself.
  const nobody = sql`, nobody as (
       select a.n from missing a cross join lateral (
         select c.id from conversation c where ${seen(missing)} and c.closed_at is null for share of c skip locked
       ) c where not exists (select from external_user s where ${isSubject(missing)} offset 0)
     )`;
  const ofNobody = sql`union all select n.n, null, (null::conversation_member).* from nobody n`;
  const row = memberRowOf(parts);
  // Lateral, so that each row is found by itself, by all of its key: PostgreSQL takes them for a hundred, and would rather read a table of
  // a few thousand. Who is meant by an id need not be looked for to find the membership: its key is the id.
  return batchedWrite(
    asked,
    sql`existing as (
       select asked.n, false as created, m.* from asked cross join lateral (
         select ${key(one)} as key from conversation c ${contactKey ? joined(one) : none} where ${seen(one)} offset 0
       ) k cross join lateral (
         select m.* from conversation_member m where m.tenant_id = asked.tenant_id and m.conversation_id = asked.conversation_id
           and m.type = ${literal(type)} and m.participant_id = k.key offset 0
       ) m
     ), missing as (
       select * from asked where n not in (select e.n from existing e)
     ), held as (
       select a.*, h.key, h.subject_id from missing a cross join lateral (
         select ${key(missing)} as key, ${from ? sql`s.id` : sql`null::text`} as subject_id from conversation c ${joined(missing)}
         where ${seen(missing)} and c.closed_at is null
         for share of c skip locked ${from ? sql`for key share of s skip locked` : none}
       ) h
     ), added as (
       insert into conversation_member (tenant_id, id, conversation_id, type, participant_id, ${name(column)}, contact_key, status)
       select h.tenant_id, h.id, h.conversation_id, ${literal(type)}, h.key, h.subject_id, ${keyOf(contactKey)}, h.status
       from held h order by h.tenant_id, h.conversation_id, h.key
       on conflict (tenant_id, conversation_id, type, participant_id) do nothing returning *
     )${contactKey ? nobody : none}`,
    sql`select m.n, m.created, ${row} from (
       select h.n, true as created, a.* from added a join held h on h.id = a.id
       union all select * from existing ${contactKey ? ofNobody : none}
     ) m`,
    rows({ n: integer, created: nullable(boolean) }, row) as Rows<Written & { n: number }>,
  );
}

function ensuring(kind: Kind): Ensuring {
  const narrow = (parts: MemberParts) => batched(kind, parts);
  return {
    alone: alone(kind),
    batchedWrite: oncePer((parts) => narrowest(narrow(parts), () => narrow(wholeMember(parts)))),
  };
}

const byUuid = (table: string) => ({ table, is: (id: Fragment<never>) => sql`s.id = ${id}::uuid` as Fragment });

/** By a participant's UUID. */
export const user = ensuring({ type: 'USER', column: 'user_id', from: byUuid('participant') });

/** By an external user's UUID. */
export const contact = ensuring({ type: 'CONTACT', column: 'contact_id', from: byUuid('external_user') });

/** By an agent's id. */
export const agent = ensuring({
  type: 'AGENT',
  column: 'agent_id',
  from: { table: 'agent', is: (id) => sql`s.id = ${id}` as Fragment },
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
      from: { table: 'external_user', is: (given) => hasIdentifier(contactKey, 's', given) as Fragment },
      contactKey,
    }),
  ]),
) as Record<IdentifierKey, Ensuring>;
