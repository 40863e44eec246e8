import { Problem } from '../errors/catalogue.ts';
import type { TenantDatabase } from './database.ts';
import { asUuid } from './ids.ts';
import type { Keys } from './sql/fragment.ts';
import type { Statement } from './sql/statement.ts';

/** Reads the values for many keys in one statement. Returns one value per key in the keys' order. */
export type Loader<Key, Loaded> = {
  load(database: TenantDatabase, keys: readonly Key[]): Promise<readonly Loaded[]>;
  /** The most keys of one statement, where each can lead to much. Without it there is no limit. */
  maxBatchSize?: number;
  /** The identity of a key, where keys are objects. */
  identity?: (key: Key) => string;
  /** Set where the values are lists that can be long together, however few keys there are. */
  lists?: Lists<Key, Loaded>;
};

/** What is known of lists before all of them are read. */
export type Lists<Key, Loaded> = {
  /** The function that counts them. */
  readonly counted: object;
  parentOf(key: Key): string;
  /** Returns the lists if they are short together, or null. */
  short(database: TenantDatabase, keys: readonly Key[]): Promise<readonly Loaded[] | null>;
};

/** A loader's statement: it finds rows by `keys`, perhaps only those that the viewer sees. */
export type ByKeys<Row> =
  | Statement<Tenant & Keys, Row>
  | Statement<Tenant & Keys & { readonly viewerAgentId: string | null }, Row>;

type Tenant = { readonly tenantId: string };

const read = <Row>(database: TenantDatabase, statement: ByKeys<Row>, keys: readonly string[]): Promise<Row[]> =>
  database.query(statement as Statement<Tenant & Keys, Row>, { keys });

/** The rows of a statement that takes keys, by the key's column. */
function grouped<Row>(rows: readonly Row[], key: keyof Row): Map<unknown, Row[]> {
  const groups = new Map<unknown, Row[]>();
  for (const row of rows) {
    const group = groups.get(row[key]);
    if (group) group.push(row);
    else groups.set(row[key], [row]);
  }
  return groups;
}

/**
 * Loads one row per key, or null. UUIDs may have any spelling. A text that is not a UUID finds nothing and costs no
 * statement.
 */
export function oneByUuid<Row>(statement: ByKeys<Row>, key: keyof Row & string): Loader<string, Row | null> {
  return {
    async load(database, ids) {
      const uuids = ids.map(asUuid);
      const wanted = uuids.filter((id) => id !== null);
      if (wanted.length === 0) return ids.map(() => null);
      const rows = new Map<unknown, Row>();
      for (const row of await read(database, statement, wanted)) rows.set(row[key], row);
      return uuids.map((id) => (id && rows.get(id)) || null);
    },
  };
}

/** Loads one row per key, or null, by a key that is text. */
export function oneByText<Row>(statement: ByKeys<Row>, key: keyof Row & string): Loader<string, Row | null> {
  return {
    async load(database, keys) {
      const rows = new Map<unknown, Row>();
      for (const row of await read(database, statement, keys)) rows.set(row[key], row);
      return keys.map((id) => rows.get(id) ?? null);
    },
  };
}

/** Loads every row of each key in the statement's order. Keys come from rows, so they are valid ids. */
export function manyBy<Row>(statement: ByKeys<Row>, key: keyof Row & string): Loader<string, Row[]> {
  return {
    async load(database, ids) {
      const groups = grouped(await read(database, statement, ids), key);
      return ids.map((id) => groups.get(id) ?? []);
    },
  };
}

/** How many rows an unpaged list may have, or all lists of one level of a query together. */
export const maxRows = 10_000;

/** The same for the short lists that every row of an unpaged list has. */
export const maxInner = 100_000;

/** So many rows of lists are read without counting them first, where rows are short. */
export const maxShort = 2_000;

const lengthOf = (lists: readonly (readonly unknown[])[]) => lists.reduce((sum, list) => sum + list.length, 0);

/**
 * Makes a loader of bounded lists that are counted by that function before they are read, unless they are short
 * together: `short` rows at most. `upTo` creates the loader whose statement stops at one row more than that.
 */
export const countedFirst = <Row>(
  upTo: (max: number) => Loader<string, Row[]>,
  rows: string,
  counted: object,
  short = maxShort,
): Loader<string, Row[]> => {
  const beginning = upTo(short);
  return {
    ...bounded(upTo(maxInner), rows, maxInner),
    lists: {
      counted,
      parentOf: (id) => id,
      async short(database, ids) {
        const lists = await beginning.load(database, ids);
        return lengthOf(lists) <= short ? lists : null;
      },
    },
  };
};

/**
 * Returns the rows of an unpaged list, or throws RESULT_TOO_LARGE. Its statement may stop at one row more than the
 * bound.
 */
export function boundedRows<Row>(rows: Row[], what: string): Row[] {
  if (rows.length <= maxRows) return rows;
  throw new Problem('RESULT_TOO_LARGE', `There are more than ${maxRows} ${what}.`);
}

/**
 * Wraps a loader to throw RESULT_TOO_LARGE when it finds more rows than that at once. Its statement may stop at one row
 * more.
 */
export function bounded<Key, Row>(loader: Loader<Key, Row[]>, rows: string, max = maxRows): Loader<Key, Row[]> {
  return {
    ...loader,
    async load(database, keys) {
      const lists = await loader.load(database, keys);
      if (lengthOf(lists) <= max) return lists;
      throw new Problem('RESULT_TOO_LARGE', `There are more than ${max} ${rows}.`);
    },
  };
}

/**
 * Reads rows for keys of which many differ in their parent only: one call of `read` for each group of the same kind,
 * with all of its parents. Returns the rows of each key in the keys' order.
 */
export async function readByGroups<Key, Row>(
  keys: readonly Key[],
  of: { group(key: NoInfer<Key>): string; parent(key: NoInfer<Key>): string; parentOf(row: NoInfer<Row>): string },
  read: (first: Key, parents: string[]) => Promise<Row[]>,
): Promise<Row[][]> {
  const groups = new Map<string, { first: Key; parents: string[]; rows: Map<string, Row[]> }>();
  for (const key of keys) {
    const group = groups.get(of.group(key));
    if (group) group.parents.push(of.parent(key));
    else groups.set(of.group(key), { first: key, parents: [of.parent(key)], rows: new Map() });
  }
  await Promise.all(
    [...groups.values()].map(async ({ first, parents, rows }) => {
      for (const row of await read(first, parents)) {
        const parent = of.parentOf(row);
        const list = rows.get(parent);
        if (list) list.push(row);
        else rows.set(parent, [row]);
      }
    }),
  );
  return keys.map((key) => groups.get(of.group(key))?.rows.get(of.parent(key)) ?? []);
}
