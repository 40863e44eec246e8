import { Problem, type Violation } from '../errors/catalogue.ts';

/** The unchecked arguments of every connection. */
export type PageArguments = {
  first?: number | null | undefined;
  after?: string | null | undefined;
  last?: number | null | undefined;
  before?: string | null | undefined;
};

/**
 * Returns whether a cursor's key is a timestamp of PostgreSQL in the spelling of toISOString. JavaScript also reads
 * February 30 and the year 0.
 */
export function isTimestamp(text: string): boolean {
  const timestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text) ? new Date(text) : null;
  return (
    timestamp !== null &&
    !Number.isNaN(timestamp.getTime()) &&
    timestamp.toISOString() === text &&
    timestamp.getUTCFullYear() > 0
  );
}

/** The rows of an ordered list that a statement has to read. */
export type Page = {
  size: number;
  /** Whether to read from the end of the list. */
  backward: boolean;
  /** The keys of the rows to begin after and to end before. Null for the list's ends. */
  after: readonly string[] | null;
  before: readonly string[] | null;
};

/** The bound of a count. */
export const countBound = 10_000;

/** The length of a list: exact up to the bound, else null with a lower bound. */
export type Total = { totalCount: number | null; totalCountAtLeast: number };

/** Returns the length for a count that stops at one more than the bound. */
export const totalOf = (count: number): Total =>
  count > countBound
    ? { totalCount: null, totalCountAtLeast: countBound }
    : { totalCount: count, totalCountAtLeast: count };

/** How many rows a page has by default, and at most. */
export const defaultPage = 20;
export const largestPage = 100;

const encode = (keys: readonly string[]) => Buffer.from(JSON.stringify(keys)).toString('base64url');

function decode(cursor: string, keys: number, fits: (keys: readonly string[]) => boolean): readonly string[] | null {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    const good = Array.isArray(parsed) && parsed.length === keys && parsed.every((key) => typeof key === 'string');
    return good && !cursor.includes('\0') && !parsed.some((key) => key.includes('\0')) && fits(parsed) ? parsed : null;
  } catch {
    return null;
  }
}

/**
 * Reads a connection's arguments: the first 20 rows by default, 100 at most, from either end. `fits` checks that the
 * list's statements accept the keys of a cursor. Throws VALIDATION_FAILED.
 */
export function pageOf(args: PageArguments, keys: number, fits: (keys: readonly string[]) => boolean): Page {
  const errors: Violation[] = [];
  const size = (name: 'first' | 'last') => {
    const value = args[name];
    if (value != null && (value < 0 || value > largestPage))
      errors.push({ path: [name], message: `must be from 0 to ${largestPage}` });
    return value;
  };
  const position = (name: 'after' | 'before') => {
    const cursor = args[name];
    if (cursor == null) return null;
    const decoded = decode(cursor, keys, fits);
    if (!decoded) errors.push({ path: [name], message: 'must be a cursor that this list gave' });
    return decoded;
  };
  const first = size('first');
  const last = size('last');
  if (first != null && last != null) errors.push({ path: ['last'], message: 'must not be given together with first' });
  const page: Page = {
    size: first ?? last ?? defaultPage,
    backward: first == null && last != null,
    after: position('after'),
    before: position('before'),
  };
  if (errors.length > 0)
    throw new Problem('VALIDATION_FAILED', `${errors[0]?.path[0]} ${errors[0]?.message}`, { errors });
  return page;
}

/**
 * Returns the connection of a page. `rows` are in the order of reading, one more than the page's size if there are
 * more. `keysOf` returns the keys of a row's cursor. `total` is called once, and only if selected.
 */
export function connectionOf<Row>(
  page: Page,
  rows: readonly Row[],
  keysOf: (row: Row) => readonly string[],
  total: () => Promise<Total>,
) {
  const more = rows.length > page.size;
  const found = rows.slice(0, page.size);
  if (page.backward) found.reverse();
  const edges = found.map((node) => ({ node, cursor: encode(keysOf(node)) }));
  return {
    edges,
    total: once(total),
    pageInfo: {
      hasNextPage: page.backward ? page.before !== null : more,
      hasPreviousPage: page.backward ? more : page.after !== null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

function once<Made>(make: () => Promise<Made>): () => Promise<Made> {
  let made: Promise<Made> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
