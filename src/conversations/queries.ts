import { visible, visibleMembership, visibleToAny } from '../auth/visible-conversations.ts';
import { countBytes } from '../database/counted.ts';
import type { Conversation } from '../database/generated/client.ts';
import { type Loader, manyBy, oneByUuid } from '../database/loaders.ts';
import { columns, type Fields, fieldsBut, rows, type Selected } from '../database/sql/columns.ts';
import { anyKey, sql } from '../database/sql/fragment.ts';
import { batchedRead, statement } from '../database/sql/statement.ts';
import { integer, json, uuid } from '../database/sql/types.ts';
import { oncePer, parseTimestamps } from '../database/statement.ts';
import { asMembers, isLive, type MemberParts, type MemberRow, memberRowOf, wholeMember } from './memberships.ts';
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
  maxBatchSize: 200,
  load: async (database, ids) =>
    (await attributesOfConversations.load(database, ids)).map((conversation) => conversation?.attributes ?? null),
};

/** Counts the bytes of the attributes of conversations that the viewer sees, as `countBytes` has it. */
export const countAttributes = countBytes(
  sql`c.attributes`,
  sql`conversation c where ${visibleToAny('c')} and c.id = k.id`,
);

/** How many take part in a conversation, by their status. */
export type ParticipantCounts = { active: number; pending: number; invited: number };

const counts = rows({ conversationId: uuid, active: integer, pending: integer, invited: integer });
const eachCount = sql`count(*) filter (where m.status = 'ACTIVE')::int as active,
      count(*) filter (where m.status = 'PENDING')::int as pending, count(*) filter (where m.status = 'INVITED')::int as invited`;
const countsOfConversations = manyBy(
  statement(counts)`
    select m.conversation_id as "conversationId", ${eachCount}
    from conversation_member m where ${visibleMembership('m')} and m.conversation_id = ${anyKey(uuid)} and ${isLive('m')} group by m.conversation_id`,
  'conversationId',
);
const nobody: ParticipantCounts = { active: 0, pending: 0, invited: 0 };

/** How many take part in conversations that the viewer sees, all of a level in one statement. */
export const participantCountsByConversation: Loader<string, ParticipantCounts> = {
  load: async (database, ids) => (await countsOfConversations.load(database, ids)).map(([found = nobody]) => found),
};

/**
 * What to read of conversations and their memberships. Null for all columns and no memberships. With `featured`, only
 * so many of the memberships, the oldest, and how many there are.
 */
export type ConversationParts = { own: Fields; members: MemberParts | null; featured?: number };

/**
 * A conversation as it was read. Parts that were not asked for are missing, and so are memberships that are too many.
 */
export type ListedConversation = Conversation & { participants?: Member[]; participantCounts?: ParticipantCounts };

// A page reads at most so many memberships of each conversation in its own statement. A conversation with more leaves
// them to their loader, which has a bound. There are few numbers, because each makes a statement of its own.
const maxBatchSize = (isLarge: boolean) => (isLarge ? 10 : 50);

/** A conversation as its select list reads it. */
export type ConversationRow = Conversation & { participants?: MemberRow[]; participantCounts?: ParticipantCounts };

/** The select list of a conversation. It reads one membership more than a page may have. */
export function conversationRow(
  { own, members, featured }: ConversationParts,
  isLarge: boolean,
): Selected<ConversationRow> {
  const conversation = columns('Conversation', 'c', own);
  if (!members) return conversation;
  const ofConversation = sql`conversation_member m where m.tenant_id = c.tenant_id and m.conversation_id = c.id and ${isLive('m')}`;
  const list = sql`${conversation}, (select coalesce(json_agg(m), '[]') from (
    select ${memberRowOf(members)} from ${ofConversation} order by m.id limit ${featured ?? maxBatchSize(isLarge) + 1}) m) as participants`;
  const selected = { ...list, ...rows({ participants: json<MemberRow[]>() }, conversation) };
  if (featured === undefined) return selected;
  const counted = sql`${list}, (select row_to_json(counted) from (select ${eachCount} from ${ofConversation}) counted) as "participantCounts"`;
  return { ...counted, ...rows({ participantCounts: json<ParticipantCounts>() }, selected) };
}

/** Converts rows of that select list to conversations. */
export function asConversations(found: ConversationRow[], isLarge: boolean): ListedConversation[] {
  for (const conversation of found) {
    const { participants } = conversation;
    if (!participants) continue;
    if (participants.length > maxBatchSize(isLarge)) delete conversation.participants;
    else {
      parseTimestamps(participants);
      asMembers(participants);
    }
  }
  return found as ListedConversation[];
}

/** The same parts, with all columns that lists read. */
export const wholeConversation = oncePer(
  ({ own, members, ...more }: ConversationParts): ConversationParts => ({
    own: own && listedConversation,
    members: members && wholeMember(members),
    ...more,
  }),
);

/** Conversations by their ids, as far as the viewer sees them. */
export const conversationById = oneByUuid(
  batchedRead(row)`select ${row} from conversation c where ${visible('c')} and c.id = ${anyKey(uuid)}`,
  'id',
);

/** Conversations by their ids with these parts, as far as the viewer sees them. */
export const conversationWith = oncePer((parts: ConversationParts): Loader<string, ListedConversation | null> => {
  const selected = conversationRow(parts, false);
  const { load } = oneByUuid(
    batchedRead(selected)`select ${selected} from conversation c where ${visible('c')} and c.id = ${anyKey(uuid)}`,
    'id',
  );
  return {
    async load(database, ids) {
      const found = await load(database, ids);
      asConversations(
        found.filter((row) => row !== null),
        false,
      );
      return found as (ListedConversation | null)[];
    },
  };
});
