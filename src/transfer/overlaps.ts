/** Rows of a file that name the same, found with little memory. */
export interface Overlaps<Row> {
  /** Takes note of a row's keys: every row of the file comes here first. */
  note(row: Row): void;
  /** Keeps a row for those that come after it, where any of them may have a key of its. */
  keep(row: Row): void;
  /** Returns the kept rows that these have a key in common with, directly or through others, in their order. */
  before(rows: readonly Row[]): Row[];
}

/** Bits of a set of keys' hashes: 16 MB. Keys that share a bit by chance cost only that their rows are kept. */
const bits = 2 ** 27;
const mostKept = 100_000;
const mostBefore = 2_000;

/** A hash of 27 bits (FNV-1a). */
function hash(key: string): number {
  let value = 2_166_136_261;
  for (let at = 0; at < key.length; at += 1) value = Math.imul(value ^ key.charCodeAt(at), 16_777_619);
  return (value >>> 0) % bits;
}

const has = (set: Uint8Array, bit: number) => (((set[bit >>> 3] ?? 0) >>> (bit & 7)) & 1) === 1;
const put = (set: Uint8Array, bit: number) => {
  set[bit >>> 3] = (set[bit >>> 3] ?? 0) | (1 << (bit & 7));
};

/** Creates the overlaps of rows by their keys: of the first 100,000 rows that have any, and 2,000 at a time. */
export function createOverlaps<Row>(keysOf: (row: Row) => readonly string[]): Overlaps<Row> {
  const once = new Uint8Array(bits / 8);
  const twice = new Uint8Array(bits / 8);
  const byKey = new Map<string, number[]>();
  const kept: Row[] = [];
  return {
    note(row) {
      for (const key of keysOf(row)) {
        const bit = hash(key);
        put(has(once, bit) ? twice : once, bit);
      }
    },
    keep(row) {
      const keys = keysOf(row);
      if (kept.length >= mostKept || !keys.some((key) => has(twice, hash(key)))) return;
      for (const key of keys) byKey.set(key, [...(byKey.get(key) ?? []), kept.length]);
      kept.push(row);
    },
    before(rows) {
      const found = new Set<number>();
      const seen = new Set<string>();
      for (let left = rows.flatMap(keysOf); left.length > 0 && found.size < mostBefore; ) {
        const fresh = left.filter((key) => !seen.has(key) && seen.add(key));
        const more = fresh.flatMap((key) => byKey.get(key) ?? []).filter((place) => !found.has(place));
        for (const place of more) found.add(place);
        left = [...new Set(more)].flatMap((place) => keysOf(kept[place] as Row));
      }
      const inOrder = [...found].sort((one, other) => one - other).slice(-mostBefore);
      return inOrder.map((place) => kept[place] as Row);
    },
  };
}
