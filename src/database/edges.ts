import { Problem } from '../errors/catalogue.ts';
import type { TenantDatabase } from './database.ts';
import { countOf, firstOf, keyset, type PageValues, pageValues, shapeOfPage } from './keyset.ts';
import type { Loader } from './loaders.ts';
import { connectionOf, type Page, type PageArguments, type Total, totalOf } from './pages.ts';
import { type Rows, rows, type Selected } from './sql/columns.ts';
import { eachKey, type Fragment, type Keys, sql } from './sql/fragment.ts';
import { type Statement, statement } from './sql/statement.ts';
import type { SqlType } from './sql/types.ts';
import { oncePerShape } from './statement.ts';

/** A page of a list that belongs to one row. */
type Wanted = { parentId: string; page: Page };

// A level of more than 100 lists of 100 rows: what the largest page of largest pages reads.
const mostRowsOfPages = 20_000;

/** The parameters of statements that read pages of many lists. */
type Taken = { readonly tenantId: string } & { readonly viewerAgentId: string | null } & Keys & PageValues;

/**
 * Reads the same page of many lists in one statement. `from` gives one list's rows for the parent `k.id`. `ordered` is
 * the column that orders them.
 */
export function pagesBy<Found, Row extends { parentId: string }>(
  list: {
    type: SqlType<string>;
    descending: boolean;
    ordered: string;
    row: Selected<Found>;
    from: Fragment<{ readonly tenantId: string } & { readonly viewerAgentId: string | null }>;
  },
  read: (rows: (Found & { parentId: string })[]) => Row[],
): Loader<Wanted, Row[]> {
  const order = keyset([{ column: list.ordered, type: 'uuid' }], list.descending);
  const selected = rows({ parentId: list.type }, list.row);
  const statementOf = oncePerShape(
    shapeOfPage,
    (_: object, page: Page): Statement<Taken, Found & { parentId: string }> => statement(selected)`
      select * from (
        select k.id as "parentId", page.* from ${eachKey(list.type)} k(id) cross join lateral (
          ${firstOf(sql`select ${list.row} from ${list.from}${order.within(page)} order by ${order.order(page)}`)}
        ) page limit ${mostRowsOfPages + 1}
      ) page order by "parentId", id ${order.direction(page)}`,
  );
  async function rowsOf(db: TenantDatabase, page: Page, keys: readonly string[]): Promise<Row[]> {
    const found = read(await db.query(statementOf(list, page), { keys, ...pageValues(page) }));
    if (found.length > mostRowsOfPages)
      throw new Problem(
        'RESULT_TOO_LARGE',
        `These pages have more than ${mostRowsOfPages} rows together: ask for smaller ones.`,
      );
    return found;
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

type Counted = { id: string; count: number };
type Viewed = { readonly tenantId: string } & { readonly viewerAgentId: string | null };

/**
 * Reads the length of each parent's list, for all parents in one statement. `from` gives one list's rows for the parent
 * `k.id`.
 */
export function totalsBy(type: SqlType<string>, counted: Rows<Counted>, from: Fragment<Viewed>): Loader<string, Total> {
  const counts = statement(counted)`
    select k.id, c.count from ${eachKey(type)} k(id) cross join lateral (${countOf(from)}) c`;
  return {
    async load(db, keys) {
      const found = await db.query(counts, { keys });
      const byParent = new Map(found.map(({ id, count }) => [id, count]));
      return keys.map((id) => totalOf(byParent.get(id) ?? 0));
    },
  };
}

/** The pages of one kind of list, and the lengths of the lists. */
export type Edge<Row> = { pages: Loader<Wanted, (Row & { parentId: string })[]>; totals: Loader<string, Total> };

const byId = keyset([{ column: 'id', type: 'uuid' }]);

/** Returns the connection of one row's edge. `load` loads its pages. */
export async function connectionTo<Row extends { id: string }>(
  { load }: { load<Key, Loaded>(loader: Loader<Key, Loaded>, key: Key): Promise<Loaded> },
  { pages, totals }: Edge<Row>,
  parentId: string,
  args: PageArguments,
) {
  const page = byId.page(args);
  return connectionOf(
    page,
    await load(pages, { parentId, page }),
    ({ id }) => [id],
    () => load(totals, parentId),
  );
}
