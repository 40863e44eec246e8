import { visible, visibleMembership } from '../auth/visible-conversations.ts';
import { type Edge, pagesBy, totalsBy } from '../database/edges.ts';
import type { Conversation } from '../database/generated/client.ts';
import { columns, rows } from '../database/sql/columns.ts';
import { type Fragment, name, none, sql } from '../database/sql/fragment.ts';
import { assured, integer, text, uuid } from '../database/sql/types.ts';
import { asMembers, isLive, type MemberRow, memberRow } from './memberships.ts';
import { listedConversation } from './queries.ts';
import type { Member } from './subject.ts';

const asTheyAre = (found: (Conversation & { parentId: string })[]) => found;
const conversation = columns('Conversation', 'c', listedConversation);
const uuidCounted = rows({ id: assured(uuid), count: integer });
const textCounted = rows({ id: assured(text), count: integer });

/** The conversations of a participant, an external user or an agent. */
const conversationsOf = (column: 'user_id' | 'contact_id' | 'agent_id'): Edge<Conversation> => {
  const parent = name(`m.${column}`);
  const type = column === 'agent_id' ? text : uuid;
  return {
    pages: pagesBy(
      {
        type,
        descending: true,
        ordered: 'm.conversation_id',
        row: conversation,
        from: sql`conversation_member m join conversation c on c.tenant_id = m.tenant_id and c.id = m.conversation_id
          where ${visibleMembership('m')} and ${parent} = k.id`,
      },
      asTheyAre,
    ),
    totals: totalsBy(
      type,
      column === 'agent_id' ? textCounted : uuidCounted,
      sql`conversation_member m where ${visibleMembership('m')} and ${parent} = k.id`,
    ),
  };
};

/** The conversations of participants, the newest first. */
export const conversationsByParticipant = conversationsOf('user_id');

/** The conversations that agents take part in, the newest first. */
export const conversationsWithAgent = conversationsOf('agent_id');

/** The conversations of external users, the newest first. */
export const conversationsByUser = conversationsOf('contact_id');

/** The conversations that belong to agents, the newest first. */
export const conversationsByAgent: Edge<Conversation> = {
  pages: pagesBy(
    {
      type: text,
      descending: true,
      ordered: 'c.id',
      row: conversation,
      from: sql`conversation c where ${visible('c')} and c.agent_id = k.id`,
    },
    asTheyAre,
  ),
  totals: totalsBy(text, textCounted, sql`conversation c where ${visible('c')} and c.agent_id = k.id`),
};

const membersWhere = (condition: Fragment): Edge<Member> => {
  const from = sql`conversation_member m where ${visibleMembership('m')} and m.conversation_id = k.id${condition}`;
  return {
    pages: pagesBy(
      { type: uuid, descending: false, ordered: 'm.id', row: memberRow, from },
      asMembers<MemberRow & { parentId: string }>,
    ),
    totals: totalsBy(uuid, uuidCounted, from),
  };
};

/** The memberships of conversations, the oldest first. */
export const membersOfConversation = membersWhere(sql` and ${isLive('m')}`);

/** The same with the tombstones of contacts that were deleted. */
export const membersWithDeleted = membersWhere(none);
