import { Problem } from '../errors/catalogue.ts';
import type { TenantDatabase } from './database.ts';
import { asUuid } from './ids.ts';
import { batchedRead, type Statement, tenantStatement } from './statement.ts';
import { queryAsViewer, type ViewerStatement } from './viewers.ts';

/** How the values for many keys are read in one statement: in the keys' order, one value a key. */
export type Loader<Key, Loaded> = {
  load(database: TenantDatabase, keys: readonly Key[]): Promise<readonly Loaded[]>;
  /** How many keys one statement may have, where each can lead to much; without, any number. */
  most?: number;
  /** What tells two keys apart, where the keys are objects. */
  identity?: (key: Key) => string;
};

/** A loader's statement; where viewers differ, the agent is $3. */
type Reading<Row> = Statement<Row> | ViewerStatement<Row>;

/** How a single key is looked up: together with those of other callers, or, where that takes long or may find much, by itself. */
export type ByOneKey = 'batched' | 'alone';

/** Reads the rows of keys, by a statement whose $2 is an array of them. */
export function readerOf<Row>(
  reading: Reading<Row>,
  one: ByOneKey = 'alone',
): (database: TenantDatabase, keys: readonly string[]) => Promise<Row[]> {
  const ofOne = (statement: Statement<Row>) =>
    one === 'batched' ? batchedRead(ofOneKey(statement)) : ofOneKey(statement);
  const many = 'all' in reading ? reading : { all: reading, ofAgent: null };
  const single = { all: ofOne(many.all), ofAgent: many.ofAgent && ofOne(many.ofAgent) };
  return (database, keys) => {
    const isOne = keys.length === 1;
    const { all, ofAgent } = isOne ? single : many;
    const value = isOne ? (keys[0] as string) : keys;
    return ofAgent ? queryAsViewer(database, { all, ofAgent }, value) : database.query(all, value);
  };
}

/**
 * The statement with one key as $2 instead of an array of keys: of an array PostgreSQL supposes that it has ten keys, so it would plan each
 * array of one anew, which takes longer than to read the row.
 */
export function ofOneKey<Row>(statement: Statement<Row>): Statement<Row> {
  const text = statement.text
    .replaceAll(/\bany\(\$2::(\w+)\[\]\)/g, (_, type) => `$2::${type}`)
    .replaceAll(/\bunnest\(\$2::(\w+)\[\]\)/g, (_, type) => `(values ($2::${type}))`);
  if (text === statement.text) throw new Error(`A loader's statement must say "any($2::type[])": ${text}`);
  return tenantStatement(text);
}

/** The rows of a statement whose $2 is an array of keys, by the key's column. */
function grouped<Row>(rows: readonly Row[], key: keyof Row): Map<unknown, Row[]> {
  const groups = new Map<unknown, Row[]>();
  for (const row of rows) {
    const group = groups.get(row[key]);
    if (group) group.push(row);
    else groups.set(row[key], [row]);
  }
  return groups;
}

/** One row a key, or null. The statement takes the keys as $2. UUIDs in any spelling; what is no UUID finds nothing and costs nothing. */
export function oneByUuid<Row>(
  statement: Reading<Row>,
  key: keyof Row & string,
  one: ByOneKey = 'batched',
): Loader<string, Row | null> {
  const read = readerOf(statement, one);
  return {
    async load(database, ids) {
      const uuids = ids.map(asUuid);
      const wanted = uuids.filter((id) => id !== null);
      if (wanted.length === 0) return ids.map(() => null);
      const rows = new Map<unknown, Row>();
      for (const row of await read(database, wanted)) rows.set(row[key], row);
      return uuids.map((id) => (id && rows.get(id)) || null);
    },
  };
}

/** One row a key, or null, by a key that is plain text. */
export function oneByText<Row>(
  statement: Statement<Row>,
  key: keyof Row & string,
  one: ByOneKey = 'batched',
): Loader<string, Row | null> {
  const read = readerOf(statement, one);
  return {
    async load(database, keys) {
      const rows = new Map<unknown, Row>();
      for (const row of await read(database, keys)) rows.set(row[key], row);
      return keys.map((id) => rows.get(id) ?? null);
    },
  };
}

/** Every row of each key, in the statement's order. The keys come from rows already read, so they are ids as they should be. */
export function manyBy<Row>(statement: Reading<Row>, key: keyof Row & string): Loader<string, Row[]> {
  const read = readerOf(statement);
  return {
    async load(database, ids) {
      const groups = grouped(await read(database, ids), key);
      return ids.map((id) => groups.get(id) ?? []);
    },
  };
}

/** How many rows an unpaged list may have, or all the lists of one level of a query together. */
export const mostRows = 10_000;

/** The same for the short lists that every row of an unpaged list has. */
export const mostInner = 100_000;

/** The rows of an unpaged list, or RESULT_TOO_LARGE. Its statement may stop at one row more than the most. */
export function boundedRows<Row>(rows: Row[], what: string): Row[] {
  if (rows.length <= mostRows) return rows;
  throw new Problem('RESULT_TOO_LARGE', `There are more than ${mostRows} ${what}.`);
}

/** The loader, but RESULT_TOO_LARGE when it finds more rows than that at once. Its statement may stop at one row more. */
export function bounded<Key, Row>(loader: Loader<Key, Row[]>, rows: string, most = mostRows): Loader<Key, Row[]> {
  return {
    ...loader,
    async load(database, keys) {
      const lists = await loader.load(database, keys);
      if (lists.reduce((sum, list) => sum + list.length, 0) <= most) return lists;
      throw new Problem('RESULT_TOO_LARGE', `There are more than ${most} ${rows}.`);
    },
  };
}
