import { visibleMembership, visibleToAny } from '../auth/visible-conversations.ts';
import { countRows } from '../database/counted.ts';
import type { TenantDatabase } from '../database/database.ts';
import { type ConversationMember, type IdentifierKey, MemberType } from '../database/generated/client.ts';
import { asUuid } from '../database/ids.ts';
import { bounded, type Loader, manyBy, maxRows, oneByUuid } from '../database/loaders.ts';
import { survivorIdsOf } from '../database/redirects.ts';
import { columns, type Fields, rows, type Selected } from '../database/sql/columns.ts';
import { anyKey, type Fragment, join, literal, name, none, parameter, sql } from '../database/sql/fragment.ts';
import { batchedRead, statement } from '../database/sql/statement.ts';
import { array, json, nullable, text, uuid } from '../database/sql/types.ts';
import { narrowest, oncePer, parseTimestamps } from '../database/statement.ts';
import {
  asListed,
  type ListedParticipant,
  type ParticipantParts,
  participantAlone,
  participantRow,
  wholeParticipant,
} from '../directory/participants/queries.ts';
import { Problem } from '../errors/catalogue.ts';
import { idByIdentifier, identifier, identifierKeys } from '../external-users/identifiers.ts';
import { listedUser } from '../external-users/queries.ts';
import type { Member } from './subject.ts';

/** A membership as a statement returns it. Its subject is JSON, so timestamps in it are text. */
export type MemberRow = ConversationMember & { subject: Record<string, unknown> | null };

/**
 * What to read of memberships and their subjects. Null for all of it. A caller that reads less must use nothing else of
 * the rows.
 */
export type MemberParts = {
  own: Fields;
  subject: { participant: ParticipantParts; externalUser: Fields; agent: Fields } | 'nothing' | null;
};

const asJson = (select: Fragment, from: Fragment) =>
  sql`(select row_to_json(s) from (select ${select} from ${from}) s)`;

/** The select list of a membership with its subject, or with parts of it, from `conversation_member m`. */
export const memberRowOf = oncePer(({ own, subject }: MemberParts): Selected<MemberRow> => {
  const member = columns('ConversationMember', 'm', own);
  const row = rows({ subject: nullable(json<Record<string, unknown>>()) }, member);
  if (subject === 'nothing') return { ...sql`${member}, null::json as subject`, ...row };
  const { participant, externalUser, agent } = subject ?? {
    participant: participantAlone,
    externalUser: null,
    agent: null,
  };
  const list = sql`${member}, case m.type
  when 'USER' then ${asJson(participantRow(participant), sql`participant p where p.tenant_id = m.tenant_id and p.id = m.user_id`)}
  when 'CONTACT' then ${asJson(columns('ExternalUser', 'u', externalUser), sql`external_user u where u.tenant_id = m.tenant_id and u.id = m.contact_id`)}
  when 'AGENT' then ${asJson(columns('Agent', 'a', agent), sql`agent a where a.tenant_id = m.tenant_id and a.id = m.agent_id`)}
  end as subject`;
  return { ...list, ...row };
});

/**
 * The select list of a membership with its subject, without an external user's metadata, from `conversation_member m`.
 */
export const memberRow = memberRowOf({
  own: null,
  subject: { participant: participantAlone, externalUser: listedUser, agent: null },
});

/** Converts rows of `memberRow`: the timestamps of their subjects become dates. */
export function asMembers<Selected extends MemberRow>(rows: Selected[]): (Selected & Member)[] {
  for (const { subject } of rows) {
    if (!subject) continue;
    parseTimestamps([subject]);
    asListed([subject as ListedParticipant]);
  }
  return rows as (Selected & Member)[];
}

/** The same parts, each with all of its columns. */
export const wholeMember = oncePer(
  ({ subject }: MemberParts): MemberParts => ({
    own: null,
    subject:
      subject && subject !== 'nothing'
        ? { participant: wholeParticipant(subject.participant), externalUser: listedUser, agent: null }
        : subject,
  }),
);

function withSubjects<Key>(loader: Loader<Key, MemberRow[]>): Loader<Key, Member[]> {
  return { load: async (database, keys) => (await loader.load(database, keys)).map(asMembers) };
}

/** The condition that a row of `conversation_member` is no tombstone. */
export const isLive = (alias: string): Fragment => sql`${name(alias)}.deleted_at is null`;

const listing = (parts: MemberParts, condition: Fragment) => {
  const row = memberRowOf(parts);
  return statement(row)`select ${row} from (
      select * from conversation_member m
      where ${visibleMembership('m')} and m.conversation_id = ${anyKey(uuid)}${condition} limit ${maxRows + 1}) m
    order by m.conversation_id, m.id`;
};

const listOf = (condition: Fragment) =>
  oncePer((parts: MemberParts) =>
    withSubjects(
      bounded(
        manyBy(
          narrowest(listing(parts, condition), () => listing(wholeMember(parts), condition)),
          'conversationId',
        ),
        'conversation participants: use participantsConnection',
      ),
    ),
  );

/**
 * Counts the memberships of these conversations that the viewer sees, as often as each is given. Counting stops above
 * the most that may be listed.
 */
