import { visible, visibleMembership } from '../auth/visible-conversations.ts';
import type { Value } from '../database/connection.ts';
import type { TenantDatabase } from '../database/database.ts';
import type { Conversation } from '../database/generated/client.ts';
import { asUuid } from '../database/ids.ts';
import { type Loader, ofOneKey, readerOf } from '../database/loaders.ts';
import {
  connectionOf,
  countOf,
  firstOf,
  type Page,
  type PageArguments,
  pageOf,
  type Total,
  totalOf,
} from '../database/pages.ts';
import { columns, tenantStatement } from '../database/statement.ts';
import { viewerStatement } from '../database/viewers.ts';
import { Problem } from '../errors/catalogue.ts';
import { asMembers, type MemberRow, memberRow } from './members.ts';
import type { Member } from './subject.ts';

/** Binds a value and gives the parameter that stands for it. */
export type Bind = (value: Value) => string;

/** The parameter for the viewer's agent, or null for a viewer who sees all. */
export const bindAgent = ({ agentId }: Pick<TenantDatabase, 'agentId'>, bind: Bind): string | null =>
  agentId === null ? null : bind(agentId);

/** A page of the list that belongs to one row. */
type Wanted = { parentId: string; page: Page };

/** Reads the arguments of a list that is ordered by a UUID. Throws VALIDATION_FAILED. */
export const pageById = (args: PageArguments): Page => pageOf(args, 1, ([id]) => asUuid(id ?? '') !== null);

/** The conditions and the direction that give a page of a list ordered by a UUID column, `descending` or not. */
export function keyset({ backward, after, before }: Page, column: string, descending: boolean, bind: Bind) {
  const beyond = (keys: readonly string[] | null, forward: boolean) =>
    keys ? ` and ${column} ${forward === descending ? '<' : '>'} ${bind(keys[0] ?? '')}::uuid` : '';
  return {
    where: `${beyond(after, true)}${beyond(before, false)}`,
    direction: backward === descending ? 'asc' : 'desc',
  };
}

// Above 100 lists of 100: what the largest page of largest pages comes to.
const mostRowsOfPages = 20_000;

/**
 * Pages of many lists in one statement, for all that ask for the same page. `each` selects one list's
 * rows, in order, for the parent `k.id`; `ordered` is the column that orders them.
 */
function pagesBy<Selected extends { parentId: string }, Row extends { parentId: string }>(
  list: {
    type: 'uuid' | 'text';
    descending: boolean;
    ordered: string;
    row: string;
    from(db: TenantDatabase, bind: Bind): string;
  },
  read: (rows: Selected[]) => Row[],
): Loader<Wanted, Row[]> {
  async function rowsOf(db: TenantDatabase, page: Page, parentIds: readonly string[]): Promise<Row[]> {
    const [only] = parentIds.length === 1 ? parentIds : [];
    const values: Value[] = [only ?? parentIds];
    const bind: Bind = (value) => `$${values.push(value) + 1}`;
    const from = list.from(db, bind);
    const { where, direction } = keyset(page, list.ordered, list.descending, bind);
    const statement = tenantStatement<Selected>(
      `select * from (
         select k.id as "parentId", page.* from unnest($2::${list.type}[]) k(id) cross join lateral (
           ${firstOf(`select ${list.row} from ${from}${where} order by ${list.ordered} ${direction}`, bind(page.size + 1))}
         ) page limit ${mostRowsOfPages + 1}
       ) page order by "parentId", id ${direction}`,
    );
    const rows = read(await db.query(only === undefined ? statement : ofOneKey(statement), ...values));
    if (rows.length > mostRowsOfPages)
      throw new Problem(
        'RESULT_TOO_LARGE',
        `These pages have more than ${mostRowsOfPages} rows together: ask for smaller ones.`,
      );
    return rows;
  }
  const identity = ({ parentId, page }: Wanted) => `${parentId} ${JSON.stringify(page)}`;
  return {
    identity,
    async load(db, keys) {
      const pages = new Map<string, { page: Page; parentIds: string[] }>();
      for (const { parentId, page } of keys) {
        const name = JSON.stringify(page);
        const same = pages.get(name);
        if (same) same.parentIds.push(parentId);
        else pages.set(name, { page, parentIds: [parentId] });
      }
      const found = new Map<string, Row[]>();
      await Promise.all(
        [...pages.values()].map(async ({ page, parentIds }) => {
          for (const row of await rowsOf(db, page, parentIds)) {
            const name = identity({ parentId: row.parentId, page });
            const list = found.get(name);
            if (list) list.push(row);
            else found.set(name, [row]);
          }
        }),
      );
      return keys.map((key) => found.get(identity(key)) ?? []);
    },
  };
}

