import { Problem } from '../errors/catalogue.ts';
import type { TenantDatabase } from './database.ts';
import { countOf, firstOf, keyset, type PageValues, pageValues, shapeOfPage } from './keyset.ts';
import { type Loader, maxShort, readByGroups } from './loaders.ts';
import { connectionOf, type Page, type PageArguments, type Total, totalOf } from './pages.ts';
import { type Rows, rows, type Selected } from './sql/columns.ts';
import { eachKey, type Fragment, type Keys, sql } from './sql/fragment.ts';
import { type Statement, statement } from './sql/statement.ts';
import { integer, type SqlType } from './sql/types.ts';
import { oncePerShape } from './statement.ts';

/** A page of a list that belongs to one row. */
type Wanted = { parentId: string; page: Page };

// A level of more than 100 lists of 100 rows: what the largest page of largest pages reads.
const maxRowsOfPages = 20_000;

/** The parameters of statements that read pages of many lists. */
type Taken = { readonly tenantId: string } & { readonly viewerAgentId: string | null } & Keys & PageValues;

/** Loads pages, and counts the rows of several together. */
type Pages<Row> = Loader<Wanted, Row[]> & {
  /**
   * Counts the rows of the pages of these parents. It is infinite for more than may be read, and 0 for wrong arguments,
   * of which each page tells.
   */
  count(
    db: TenantDatabase,
    parentIds: readonly string[],
    args: PageArguments,
  ): Promise<{ rows: number; bytes: number }>;
};

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
): Pages<Row> {
  const order = keyset([{ column: list.ordered, type: 'uuid' }], list.descending);
  const selected = rows({ parentId: list.type }, list.row);
  const statementOf = oncePerShape(
    shapeOfPage,
    (_: object, page: Page): Statement<Taken, Found & { parentId: string }> => statement(selected)`
      select * from (
        select k.id as "parentId", page.* from ${eachKey(list.type)} k(id) cross join lateral (
          ${firstOf(sql`select ${list.row} from ${list.from}${order.within(page)} order by ${order.order(page)}`)}
        ) page limit ${maxRowsOfPages + 1}
      ) page order by "parentId", id ${order.direction(page)}`,
  );
  const countStatement = oncePerShape(
    shapeOfPage,
    (_: object, page: Page): Statement<Taken, { count: number }> => statement(rows({ count: integer }))`
      select count(*)::int as count from (
        select from ${eachKey(list.type)} k(id) cross join lateral (
          ${firstOf(sql`select from ${list.from}${order.within(page)}`)}
        ) page limit ${maxRowsOfPages + 1}
      ) page`,
  );
  async function rowsOf(db: TenantDatabase, page: Page, keys: readonly string[]): Promise<Row[]> {
    const found = read(await db.query(statementOf(list, page), { keys, ...pageValues(page) }));
    if (found.length > maxRowsOfPages)
      throw new Problem(
        'RESULT_TOO_LARGE',
        `These pages have more than ${maxRowsOfPages} rows together: ask for smaller ones.`,
      );
    return found;
  }
  const group = ({ page }: Wanted) => JSON.stringify(page);
  const parent = ({ parentId }: { parentId: string }) => parentId;
  const load: Pages<Row>['load'] = (db, keys) =>
    readByGroups(keys, { group, parent, parentOf: parent }, ({ page }, parentIds) => rowsOf(db, page, parentIds));
  const count: Pages<Row>['count'] = async (db, keys, args) => {
    const page = pageOrNull(args);
    if (!page) return { rows: 0, bytes: 0 };
    const [row] = await db.query(countStatement(list, page), { keys, ...pageValues(page) });
    const found = row?.count ?? 0;
    return { rows: found > maxRowsOfPages ? Number.POSITIVE_INFINITY : found, bytes: 0 };
  };
  const short: NonNullable<Pages<Row>['lists']>['short'] = async (db, keys) =>
    keys.reduce((sum, { page }) => sum + page.size, 0) <= maxShort ? load(db, keys) : null;
  return {
    count,
    lists: { counted: count, parentOf: parent, short },
    identity: (key) => `${parent(key)} ${group(key)}`,
    load,
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
export type Edge<Row> = { pages: Pages<Row & { parentId: string }>; totals: Loader<string, Total> };

const byId = keyset([{ column: 'id', type: 'uuid' }]);

function pageOrNull(args: PageArguments): Page | null {
  try {
    return byId.page(args);
  } catch {
    return null;
  }
}

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
