import { visibleToAny } from '../auth/visible-conversations.ts';
import type { IdentifierKey, MemberStatus, MemberType, MergedKind } from '../database/generated/client.ts';
import { survivorOf } from '../database/redirects.ts';
import { type Rows, rows } from '../database/sql/columns.ts';
import { type Fragment, literal, name, none, parameter, sql, tenant, tenantOf } from '../database/sql/fragment.ts';
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
import { idByIdentifier, identifierKeys } from '../external-users/identifiers.ts';
import { type MemberParts, type MemberRow, memberRowOf, wholeMember } from './memberships.ts';

/**
 * The outcome of one try: whether the conversation exists (null if not), whether it is closed, and the membership, if
 * there is one now.
 */
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
 * The input of a batched write, by its column names. `value` names the subject, as its kind defines it. `id` is the id
 * of a new membership.
 */
export type Asked = AskedOf<typeof asked>;

/** The parameters of a statement for one caller: the same. */
type Takes = { readonly tenantId: string } & { readonly viewerAgentId: string | null } & {
  readonly conversationId: string;
} & { readonly value: string } & { readonly id: string } & { readonly status: MemberStatus };

/** The statements that find a membership of one kind or add it, and read these parts of it. */
export type Ensuring = {
  /** For one caller. It waits for locks on the conversation and the subject, and says why nothing was added. */
  alone: Statement<Takes, Tried>;
  /**
   * For many callers. It returns a row for each membership that existed or could be added without waiting, and for each
   * that lacks only the external user.
   */
  batchedWrite(parts: MemberParts): BatchedWrite<Asked, Written>;
};

/** The outcome of a batched write. `created` is null where only the external user with that identifier is missing. */
export type Written = (MemberRow & { created: boolean }) | { id: null; created: null };

/** A kind of subject to add. */
type Kind = {
  type: MemberType;
  /** The column that refers to the subject. */
  column: 'user_id' | 'contact_id' | 'agent_id';
  /** The subject's table, as `s`, and which of its rows a value means. Null for subjects without a table. */
  from: { table: string; is(value: Fragment<never>, ofTenant: Fragment<never>): Fragment } | null;
  /** The identifier that names a contact. */
  contactKey?: IdentifierKey;
  /** What a UUID names, and leads to the survivor where it was merged away. */
  merged?: MergedKind;
};

const conversationId = parameter('conversationId', uuid);
const value = parameter('value', text);
const membershipId = parameter('id', uuid);
const status = parameter('status', asked.status);
const whole = memberRowOf({ own: null, subject: null });
// Without a subject all its columns are null. The row's type shows that by the id.
const tried = rows({ closed: nullable(boolean), subjectKnown: boolean, created: nullable(boolean) }, {
  columns: Object.fromEntries(Object.entries(whole.columns).map(([column, type]) => [column, nullable(type)])),
} as Rows<MemberRow | { id: null }>);

const keyOf = (contactKey: IdentifierKey | undefined) =>
  contactKey ? sql`${literal(contactKey)}::"IdentifierKey"` : sql`null::"IdentifierKey"`;

/**
 * One statement for one caller. It locks the conversation only to add to it, so that it cannot be closed in between.
 * Where the membership exists, it locks and writes nothing.
 */
function alone({ type, column, from, contactKey }: Kind): Statement<Takes, Tried> {
  const subject = from
    ? sql`select s.id::text as key, s.id from ${name(from.table)} s where s.tenant_id = ${tenant} and ${from.is(value, tenant)}`
    : sql`select ${value} as key, null::text as id`;
  return statement(tried)`
    with subject as (${subject}), existing as (
      select m.* from conversation_member m join conversation c on c.tenant_id = m.tenant_id and c.id = m.conversation_id
      where ${visibleToAny('c')} and m.conversation_id = ${conversationId}
        and m.type = ${literal(type)} and m.participant_id = (select s.key from subject s) and m.deleted_at is null
    ), held as (
      select c.id, c.closed_at is not null as closed from conversation c
      where ${visibleToAny('c')} and c.id = ${conversationId} and not exists (select from existing) for share
    ), added as (
      insert into conversation_member (tenant_id, id, conversation_id, type, participant_id, ${name(column)}, contact_key, status)
      select ${tenant}, ${membershipId}, h.id, ${literal(type)}, s.key, s.id, ${keyOf(contactKey)}, ${status}
      from held h, subject s where not h.closed
      on conflict (tenant_id, conversation_id, type, participant_id) where deleted_at is null do nothing returning *
    )
    select (select h.closed from held h) as closed, exists (select from subject) as "subjectKnown", m.created, ${whole}
    from (select) one left join (
      select *, true as created from added union all select *, false from existing
    ) m on true`;
}

/**
 * The same for many callers. It skips rows that another transaction has locked, so that one caller's wait does not
 * delay the others. It has to wait for concurrent inserts of the same membership. It takes these in the order of the
 * keys, so that two of these statements cannot deadlock.
 */