/** How long each parent's list is, for all parents in one statement, whose last parameter is the viewer's agent; `k.id` is the parent. */
function totalsBy(type: 'uuid' | 'text', rows: (agent: string | null) => string): Loader<string, Total> {
  const read = readerOf(
    viewerStatement<{ id: string; count: number }>(
      '$3',
      (agent) => `select k.id, c.count from unnest($2::${type}[]) k(id) cross join lateral (${countOf(rows(agent))}) c`,
    ),
  );
  return {
    async load(db, ids) {
      const counts = new Map((await read(db, ids)).map(({ id, count }) => [id, count]));
      return ids.map((id) => totalOf(counts.get(id) ?? 0));
    },
  };
}

/** The pages of one kind of list, and how long the lists are. */
export type Edge<Row> = { pages: Loader<Wanted, (Row & { parentId: string })[]>; totals: Loader<string, Total> };

const asTheyAre = (rows: (Conversation & { parentId: string })[]) => rows;

/** The conversations that a participant, or an external user, is a member of. */
const conversationsOf = (column: 'user_id' | 'contact_id'): Edge<Conversation> => ({
  pages: pagesBy(
    {
      type: 'uuid',
      descending: true,
      ordered: 'm.conversation_id',
      row: columns('Conversation', 'c'),
      from: (db, bind) =>
        `conversation_member m join conversation c on c.tenant_id = m.tenant_id and c.id = m.conversation_id
         where ${visibleMembership('m', bindAgent(db, bind))} and m.${column} = k.id`,
    },
    asTheyAre,
  ),
  totals: totalsBy(
    'uuid',
    (agent) => `conversation_member m where ${visibleMembership('m', agent)} and m.${column} = k.id`,
  ),
});

/** The conversations of participants, the newest first. */
export const conversationsByParticipant = conversationsOf('user_id');

/** The conversations of external users, the newest first. */
export const conversationsByUser = conversationsOf('contact_id');

/** The conversations that belong to agents, the newest first. */
export const conversationsByAgent: Edge<Conversation> = {
  pages: pagesBy(
    {
      type: 'text',
      descending: true,
      ordered: 'c.id',
      row: columns('Conversation', 'c'),
      from: (db, bind) => `conversation c where ${visible('c', bindAgent(db, bind))} and c.agent_id = k.id`,
    },
    asTheyAre,
  ),
  totals: totalsBy('text', (agent) => `conversation c where ${visible('c', agent)} and c.agent_id = k.id`),
};

/** Who takes part in conversations, the first to come first. */
export const membersOfConversation: Edge<Member> = {
  pages: pagesBy(
    {
      type: 'uuid',
      descending: false,
      ordered: 'm.id',
      row: memberRow,
      from: (db, bind) =>
        `conversation_member m where ${visibleMembership('m', bindAgent(db, bind))} and m.conversation_id = k.id`,
    },
    asMembers<MemberRow & { parentId: string }>,
  ),
  totals: totalsBy(
    'uuid',
    (agent) => `conversation_member m where ${visibleMembership('m', agent)} and m.conversation_id = k.id`,
  ),
};

/** The connection of one row, from an edge, with whatever loads. */
export async function connectionTo<Row extends { id: string }>(
  { load }: { load<Key, Loaded>(loader: Loader<Key, Loaded>, key: Key): Promise<Loaded> },
  { pages, totals }: Edge<Row>,
  parentId: string,
  args: PageArguments,
) {
  const page = pageById(args);
  return connectionOf(
    page,
    await load(pages, { parentId, page }),
    ({ id }) => [id],
    () => load(totals, parentId),
  );
}
