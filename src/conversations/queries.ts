import { visible, visibleMembership } from '../auth/visible-conversations.ts';
import type { TenantDatabase } from '../database/database.ts';
import type { Conversation } from '../database/generated/client.ts';
import { asUuid } from '../database/ids.ts';
import { keyset, pagesOf } from '../database/keyset.ts';
import { type Loader, manyBy, oneByUuid } from '../database/loaders.ts';
import type { PageArguments } from '../database/pages.ts';
import { columns, type Fields, fieldsBut, rows, type Selected } from '../database/sql/columns.ts';
import { anyKey, none, parameter, sql } from '../database/sql/fragment.ts';
import { batchedRead, statement } from '../database/sql/statement.ts';
import { integer, json, nullable, text, uuid } from '../database/sql/types.ts';
import { oncePer, parseTimestamps } from '../database/statement.ts';
import { asMembers, type MemberParts, type MemberRow, memberRowOf, wholeMember } from './memberships.ts';
import type { Member } from './subject.ts';

/** What lists of conversations read of them: all but the attributes, of which each can have 16 KB. */
export const listedConversation = fieldsBut('Conversation', 'attributes');
const row = columns('Conversation', 'c', listedConversation);

const attributes = columns('Conversation', 'c', ['id', 'attributes']);
const attributesOfConversations = oneByUuid(
  batchedRead(attributes)`select ${attributes} from conversation c where ${visible('c')} and c.id = ${anyKey(uuid)}`,
  'id',
);

/** The attributes of conversations that were read without them: of a few hundred in one statement. */
export const attributesByConversation: Loader<string, Conversation['attributes']> = {
  most: 200,
  load: async (database, ids) =>
    (await attributesOfConversations.load(database, ids)).map((conversation) => conversation?.attributes ?? null),
};

/** How many take part in a conversation, by their status. */
export type ParticipantCounts = { active: number; pending: number; invited: number };

const counts = rows({ conversationId: uuid, active: integer, pending: integer, invited: integer });
const countsOfConversations = manyBy(
  statement(counts)`
    select m.conversation_id as "conversationId", count(*) filter (where m.status = 'ACTIVE')::int as active,
      count(*) filter (where m.status = 'PENDING')::int as pending, count(*) filter (where m.status = 'INVITED')::int as invited
    from conversation_member m where ${visibleMembership('m')} and m.conversation_id = ${anyKey(uuid)} group by m.conversation_id`,
  'conversationId',
);
const nobody: ParticipantCounts = { active: 0, pending: 0, invited: 0 };

/** How many take part in conversations that the viewer sees, all of a level in one statement. */
export const participantCountsByConversation: Loader<string, ParticipantCounts> = {
  load: async (database, ids) => (await countsOfConversations.load(database, ids)).map(([found = nobody]) => found),
};

/** What to read of conversations and their memberships. Null for all columns and no memberships. */
export type ConversationParts = { own: Fields; members: MemberParts | null };

/**
 * A conversation as it was read. Parts that were not asked for are missing, and so are memberships that are too many.
 */
export type ListedConversation = Conversation & { participants?: Member[] };

// A page reads at most so many memberships of each conversation in its own statement. A conversation with more leaves
// them to their loader, which has a bound. There are few numbers, because each makes a statement of its own.
const mostTogether = (isLarge: boolean) => (isLarge ? 10 : 50);

type Row = Conversation & { participants?: MemberRow[] };

/** The select list of a conversation. It reads one membership more than a page may have. */
function rowOf({ own, members }: ConversationParts, isLarge: boolean): Selected<Row> {
  const conversation = columns('Conversation', 'c', own);
  if (!members) return conversation;
  const list = sql`${conversation}, (select coalesce(json_agg(m), '[]') from (
    select ${memberRowOf(members)} from conversation_member m
    where m.tenant_id = c.tenant_id and m.conversation_id = c.id order by m.id limit ${mostTogether(isLarge) + 1}) m) as participants`;
  return { ...list, ...rows({ participants: json<MemberRow[]>() }, conversation) };
}

/** Converts rows of that select list to conversations. */
function asConversations(found: Row[], isLarge: boolean): ListedConversation[] {
  for (const conversation of found) {
    const { participants } = conversation;
    if (!participants) continue;
    if (participants.length > mostTogether(isLarge)) delete conversation.participants;
    else {
      parseTimestamps(participants);
      asMembers(participants);
    }
  }
  return found as ListedConversation[];
}

const wholeConversation = oncePer(
  ({ members }: ConversationParts): ConversationParts => ({
    own: listedConversation,
    members: members && wholeMember(members),
  }),
);

/** Conversations by their ids, as far as the viewer sees them. */
export const conversationById = oneByUuid(
  batchedRead(row)`select ${row} from conversation c where ${visible('c')} and c.id = ${anyKey(uuid)}`,
  'id',
);

/** Returns whether a conversation accepts new memberships. */
export type ConversationStatus = 'OPEN' | 'CLOSED';

/** The filter of a page of conversations. All given conditions must hold. */
export type ConversationFilter = {
  agentId?: string | null | undefined;
  status?: ConversationStatus | null | undefined;
  participantId?: string | null | undefined;
  externalUserId?: string | null | undefined;
};

/** The parts of a filter that make another statement. */
type FilterShape = {
  agentId: boolean;
  status: ConversationStatus | null;
  participantId: boolean;
  externalUserId: boolean;
};

const ofMember = sql`p.tenant_id = c.tenant_id and p.conversation_id = c.id`;
const ofContact = sql`u.tenant_id = c.tenant_id and u.conversation_id = c.id`;

const conversationPages = pagesOf({
  keyset: keyset([{ column: 'c.id', type: 'uuid' }], true),
  keysOf: ({ id }: ListedConversation) => [id],
  select: rowOf,
  whole: wholeConversation,
  from: (has: FilterShape, within) =>
    sql`conversation c${has.participantId ? sql` join conversation_member p on ${ofMember}` : none}${
      has.externalUserId ? sql` join conversation_member u on ${ofContact}` : none
    } where ${visible('c')}${has.agentId ? sql` and c.agent_id = ${parameter('agentId', nullable(text))}` : none}${
      has.status === null ? none : sql` and c.closed_at is ${has.status === 'OPEN' ? none : sql`not `}null`
    }${has.participantId ? sql` and p.user_id = ${parameter('participantId', nullable(uuid))}` : none}${
      has.externalUserId ? sql` and u.contact_id = ${parameter('externalUserId', nullable(uuid))}` : none
    }${within}`,
  read: asConversations,
});

const given = (id: string | null | undefined) => (id == null ? null : asUuid(id));

/**
 * Returns a page of the conversations that the viewer sees, the newest first. Throws VALIDATION_FAILED for invalid page
 * arguments.
 */
export function pageOfConversations(
  db: TenantDatabase,
  { agentId, status, participantId, externalUserId }: ConversationFilter,
  args: PageArguments,
  parts: ConversationParts,
) {
  const shape = {
    agentId: agentId != null,
    status: status ?? null,
    participantId: participantId != null,
    externalUserId: externalUserId != null,
  };
  const values = {
    agentId: agentId ?? null,
    participantId: given(participantId),
    externalUserId: given(externalUserId),
  };
  return conversationPages(db, shape, values, args, parts);
}
