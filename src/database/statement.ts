import { createHash } from 'node:crypto';
import { getDatamodel } from './generated/pothos.ts';

/** A SQL statement that is prepared once a connection, by its name. */
export type Prepared = { readonly name: string; readonly text: string };

/** What a connection reads by: of a batched read also the statement that does the same for many callers. */
export type Readable = Prepared & { readonly forMany?: Prepared };

const byText = new Map<string, string>();

/** The name under which a statement is prepared: the same text always has the same name. */
export function statementName(text: string): string {
  let name = byText.get(text);
  if (name === undefined) {
    name = `s_${createHash('sha1').update(text).digest('hex').slice(0, 20)}`;
    // Prisma's own statements come here too; their number is bounded in practice, this makes it so.
    if (byText.size < 5_000) byText.set(text, name);
  }
  return name;
}

// A statement that may wait for others, for a lock or for the disk, would hold up those that are sent behind it.
const waits = /\b(insert|update|delete|for share|for key share|pg_sleep|pg_advisory\w*)\b/i;
const waiting = new WeakMap<Prepared, boolean>();

/** Whether a statement may wait for others, because it writes or locks. */
export function mayWait(statement: Prepared): boolean {
  let may = waiting.get(statement);
  if (may === undefined) {
    may = waits.test(statement.text);
    waiting.set(statement, may);
  }
  return may;
}

/** What the statement for many takes: each caller's number `n`, and its parameters by their places, of which the tenant's is 0. */
export const askedByMany = (callers: readonly (readonly (string | null)[])[]): string =>
  JSON.stringify(callers.map((values, n) => ({ n, ...values })));

/** Whether a value can stand in a JSON text that PostgreSQL reads: it refuses all of the text for one that cannot. */
export const isStorable = (value: string | null): boolean =>
  value === null || (!value.includes('\0') && value.isWellFormed());

/**
 * A statement that does for several callers at once, each in its tenant, what each asks for: `TenantDatabase.batchedWrite` runs it. It selects `n`
 * with what it did for each of them, and nothing for those for which it could do nothing, or not without waiting.
 */
export type BatchedWriteStatement<Row> = Prepared & {
  readonly shared: true;
  /** Never set: it carries the type of a row. */
  readonly row?: Row & { n: number };
};

// What is prepared stays so on every connection, some ten kB of PostgreSQL's memory each. Batched reads, whose selections differ most, do not
// use up what there is for lists, which gain most.
const mostNarrowed = { list: 200, batchedRead: 50 };
const narrowed = { list: new Set<string>(), batchedRead: new Set<string>() };

/**
 * Of two statements that read the same rows, the one that reads only what was selected: for the first 200 that there are, or the first 50
 * batched reads, since clients may select what they like; for others the `whole` one, which reads everything.
 */
export function narrowest<Narrow extends { readonly name: string }>(
  narrow: Narrow,
  whole: () => Narrow,
  kind: keyof typeof narrowed = 'list',
): Narrow {
  const names = narrowed[kind];
  if (names.has(narrow.name)) return narrow;
  const all = whole();
  if (narrow.name === all.name || names.size >= mostNarrowed[kind]) return all;
  names.add(narrow.name);
  return narrow;
}

/** The names of all the models' fields that are timestamps. */
const timestamps: ReadonlySet<string> = new Set(
  Object.values(getDatamodel().datamodel.models).flatMap(({ fields }) =>
    fields.filter(({ type }) => type === 'DateTime').map(({ name }) => name),
  ),
);

/** Makes timestamps of the texts that they are in JSON, in these columns of rows; without saying which, in those that models call so. */
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

/** The same for the same parts, made once: parts are made once for a document, which comes again and again. */
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

/** The same where what is made also depends on a shape, of which there are few; `shape` tells them apart. */
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
      before.set(key, made);
    }
    return made;
  };
}
