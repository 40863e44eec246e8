import { visible } from '../auth/visible-conversations.ts';
import type { Value } from '../database/connection.ts';
import type { TenantDatabase } from '../database/database.ts';
import type { Conversation } from '../database/generated/client.ts';
import { asUuid } from '../database/ids.ts';
import { oneByUuid } from '../database/loaders.ts';
import { connectionOf, countOf, defaultPage, firstOf, type PageArguments, totalOf } from '../database/pages.ts';
import {
  columns,
  type Fields,
  narrowStatement,
  oncePer,
  parseTimestamps,
  tenantStatement,
} from '../database/statement.ts';
import { viewerStatement } from '../database/viewers.ts';
import { type Bind, bindAgent, keyset, pageById } from './edges.ts';
import { asMembers, type MemberParts, type MemberRow, memberRowOf, wholeMember } from './members.ts';
import type { Member } from './subject.ts';

const row = columns('Conversation', 'c');

/** What to read of conversations, themselves and together with them; null for all of their own, and nobody who takes part. */
export type ConversationParts = { own: Fields; members: MemberParts | null };

/** A conversation as it was read: what was not among the parts is not there, nor are the members where they are many. */
export type ListedConversation = Conversation & { participants?: Member[] };

// Together with a page, so many of each conversation's members are read at the most; a conversation that has more has them read by their
// loader, which bounds them. The numbers are few, because each makes a statement of its own.
const mostTogether = (size: number) => (size <= defaultPage ? 50 : 10);

/** The select list of a conversation, with one more of its members than there may be together. */
function rowOf({ own, members }: ConversationParts, size: number): string {
  if (!members) return columns('Conversation', 'c', own);
  return `${columns('Conversation', 'c', own)}, (select coalesce(json_agg(m), '[]') from (
    select ${memberRowOf(members)} from conversation_member m
    where m.tenant_id = c.tenant_id and m.conversation_id = c.id order by m.id limit ${mostTogether(size) + 1}) m) as participants`;
}

/** The rows of that select list, as conversations. */
function asConversations(rows: (Conversation & { participants?: MemberRow[] })[], size: number): ListedConversation[] {
  for (const conversation of rows) {
    const { participants } = conversation;
    if (!participants) continue;
    if (participants.length > mostTogether(size)) delete conversation.participants;
    else {
      parseTimestamps(participants);
      asMembers(participants);
    }
  }
  return rows as ListedConversation[];
}

const wholeConversation = oncePer(
  ({ members }: ConversationParts): ConversationParts => ({ own: null, members: members && wholeMember(members) }),
);

/** Conversations by their ids, as far as the viewer sees them. */
export const conversationById = oneByUuid(
  viewerStatement<Conversation>(
    '$3',
    (agent) => `select ${row} from conversation c where ${visible('c', agent)} and c.id = any($2::uuid[])`,
  ),
  'id',
);

/** Whether a conversation takes new participants. */
export type ConversationStatus = 'OPEN' | 'CLOSED';

/** What a page of conversations may be narrowed to; each that is given must hold. */
export type ConversationFilter = {
  agentId?: string | null | undefined;
  status?: ConversationStatus | null | undefined;
  participantId?: string | null | undefined;
  externalUserId?: string | null | undefined;
};

/** One page of the conversations that the viewer sees, the newest first. Throws VALIDATION_FAILED for a page that can't be. */
export async function pageOfConversations(
  db: TenantDatabase,
  filter: ConversationFilter,
  args: PageArguments,
  parts: ConversationParts,
) {
  const page = pageById(args);
  const values: Value[] = [];
  const bind: Bind = (value) => `$${values.push(value) + 1}`;

  let from = 'conversation c';
  let where = visible('c', bindAgent(db, bind));
  if (filter.agentId != null) where += ` and c.agent_id = ${bind(filter.agentId)}`;
  if (filter.status != null) where += ` and c.closed_at is ${filter.status === 'OPEN' ? '' : 'not '}null`;
  for (const [alias, column, id] of [
    ['p', 'user_id', filter.participantId],
    ['u', 'contact_id', filter.externalUserId],
  ] as const) {
    if (id == null) continue;
    from += ` join conversation_member ${alias} on ${alias}.tenant_id = c.tenant_id and ${alias}.conversation_id = c.id`;
    where += ` and ${alias}.${column} = ${bind(asUuid(id))}::uuid`;
  }
  const counted = tenantStatement<{ count: number }>(countOf(`${from} where ${where}`));
  const countedValues = [...values];

  const { where: within, direction } = keyset(page, 'c.id', true, bind);
  const size = bind(page.size + 1);
  const select = (read: ConversationParts) =>
    firstOf(`select ${rowOf(read, page.size)} from ${from} where ${where}${within} order by c.id ${direction}`, size);
  const statement = narrowStatement<Conversation & { participants?: MemberRow[] }>(select(parts), () =>
    select(wholeConversation(parts)),
  );
  return connectionOf(
    page,
    asConversations(await db.query(statement, ...values), page.size),
    ({ id }) => [id],
    async () => totalOf((await db.query(counted, ...countedValues))[0]?.count ?? 0),
  );
}
