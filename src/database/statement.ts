import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { getDatamodel } from './generated/pothos.ts';

/** A SQL statement that is prepared once per connection, by its name. */
export type Prepared = {
  readonly name: string;
  readonly text: string;
  /** Whether it may take so long that quick statements must not wait behind it. */
  readonly slow?: boolean;
  /** Whether it is sent without being prepared, because there are too many of its kind. */
  readonly unprepared?: boolean;
};

/** What a connection reads by. A batched read has a statement for many callers too. */
export type Readable = Prepared & { readonly forMany?: Prepared };

/** Names of texts, in bounded memory: Prisma's statements come here too, and one that writes many rows is long. */
const byText = new LRUCache<string, string>({
  maxSize: 20_000_000,
  sizeCalculation: (_, text) => 200 + 2 * text.length,
});

/** Returns the name under which a statement is prepared. The same text always has the same name. */
export function statementName(text: string): string {
  let name = byText.get(text);
  if (name === undefined) {
    name = `s_${createHash('sha1').update(text).digest('hex').slice(0, 20)}`;
    byText.set(text, name);
  }
  return name;
}

// A statement that may wait for a lock or the disk would hold up those that are sent after it.
const waits = /\b(insert|update|delete|for share|for key share|pg_sleep|pg_advisory\w*)\b/i;
const waiting = new WeakMap<Prepared, boolean>();

/** Returns whether a statement may wait, because it writes or locks. */
export function mayWait(statement: Prepared): boolean {
  let may = waiting.get(statement);
  if (may === undefined) {
    may = waits.test(statement.text);
    waiting.set(statement, may);
  }
  return may;
}

/**
 * The input of the statement for many: each caller's number `n`, and its parameters by place, where 0 is the tenant.
 */
export const askedByMany = (callers: readonly (readonly (string | null)[])[]): string =>
  JSON.stringify(callers.map((values, n) => ({ n, ...values })));

/**
 * Returns whether PostgreSQL accepts the value inside a JSON text. It refuses the whole text for one that it does not.
 */
export const isStorable = (value: string | null): boolean =>
  value === null || (!value.includes('\0') && value.isWellFormed());

/**
 * A statement that does the same for several callers, each in its tenant. `TenantDatabase.batchedWrite` runs it. It
 * returns `n` with the outcome for each caller, and no row for a caller that it could not serve without waiting.
 */
export type BatchedWriteStatement<Row> = Prepared & {
  readonly shared: true;
  /** The form for callers of one tenant, which is its second parameter. */
  readonly ofTenant: Prepared;
  /** Never set. It carries the type of a row. */
  readonly row?: Row & { n: number };
};

// A prepared statement takes some ten kB of PostgreSQL's memory on every connection. Batched reads have the most
// different selections, so they have a bound of their own and leave room for lists, which gain the most.
const maxNarrowed = { list: 200, batchedRead: 50 };
const narrowed = { list: new Set<string>(), batchedRead: new Set<string>() };

/**
 * Chooses between two statements that read the same rows: the one with only the selected columns for the first 200
 * selections, or the first 50 of batched reads, because clients may select what they like. Others get the `whole` one.
 */
export function narrowest<Narrow extends { readonly name: string }>(
  narrow: Narrow,
  whole: () => Narrow,
  kind: keyof typeof narrowed = 'list',
): Narrow {
  const names = narrowed[kind];
  if (names.has(narrow.name)) return narrow;
  const all = whole();
  if (narrow.name === all.name || names.size >= maxNarrowed[kind]) return all;
  names.add(narrow.name);
  return narrow;
}

/** The names of all fields of models that are timestamps. */
const timestamps: ReadonlySet<string> = new Set(
  Object.values(getDatamodel().datamodel.models).flatMap(({ fields }) =>
    fields.filter(({ type }) => type === 'DateTime').map(({ name }) => name),
  ),
);

/**
 * Converts the texts of timestamps in rows from JSON to dates, in these columns, or in those that models define as
 * timestamps.
 */
export function parseTimestamps(rows: readonly object[], columns?: readonly string[]): void {
  const [first] = rows as readonly Record<string, unknown>[];
  if (!first) return;
  for (const column of columns ?? Object.keys(first).filter((name) => timestamps.has(name))) {
    for (const row of rows as readonly Record<string, unknown>[]) {
      const timestamp = row[column];
      if (typeof timestamp === 'string') row[column] = new Date(timestamp);
    }
  }
}

/** Memoizes by parts: parts are created once per document, which comes again and again. */
export function oncePer<Parts extends object, Made>(make: (parts: Parts) => Made): (parts: Parts) => Made {
  const before = new WeakMap<Parts, Made>();
  return (parts) => {
    let made = before.get(parts);
    if (made === undefined) {
      made = make(parts);
      before.set(parts, made);
    }
    return made;
  };
}

/** How many statements are kept for the same parts. Others are made each time. */
const maxShapes = 200;

/** Memoizes by parts and a shape: the first 200 shapes of the same parts. */
export function oncePerShape<Parts extends object, Args extends unknown[], Made>(
  shape: (...args: Args) => string,
  make: (parts: Parts, ...args: Args) => Made,
): (parts: Parts, ...args: Args) => Made {
  const ofParts = oncePer((_: Parts) => new Map<string, Made>());
  return (parts, ...args) => {
    const before = ofParts(parts);
    const key = shape(...args);
    let made = before.get(key);
    if (made === undefined) {
      made = make(parts, ...args);
      if (before.size < maxShapes) before.set(key, made);
    }
    return made;
  };
}
