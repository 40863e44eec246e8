import type { Scope } from '../auth/scopes.ts';
import type { TenantDatabase } from '../database/database.ts';

/**
 * The cost of one row at a place in a document, without the lists and rows below it, which are counted when they are
 * found.
 */
export type Price = {
  /** The selected fields. Fields with resolvers count several times. About 2 µs each. */
  readonly work: number;
  /** The same with the single rows that belong to it. */
  readonly deepWork: number;
  /** The work of the single rows that certainly hang on it, because they cannot be null. */
  readonly certainWork: number;
  /** What is below it and can be counted before it is read. */
  readonly below: readonly Below[];
  /** The bytes of its names, and of values with a known length. */
  readonly bytes: number;
  /** Properties with long values, and under how many names each is selected. */
  readonly long: readonly { readonly property: string; readonly times: number }[];
  /** How many long values a row has, those of its inner objects too. */
  readonly values: number;
  /** Objects that are a part of the row. */
  readonly inner: readonly { readonly property: string; readonly price: Price }[];
  /** Objects inside of the row below which something can be counted: its parts, and the row of an edge. */
  readonly within: readonly { readonly property: string; readonly price: Price }[];
};

/** The price of nothing. */
export const noPrice: Price = {
  work: 0,
  deepWork: 0,
  certainWork: 0,
  below: [],
  bytes: 0,
  long: [],
  values: 0,
  inner: [],
  within: [],
};

/** A list, a page or a long value below a row. */
export type Below = {
  readonly count: CountBelow;
  /** The scope without which it is not read. */
  readonly scope: Scope | undefined;
  /** The property of the row with the id of what it belongs to. */
  readonly by: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** The most rows that each parent can have: those of a page. Infinite for a list without pages. */
  readonly maxRowsPerParent: number;
  /** The work of each of its rows. */
  readonly work: number;
};

/** The work and the bytes below the rows of a list. */
export type WorkBelow = { readonly work: number; readonly bytes: number };

/** The rows of lists, and the bytes that are read for them. */
export type Counted = { readonly rows: number; readonly bytes: number };

/**
 * Counts what the lists, pages or long values of these parents have in all, with the field's arguments. An id counts
 * as often as it is given. Stops above the most that a result may have.
 */
export type CountBelow = (
  db: TenantDatabase,
  parentIds: readonly string[],
  args: Readonly<Record<string, unknown>>,
) => Promise<Counted>;

/** Returns the bytes of a row's long values. Calls back with the number of values of each list among them. */
export function longBytes(row: object, { long, inner }: Price, addValues: (count: number) => void): number {
  let bytes = 0;
  for (const { property, times } of long) {
    const value = (row as Record<string, unknown>)[property];
    if (value == null) continue;
    if (typeof value === 'string') bytes += times * textBytes(value);
    else if (Array.isArray(value)) {
      addValues(times * value.length);
      bytes += times * bytesOf(value);
    } else bytes += times * bytesOf(value);
  }
  for (const { property, price } of inner) {
    const part = (row as Record<string, unknown>)[property];
    if (typeof part === 'object' && part !== null) bytes += longBytes(part, price, addValues);
  }
  return bytes;
}

// The encoding of a short text makes no difference.
const textBytes = (text: string) => (text.length < 64 ? text.length : Buffer.byteLength(text));

/** Returns the bytes of a value as JSON. */
export function bytesOf(value: unknown): number {
  if (value == null) return 4;
  if (typeof value === 'string') return textBytes(value) + 2;
  if (value instanceof Date) return 26;
  if (typeof value !== 'object') return 8;
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + 1 + bytesOf(item), 2);
  return Buffer.byteLength(JSON.stringify(value));
}
