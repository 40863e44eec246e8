import { visible } from '../auth/visible-conversations.ts';
import type { TenantDatabase } from '../database/database.ts';
import { asUuid } from '../database/ids.ts';
import { instant, instantsOf } from '../database/instants.ts';
import { keyset, type PageValues, pagesOf } from '../database/keyset.ts';
import type { PageArguments } from '../database/pages.ts';
import { survivorOf } from '../database/redirects.ts';
import { type Hit, hitColumns, hits, keysOfHit, searchOrder } from '../database/search.ts';
import { hasMatch, type SearchShape } from '../database/search-matches.ts';
import { combined, rows, type Selected } from '../database/sql/columns.ts';
import { type Fragment, none, parameter, sql, tenant } from '../database/sql/fragment.ts';
import { nullable, text, timestamptz, uuid } from '../database/sql/types.ts';
import { searchOf } from '../values/search-query.ts';
import {
  asConversations,
  type ConversationParts,
  type ConversationRow,
  conversationRow,
  type ListedConversation,
  wholeConversation,
} from './queries.ts';

/** Returns whether a conversation accepts new memberships. */
export type ConversationStatus = 'OPEN' | 'CLOSED';

/** What a list of conversations is ordered by. */
export type ConversationOrder = { field: 'CREATED_AT' | 'CLOSED_AT'; direction: 'ASC' | 'DESC' };

const times = ['createdAfter', 'createdBefore', 'closedAfter', 'closedBefore'] as const;

/** The filter of a page of conversations. All given conditions must hold. */
export type ConversationFilter = {
  agentId?: string | null | undefined;
  status?: ConversationStatus | null | undefined;
  participantId?: string | null | undefined;
  externalUserId?: string | null | undefined;
  /** An agent that takes part, whether or not it belongs to that agent. */
  withAgentId?: string | null | undefined;
  /** What a person typed, as database/search.ts has it. */
  query?: string | null | undefined;
} & { [Time in (typeof times)[number]]?: Date | null | undefined };

/** The parts of a filter that make another statement. */
type FilterShape = {
  agentId: boolean;
  status: ConversationStatus | null;
  participantId: boolean;
  externalUserId: boolean;
  withAgentId: boolean;
  /** Whether the times of creation, or of closing, are bounded. Both ends always are: that makes fewer statements. */
  created: boolean;
  closed: boolean;
  search: SearchShape | null;
};

const ofMember = sql`p.tenant_id = c.tenant_id and p.conversation_id = c.id`;
const ofContact = sql`u.tenant_id = c.tenant_id and u.conversation_id = c.id`;

const withAgent = sql`a.tenant_id = c.tenant_id and a.conversation_id = c.id`;

const joins = (has: FilterShape): Fragment =>
  sql`${has.participantId ? sql` join conversation_member p on ${ofMember}` : none}${
    has.externalUserId ? sql` join conversation_member u on ${ofContact}` : none
  }${has.withAgentId ? sql` join conversation_member a on ${withAgent}` : none}`;

const user = survivorOf('PARTICIPANT', parameter('participantId', nullable(uuid)), tenant);
const contact = survivorOf('EXTERNAL_USER', parameter('externalUserId', nullable(uuid)), tenant);

/** The conditions of a filter, each after an ` and `. */
const conditions = (has: FilterShape) =>
  sql`${has.agentId ? sql` and c.agent_id = ${parameter('agentId', nullable(text))}` : none}${
    has.status === null ? none : sql` and c.closed_at is ${has.status === 'OPEN' ? none : sql`not `}null`
  }${has.participantId ? sql` and p.user_id = ${user}` : none}${
    has.externalUserId ? sql` and u.contact_id = ${contact}` : none
  }${has.withAgentId ? sql` and a.agent_id = ${parameter('withAgentId', nullable(text))}` : none}${
    has.created
      ? sql` and c.created_at > ${parameter('createdAfter', instant)} and c.created_at < ${parameter('createdBefore', instant)}`
      : none
  }${
    has.closed
      ? sql` and c.closed_at > ${parameter('closedAfter', instant)} and c.closed_at < ${parameter('closedBefore', instant)}`
      : none
  }`;

const ofTexts = sql`s.tenant_id = c.tenant_id and s.id = c.id`;

/** The filtered conversations in an order of their own columns. */
const from = (has: FilterShape, within: Fragment<PageValues>) =>
  sql`conversation c${joins(has)}${has.search ? sql` join conversation_search s on ${ofTexts}` : none} where ${visible('c')}${conditions(has)}${
    has.search ? sql` and ${hasMatch(has.search)}` : none
  }${within}`;

