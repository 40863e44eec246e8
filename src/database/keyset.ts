import type { TenantDatabase } from './database.ts';
import { asUuid } from './ids.ts';
import { nameOrder } from './names.ts';
import {
  connectionOf,
  countBound,
  defaultPage,
  isTimestamp,
  largestPage,
  type Page,
  type PageArguments,
  pageOf,
  totalOf,
} from './pages.ts';
import { rows, type Selected } from './sql/columns.ts';
import { type Fragment, join, name, none, parameter, sql } from './sql/fragment.ts';
import { preparedOrNot, type Statement, statement } from './sql/statement.ts';
import { bigint, boolean, integer, nullable, type SqlType } from './sql/types.ts';
import { narrowest, oncePerShape } from './statement.ts';

/**
 * A column that orders a list. In a cursor its keys are text. A `name` is ordered as names are. `nameKey` is where its
 * key is stored; without it the key is made.
 */
type Key = {
  readonly column: string;
  readonly type: keyof typeof kinds;
  readonly nameKey?: Fragment;
  /** What is compared instead of the column, where an index is of an expression. */
  readonly expression?: Fragment;
};

// PostgreSQL parses them from the text of the cursor.
const kinds = {
  name: { name: 'text', fits: () => true },
  text: { name: 'text', fits: () => true },
  uuid: { name: 'uuid', fits: (text: string) => asUuid(text) !== null },
  timestamp: { name: 'timestamp with time zone', fits: isTimestamp },
  integer: { name: 'integer', fits: (text: string) => /^\d{1,9}$/.test(text) },
} as const;

/** The parameters of a page's statement: the number of rows, and the keys between which they are. */
export type PageValues = {
  readonly size: number;
  readonly after1: string | null;
  readonly after2: string | null;
  readonly after3: string | null;
  readonly before1: string | null;
  readonly before2: string | null;
  readonly before3: string | null;
};

/** The order of a list by one to three columns, of which the last is unique. */
export type Keyset = {
  /** Reads the arguments of a list in this order. Throws VALIDATION_FAILED. */
  page(args: PageArguments): Page;
  /** The conditions, each after an ` and `, that rows are between a page's cursors. */
  within(page: Page): Fragment<PageValues>;
  /** What to order a page by. A backward page is read from the end of the list. */
  order(page: Page): Fragment;
  /** The direction of a page's order. */
  direction(page: Page): Fragment;
};

/** The order by these columns. */
export function keyset(keys: readonly Key[], descending = false): Keyset {
  const list = (pieces: readonly Fragment<PageValues>[]): Fragment<PageValues> =>
    pieces.length === 1 ? join(pieces, ', ') : sql`(${join(pieces, ', ')})`;
  const ordered = <Parameters>({ type }: Key, of: Fragment<Parameters>) => (type === 'name' ? nameOrder(of) : [of]);
  const inOrder = keys.flatMap((key) =>
    key.nameKey ? nameOrder(name(key.column), key.nameKey) : ordered(key, key.expression ?? name(key.column)),
  );
  const columns = list(inOrder);
  const isBelow = ({ backward }: Page) => backward !== descending;
  return {
    page: (args) =>
      pageOf(args, keys.length, (texts) => keys.every(({ type }, index) => kinds[type].fits(texts[index] ?? ''))),
    within(page) {
      const beyond = (end: 'after' | 'before', isForward: boolean): Fragment<PageValues> => {
        if (page[end] === null) return none;
        const given = keys.flatMap((key, index) => {
          const of: SqlType<string | null> = nullable({ name: kinds[key.type].name, isNullable: false });
          return ordered(key, boundAt(end, index, of));
        });
        const sign = isForward === descending ? sql`<` : sql`>`;
        return sql` and ${columns} ${sign} ${list(given)}`;
      };
      return sql`${beyond('after', true)}${beyond('before', false)}`;
    },
    order: (page) =>
      join(
        inOrder.map((column) => (isBelow(page) ? sql`${column} desc` : column)),
        ', ',
      ),
    direction: (page) => (isBelow(page) ? sql`desc` : sql`asc`),
  };
}

/** The value of a cursor's key. */
const boundAt = (end: 'after' | 'before', index: number, of: SqlType<string | null>): Fragment<PageValues> =>
  index === 0 ? parameter(`${end}1`, of) : index === 1 ? parameter(`${end}2`, of) : parameter(`${end}3`, of);

/** The parameters of a page's statement, by name. */
export const pageValues = ({ size, after, before }: Page): PageValues => ({
  size: size + 1,
  after1: after?.[0] ?? null,
  after2: after?.[1] ?? null,
  after3: after?.[2] ?? null,
  before1: before?.[0] ?? null,
  before2: before?.[1] ?? null,
  before3: before?.[2] ?? null,
});

/** The parts of a page that make another statement. */
export const shapeOfPage = ({ backward, after, before }: Page): string =>
  `${backward ? 'b' : 'f'}${after ? 'a' : ''}${before ? 'b' : ''}`;