function batched({ type, column, from, contactKey, merged }: Kind, parts: MemberParts): BatchedWrite<Asked, Written> {
  // The redirects are read once for each caller. Only users and contacts have them.
  const source = merged ? 'named' : 'asked';
  const redirected = merged
    ? sql`named as materialized (
       select asked.*, ${survivorOf(merged, sql`asked.value`, tenantOf('asked'))} as survivor_id from asked
     ), `
    : none;
  const named = { ...asked, survivor_id: uuid };
  const one = askedAs(source, named);
  const missing = askedAs('a', named);
  type One = typeof one;
  const isSubject = ({ tenant_id, value, survivor_id }: One) =>
    from
      ? sql`s.tenant_id = ${tenant_id} and ${merged ? sql`s.id = ${survivor_id}` : from.is(value, tenant_id)}`
      : none;
  const joined = (of: One) => (from ? sql`join ${name(from.table)} s on ${isSubject(of)}` : none);
  const seen = ({ conversation_id, agent_id, tenant_id }: One) =>
    sql`c.id = ${conversation_id} and ${visibleToAny('c', agent_id, tenant_id)}`;
  const key = ({ value, survivor_id }: One) =>
    contactKey ? sql`s.id::text` : merged ? sql`${survivor_id}::text` : value;
  // A missing external user is created by a statement of its own: others with the same identifier wait for it, so it
  // must not wait itself.
  const nobody = sql`, nobody as (
       select a.n from missing a cross join lateral (
         select c.id from conversation c where ${seen(missing)} and c.closed_at is null for share of c skip locked
       ) c where not exists (select from external_user s where ${isSubject(missing)} offset 0)
     )`;
  const ofNobody = sql`union all select n.n, null, (null::conversation_member).* from nobody n`;
  const row = memberRowOf(parts);
  // Lateral joins, so that each row is found by its whole key. PostgreSQL expects a hundred rows here and would rather
  // scan a table of a few thousand. An id needs no read of the subject: it is the key of the membership.
  return batchedWrite(
    asked,
    sql`${redirected}existing as (
       select ${one.n}, false as created, m.* from ${name(source)} cross join lateral (
         select ${key(one)} as key from conversation c ${contactKey ? joined(one) : none} where ${seen(one)} offset 0
       ) k cross join lateral (
         select m.* from conversation_member m where m.tenant_id = ${one.tenant_id} and m.conversation_id = ${one.conversation_id}
           and m.type = ${literal(type)} and m.participant_id = k.key and m.deleted_at is null offset 0
       ) m
     ), missing as (
       select * from ${name(source)} where n not in (select e.n from existing e)
     ), held as (
       select a.*, h.key, h.subject_id from missing a cross join lateral (
         select ${key(missing)} as key, ${from ? sql`s.id` : sql`null::text`} as subject_id from conversation c ${joined(missing)}
         where ${seen(missing)} and c.closed_at is null
         for share of c skip locked ${from ? sql`for key share of s skip locked` : none}
       ) h
     ), added as (
       insert into conversation_member (tenant_id, id, conversation_id, type, participant_id, ${name(column)}, contact_key, status)
       select ${tenantOf('h')}, h.id, h.conversation_id, ${literal(type)}, h.key, h.subject_id, ${keyOf(contactKey)}, h.status
       from held h order by h.tenant_id, h.conversation_id, h.key
       on conflict (tenant_id, conversation_id, type, participant_id) where deleted_at is null do nothing returning *
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

const byUuid = (table: string, merged: MergedKind): Pick<Kind, 'from' | 'merged'> => ({
  merged,
  from: { table, is: (id, ofTenant) => sql`s.id = ${survivorOf(merged, id, ofTenant)}` as Fragment },
});

/** By a participant's UUID. */
export const user = ensuring({ type: 'USER', column: 'user_id', ...byUuid('participant', 'PARTICIPANT') });

/** By an external user's UUID. */
export const contact = ensuring({
  type: 'CONTACT',
  column: 'contact_id',
  ...byUuid('external_user', 'EXTERNAL_USER'),
});

/** By an agent's id. */
export const agent = ensuring({
  type: 'AGENT',
  column: 'agent_id',
  from: { table: 'agent', is: (id) => sql`s.id = ${id}` as Fragment },
});

/** By a flow's id, which can be any text: flows are not stored here. */
export const flow = ensuring({ type: 'FLOW', column: 'agent_id', from: null });

/** By the normalised value of an external user's identifier of that kind. */
export const contactBy = Object.fromEntries(
  identifierKeys.map((contactKey) => [
    contactKey,
    ensuring({
      type: 'CONTACT',
      column: 'contact_id',
      from: {
        table: 'external_user',
        is: (given, ofTenant) => sql`s.id = ${idByIdentifier(contactKey, given, ofTenant)}` as Fragment,
      },
      contactKey,
    }),
  ]),
) as Record<IdentifierKey, Ensuring>;