// A conversation that is open counts as one that is closed last. The expression has an index.
const closed = sql`coalesce(c.closed_at, '9999-12-31T23:59:59.999Z'::timestamptz)`;

type Timed = ListedConversation & { orderedAt: Date };

const timedPages = ({ field, direction }: ConversationOrder) => {
  const time = field === 'CREATED_AT' ? sql`c.created_at` : closed;
  return pagesOf({
    keyset: keyset(
      [
        { column: 'c.created_at', type: 'timestamp', expression: time },
        { column: 'c.id', type: 'uuid' },
      ],
      direction === 'DESC',
    ),
    keysOf: ({ orderedAt, id }: Timed) => [orderedAt.toISOString(), id],
    select(parts: ConversationParts, isLarge): Selected<ConversationRow & { orderedAt: Date }> {
      const row = conversationRow(parts, isLarge);
      const ordered = rows({ orderedAt: timestamptz });
      return { ...sql`${time} as "orderedAt", ${row}`, ...combined(row, ordered) };
    },
    whole: wholeConversation,
    from: (has: FilterShape, within) => from(has, within),
    read: (found, isLarge) => asConversations(found, isLarge) as Timed[],
  });
};

const pages = {
  default: pagesOf({
    keyset: keyset([{ column: 'c.id', type: 'uuid' }], true),
    keysOf: ({ id }: ListedConversation) => [id],
    select: conversationRow,
    whole: wholeConversation,
    from: (has: FilterShape, within) => from(has, within),
    read: asConversations,
  }),
  CREATED_AT: {
    ASC: timedPages({ field: 'CREATED_AT', direction: 'ASC' }),
    DESC: timedPages({ field: 'CREATED_AT', direction: 'DESC' }),
  },
  CLOSED_AT: {
    ASC: timedPages({ field: 'CLOSED_AT', direction: 'ASC' }),
    DESC: timedPages({ field: 'CLOSED_AT', direction: 'DESC' }),
  },
};

const searchedPages = pagesOf({
  keyset: searchOrder,
  keysOf: (row: ListedConversation & Hit) => keysOfHit(row),
  select(parts: ConversationParts, isLarge): Selected<ConversationRow & Hit> {
    const row = conversationRow(parts, isLarge);
    return { ...sql`${hitColumns.list}, ${row}`, ...combined(row, hitColumns.rows) };
  },
  whole: wholeConversation,
  from(has: FilterShape & { search: SearchShape; isOfAgent: boolean }, within, then, page) {
    const joined = sql`join conversation c on c.tenant_id = s.tenant_id and c.id = s.id${joins(has)}`;
    const where = sql`${conditions(has)} and ${visible('c')}`;
    const isNarrow = has.isOfAgent || has.agentId || has.participantId || has.externalUserId || has.withAgentId;
    // A conversation is found by its name alone.
    const of = { texts: 'conversation_search', joined, where, isNarrow, hasOthers: false };
    return sql`${hits(of, has.search, within, then, page)} join conversation c on c.tenant_id = ${tenant} and c.id = hit.id`;
  },
  read: (found, isLarge) => asConversations(found, isLarge) as (ListedConversation & Hit)[],
});

const given = (id: string | null | undefined) => (id == null ? null : asUuid(id));

/**
 * Returns a page of the conversations that the viewer sees: in the given order; else, with a query, its matches in the
 * order of their ranks; else the newest first. Throws VALIDATION_FAILED for invalid page arguments and filters.
 */
export function pageOfConversations(
  db: TenantDatabase,
  filter: ConversationFilter,
  args: PageArguments,
  parts: ConversationParts,
  order: ConversationOrder | null = null,
) {
  const { agentId, status, participantId, externalUserId, withAgentId, query } = filter;
  const search = query == null ? null : searchOf(query);
  const shape = {
    agentId: agentId != null,
    status: status ?? null,
    participantId: participantId != null,
    externalUserId: externalUserId != null,
    withAgentId: withAgentId != null,
    created: (filter.createdAfter ?? filter.createdBefore) != null,
    closed: (filter.closedAfter ?? filter.closedBefore) != null,
    search: search?.shape ?? null,
  };
  const values = {
    agentId: agentId ?? null,
    participantId: given(participantId),
    externalUserId: given(externalUserId),
    withAgentId: withAgentId ?? null,
    ...instantsOf(filter, times),
    ...(search?.values ?? { query: '', digits: '' }),
  };
  if (order) return pages[order.field][order.direction](db, shape, values, args, parts);
  if (!search) return pages.default(db, shape, values, args, parts);
  const searched = { ...shape, search: search.shape, isOfAgent: db.agentId !== null };
  return searchedPages(db, searched, values, args, parts);
}