export const countMembers = countRows(
  sql`m.conversation_id`,
  sql`conversation_member m where ${visibleMembership('m')} and ${isLive('m')}`,
  maxRows,
);

/**
 * The memberships of conversations that the viewer sees, with these parts, the oldest first. `conversationId` must be
 * one of them. Throws RESULT_TOO_LARGE.
 */
export const membersByConversation = listOf(sql` and ${isLive('m')}`);

/** The same with the tombstones of contacts that were deleted. */
export const membersWithDeletedByConversation = listOf(none);

const oneById = oneByUuid(
  batchedRead(memberRow)`
    select ${memberRow} from conversation_member m where ${visibleMembership('m')} and m.id = ${anyKey(uuid)}`,
  'id',
);

/** Memberships by their own ids, in conversations that the viewer sees, tombstones too. */
export const memberById: Loader<string, Member | null> = {
  async load(database, ids) {
    const rows = await oneById.load(database, ids);
    asMembers(rows.filter((row) => row !== null));
    return rows as (Member | null)[];
  },
};

/** Names one membership of a conversation: by its own id, its subject's id, or an identifier of its contact. */
export type MemberName = {
  conversationParticipantId?: string | null | undefined;
  participantId?: string | null | undefined;
  contact?: { identifierKey: IdentifierKey; identifierValue: string } | null | undefined;
};

/** A checked MemberName, as the statements take it: an identifier of a contact, or the spellings of an id. */
export type MemberKey =
  | { readonly by: IdentifierKey; readonly value: string }
  | { readonly by: 'id'; readonly id: string }
  | { readonly by: 'participantId'; readonly spellings: readonly string[] };

/**
 * Checks the name of a membership. `path` is its place in the arguments. Throws VALIDATION_FAILED unless it has exactly
 * one of the three.
 */
export function memberKey(name: MemberName, path: readonly string[]): MemberKey {
  const { participantId, contact, conversationParticipantId } = name;
  if ([participantId, contact, conversationParticipantId].filter((given) => given != null).length !== 1) {
    const message = 'must be given, or contact, or conversationParticipantId, and one of them only';
    throw new Problem('VALIDATION_FAILED', `participantId ${message}`, {
      errors: [{ path: [...path, 'participantId'], message }],
    });
  }
  if (conversationParticipantId != null) return { by: 'id', id: conversationParticipantId };
  if (contact) {
    const { key, value } = identifier(contact.identifierKey, contact.identifierValue, [
      ...path,
      'contact',
      'identifierValue',
    ]);
    return { by: key, value };
  }
  // Ids of people are UUIDs in any case. Ids of flows are the callers' own.
  const id = participantId as string;
  return { by: 'participantId', spellings: [...new Set([id, asUuid(id) ?? id])] };
}

// Naming each type makes each read a short index scan, however many memberships there are.
const everyType = join(Object.values(MemberType).map(literal), ', ');

const memberOf = sql`conversation_member m join conversation c on c.tenant_id = m.tenant_id and c.id = m.conversation_id
  where ${visibleToAny('c')} and m.conversation_id = ${parameter('conversationId', uuid)} and ${isLive('m')}`;
const findById = statement(memberRow)`
  select ${memberRow} from ${memberOf} and m.type in (${everyType}) and m.participant_id = any(${parameter('spellings', array(text))})
  order by m.type limit 1`;
const findByOwnId = statement(memberRow)`
  select ${memberRow} from ${memberOf} and m.id = ${parameter('id', uuid)}`;
const findBy = (key: IdentifierKey) => statement(memberRow)`
  select ${memberRow} from ${memberOf} and m.type = 'CONTACT' and m.participant_id = (${idByIdentifier(key, parameter('value', text))})::text
  limit 1`;
const findByIdentifier = Object.fromEntries(identifierKeys.map((key) => [key, findBy(key)])) as Record<
  IdentifierKey,
  ReturnType<typeof findBy>
>;

/**
 * Returns the membership of that name in a conversation that the viewer sees, or null. Where several types have the
 * same id, USER comes first. An id that was merged away leads to the survivor's: one statement more for an id that
 * nobody there has.
 */
export async function findMember(
  db: Pick<TenantDatabase, 'query'>,
  conversationId: string,
  key: MemberKey,
): Promise<Member | null> {
  const [member] = asMembers(await findRows(db, conversationId, key));
  return member ?? null;
}

async function findRows(
  db: Pick<TenantDatabase, 'query'>,
  conversationId: string,
  key: MemberKey,
): Promise<MemberRow[]> {
  if (key.by === 'participantId') {
    const found = await db.query(findById, { conversationId, spellings: key.spellings });
    const spelled = asUuid(key.spellings[0] ?? '');
    if (found.length > 0 || !spelled) return found;
    const spellings = await survivorIdsOf(db, spelled);
    return spellings.length > 0 ? db.query(findById, { conversationId, spellings }) : [];
  }
  if (key.by !== 'id') return db.query(findByIdentifier[key.by], { conversationId, value: key.value });
  const id = asUuid(key.id);
  return id ? db.query(findByOwnId, { conversationId, id }) : [];
}