/**
 * Takes the first rows of an ordered query, at most one more than the largest page. The inner limit is for the planner:
 * it takes an unknown limit for a tenth of all rows, and would plan each page again.
 */
export const firstOf = <Parameters>(ordered: Fragment<Parameters>): Fragment<Parameters & Pick<PageValues, 'size'>> =>
  sql`select * from (${ordered} limit ${largestPage + 1}) page limit ${parameter('size', bigint)}` as Fragment<
    Parameters & Pick<PageValues, 'size'>
  >;

/** Counts rows, given from `from` on, and stops at one more than the bound. */
export const countOf = <Parameters>(from: Fragment<Parameters>): Fragment<Parameters> =>
  sql`select count(*)::int as count from (select from ${from} limit ${countBound + 1}) counted` as Fragment<Parameters>;

/** What a list takes besides the parameters of its pages. */
type Taken<Parameters> = Omit<Parameters, 'tenantId' | 'viewerAgentId' | keyof PageValues>;

/**
 * Describes a list that is read page by page in one statement and counted in another. `Shape` is what its statements
 * differ by, `Parts` the selection of its rows, and `Parameters` what they take.
 */
export type PagedList<Shape, Parts, Parameters, Row, Node> = {
  keyset: Keyset;
  /** The keys of a row's cursor. */
  keysOf(row: Node): readonly string[];
  /** The select list. `isLarge` says that the page may be larger than the default. */
  select(parts: Parts, isLarge: boolean): Selected<Row>;
  /** The same parts with all their columns, for when there are too many shapes. */
  whole(parts: Parts): Parts;
  /**
   * The tables and conditions. `within` are further conditions. `then` follows them where rows must be found in order.
   * `page` is null where the list is counted.
   */
  from(shape: Shape, within: Fragment<PageValues>, then: Fragment, page: Page | null): Fragment<Parameters>;
  /** Whether its statements may take a second, because something must be computed for each row. */
  isSlow?(shape: Shape): boolean;
  /**
   * How the list is counted where the count is bounded by examined rows: `count` of the rows that were found, and
   * `isWhole` when all were examined. Null for a list that is found without examining others.
   */
  countLooked?(shape: Shape): Fragment<Parameters> | null;
  /** Converts the rows for their readers. */
  read(rows: Row[], isLarge: boolean): Node[];
};

/** Creates the function that reads one page of a list. It throws VALIDATION_FAILED for invalid page arguments. */
export function pagesOf<Shape extends object, Parts extends object, Parameters, Row, Node>(
  list: PagedList<Shape, Parts, Parameters, Row, Node>,
) {
  const { from, select, whole, read, keysOf } = list;
  type Run = <Found>(statement: Statement<unknown, Found>, values: object) => Promise<Found[]>;

  const shapeOf = (shape: Shape, page: Page) =>
    `${JSON.stringify(shape)} ${shapeOfPage(page)} ${page.size > defaultPage}`;
  const pageStatement = oncePerShape(shapeOf, (parts: Parts, shape: Shape, page: Page) => {
    const order = sql`order by ${list.keyset.order(page)}`;
    const reading = (what: Parts): Statement<unknown, Row> => {
      const selected = select(what, page.size > defaultPage);
      const ordered = sql`select ${selected} from ${from(shape, list.keyset.within(page), order, page) as Fragment} ${order}`;
      return statement(selected)`${firstOf(ordered) as Fragment}`;
    };
    return preparedOrNot(narrowest(reading(parts), () => reading(whole(parts))));
  });
  const countStatement = oncePerShape(
    (shape: Shape) => JSON.stringify(shape),
    (_: object, shape: Shape): Statement<unknown, { count: number; isWhole: boolean }> => {
      const looked = list.countLooked?.(shape);
      const counted = rows({ count: integer, isWhole: boolean });
      if (looked) return preparedOrNot(statement(counted)`${looked as Fragment}`);
      const all = countOf(from(shape, none, none, null) as Fragment);
      return preparedOrNot(statement(counted)`select c.count, true as "isWhole" from (${all}) c`);
    },
  );

  return async (db: TenantDatabase, shape: Shape, values: Taken<Parameters>, args: PageArguments, parts: Parts) => {
    // The parameters that `query` gets have the types of this function's own arguments.
    const run = (list.isSlow?.(shape) ? db.slowQuery : db.query) as unknown as Run;
    const page = list.keyset.page(args);
    const found = await run(pageStatement(parts, shape, page), { ...values, ...pageValues(page) });
    return connectionOf(page, read(found, page.size > defaultPage), keysOf, async () => {
      const { count = 0, isWhole = true } = (await run(countStatement(list, shape), { ...values }))[0] ?? {};
      // The end of a list that was not examined completely is not known.
      return isWhole || count > countBound ? totalOf(count) : { totalCount: null, totalCountAtLeast: count };
    });
  };
}
