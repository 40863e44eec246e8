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
  /** The lists below it whose rows can be counted before they are read, with the work of each row. */
  readonly lists: readonly { readonly count: CountBelow; readonly work: number }[];
  /** The bytes of its names, and of values with a known length. */
  readonly bytes: number;
  /** Properties with long values, and under how many names each is selected. */
  readonly long: readonly { readonly property: string; readonly times: number }[];
  /** How many long values a row has, those of its inner objects too. */
  readonly values: number;
  /** Objects that are a part of the row. */
  readonly inner: readonly { readonly property: string; readonly price: Price }[];
};

/** Counts the rows that lists of these parents have in all. Stops above the most that a result may have. */
export type CountBelow = (db: TenantDatabase, parentIds: readonly string[]) => Promise<number>;

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
