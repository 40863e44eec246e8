import type { TenantDatabase } from '../database/database.ts';
import type { ExternalUser } from '../database/generated/client.ts';
import { instant, instantsOf } from '../database/instants.ts';
import { keyset, pagesOf } from '../database/keyset.ts';
import type { PageArguments } from '../database/pages.ts';
import { type Hit, hitColumns, hits, keysOfHit, searchOrder } from '../database/search.ts';
import type { SearchShape } from '../database/search-matches.ts';
import { columns, combined, type Fields, rows, type Selected } from '../database/sql/columns.ts';
import { type Fragment, name, none, ofAgent, parameter, sql, tenant, viewerAgent } from '../database/sql/fragment.ts';
import { nullable, text } from '../database/sql/types.ts';
import { oncePer } from '../database/statement.ts';
import { searchOf } from '../values/search-query.ts';
import { listedUser } from './queries.ts';

const times = ['createdAfter', 'createdBefore'] as const;

/** The filter of a page of external users. All given conditions must hold. */
export type ExternalUserFilter = {
  /** What a person typed, as database/search.ts has it. */
  query?: string | null | undefined;
  source?: string | null | undefined;
  agentId?: string | null | undefined;
} & { [Time in (typeof times)[number]]?: Date | null | undefined };

/** What to read of users. Null for all but the metadata. */
export type ExternalUserParts = { own: Fields };

/** The parts of a filter that make another statement. */
type FilterShape = {
  source: boolean;
  agentId: boolean;
  isOfAgent: boolean;
  created: boolean;
};

/** The condition that an external user, under that alias, is a contact in conversations of an agent. */
export const ofConversations = <Parameters>(alias: string, agent: Fragment<Parameters>) =>
  sql`${name(alias)}.id in (select m.contact_id from conversation v join conversation_member m on m.tenant_id = v.tenant_id and m.conversation_id = v.id
    where v.tenant_id = ${tenant} and v.agent_id = ${agent as Fragment} and m.contact_id is not null)` as Fragment<Parameters>;

/** The conditions, each after an ` and `. */
const conditions = (has: FilterShape) =>
  sql`${has.source ? sql` and u.source = ${parameter('source', nullable(text))}` : none}${
    has.created
      ? sql` and u.created_at > ${parameter('createdAfter', instant)} and u.created_at < ${parameter('createdBefore', instant)}`
      : none
  }${
    has.agentId ? sql` and ${ofConversations('s', parameter('agentId', nullable(text)))}` : none
  }${ofAgent(sql` and ${ofConversations('s', viewerAgent)}`)}`;

/** Whether users are looked at one by one, for want of an index. */
const looksAtEach = ({ source, created }: FilterShape): boolean => source || created;

const joined = sql`join external_user u on u.tenant_id = s.tenant_id and u.id = s.id`;

const selected = ({ own }: ExternalUserParts) => columns('ExternalUser', 'u', own ?? listedUser);
const whole = oncePer((_: ExternalUserParts): ExternalUserParts => ({ own: listedUser }));

type Named = ExternalUser & { hitName: string };

const namedPages = pagesOf({
  keyset: keyset([
    { column: 's.name', type: 'name', nameKey: sql`s.name_key` },
    { column: 's.id', type: 'uuid' },
  ]),
  keysOf: ({ hitName, id }: Named) => [hitName, id],
  select(parts: ExternalUserParts): Selected<Named> {
    const row = selected(parts);
    return { ...sql`s.name as "hitName", ${row}`, ...combined(row, rows({ hitName: text })) };
  },
  whole,
  from: (has: FilterShape, within) =>
    sql`external_user_search s ${joined} where s.tenant_id = ${tenant}${conditions(has)}${within}`,
  isSlow: looksAtEach,
  read: (found: Named[]) => found,
});

const searchedPages = pagesOf({
  keyset: searchOrder,
  keysOf: (row: ExternalUser & Hit) => keysOfHit(row),
  select(parts: ExternalUserParts): Selected<ExternalUser & Hit> {
    const row = selected(parts);
    return { ...sql`${hitColumns.list}, ${row}`, ...combined(row, hitColumns.rows) };
  },
  whole,
  from(has: FilterShape & { search: SearchShape }, within, then, page) {
    const of = {
      texts: 'external_user_search',
      joined: has.source || has.created ? joined : none,
      where: conditions(has),
      isNarrow: has.agentId || has.isOfAgent,
      hasOthers: true,
    };
    return sql`${hits(of, has.search, within, then, page)} join external_user u on u.tenant_id = ${tenant} and u.id = hit.id`;
  },
  isSlow: (has: FilterShape & { search: SearchShape }) => looksAtEach(has),
  read: (found: (ExternalUser & Hit)[]) => found,
});

/**
 * Returns a page of the tenant's external users, for an agent's key of those in its conversations: in the order of
 * their names, or, with a query, its matches in the order of their ranks. Throws VALIDATION_FAILED for invalid page
 * arguments and filters.
 */
export function pageOfExternalUsers(
  db: TenantDatabase,
  filter: ExternalUserFilter,
  args: PageArguments,
  parts: ExternalUserParts,
) {
  const { query, source = null, agentId = null } = filter;
  const shape = {
    source: source !== null,
    agentId: agentId !== null,
    isOfAgent: db.agentId !== null,
    created: (filter.createdAfter ?? filter.createdBefore) != null,
  };
  const values = { source, agentId, ...instantsOf(filter, times) };
  if (query == null) return namedPages(db, shape, values, args, parts);
  const search = searchOf(query);
  return searchedPages(db, { ...shape, search: search.shape }, { ...values, ...search.values }, args, parts);
}
