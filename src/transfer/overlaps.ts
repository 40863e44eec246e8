/** The rows of a file that hang together with some of its rows. */
export type Around<Row> = {
  /** In the file's order. */
  rows: Row[];
  /** Lines of those of these rows that hang together with more than is here. */
  cut: ReadonlySet<number>;
};

/** Rows of a file that name the same, found with little memory. */
export interface Overlaps<Row> {
  /** Takes note of a row's keys: every row of the file comes here first. */
  note(row: Row): void;
  /** Whether any rows that were noted may have a key in common. */
  readonly hasAny: boolean;
  /** Keeps a row for the others that have a key in common with it: every row of the file comes here then. */
  keep(row: Row): void;
  /** Returns the earlier rows that these have a key in common with, directly or through others, in their order. */
  before(rows: readonly Row[]): Row[];
  /** Returns these rows, and all that have a key in common with them, directly or through others. */
  around(rows: readonly Row[]): Around<Row>;
  /** Returns the first 100 kept rows that have that key. */
  naming(key: string): Row[];
}

/** Bits of a set of keys' hashes: 16 MB. Keys that share a bit by chance cost only that their rows are kept. */
const bits = 2 ** 27;
const maxKept = 100_000;
const maxCharacters = 50_000_000;
const maxBefore = 2_000;
/** What one row may hang together with, by weight, and how many rows those of a batch may. */
const heaviestGroup = 4_000;
const maxAround = 6_000;
const maxNaming = 100;

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

/** What is known of rows: what they name, and how much of a batch each takes. */
type Facts<Row> = { keysOf(row: Row): readonly string[]; weightOf(row: Row): number };

/**
 * Creates the overlaps of rows by their keys: of the first 100,000 rows that have any, and of 50 million characters.
 * It returns at most 2,000 rows before others, and 6,000 around them.
 */
export function createOverlaps<Row extends { line: number }>({ keysOf, weightOf }: Facts<Row>): Overlaps<Row> {
  const once = new Uint8Array(bits / 8);
  const twice = new Uint8Array(bits / 8);
  /** What rows are named by that had no place. */
  let missed: Uint8Array | null = null;
  let hasAny = false;
  let characters = 0;
  const byKey = new Map<string, number[]>();
  const kept: Row[] = [];
  const placesOf = (keys: readonly string[]) => keys.flatMap((key) => byKey.get(key) ?? []);
  const rowAt = (place: number) => kept[place] as Row;

  /** All that hangs together with a row. Null where that is too much, or not all of it was kept. */
  function group(row: Row, heavy: Set<string>): Map<number, Row> | null {
    const lines = new Map([[row.line, row]]);
    let weight = weightOf(row);
    const seen = new Set<string>();
    for (let left: readonly string[] = keysOf(row); left.length > 0; ) {
      const fresh = left.filter((key) => !seen.has(key) && seen.add(key));
      const places = new Set(placesOf(fresh));
      const isCut = fresh.some((key) => heavy.has(key) || (missed && has(missed, hash(key))));
      const more = [...places].map(rowAt).filter(({ line }) => !lines.has(line));
      weight += more.reduce((sum, each) => sum + weightOf(each), 0);
      if (isCut || weight > heaviestGroup) {
        for (const key of seen) heavy.add(key);
        return null;
      }
      for (const each of more) lines.set(each.line, each);
      left = more.flatMap(keysOf);
    }
    return lines;
  }

  return {
    note(row) {
      for (const key of new Set(keysOf(row))) {
        const bit = hash(key);
        if (has(once, bit)) hasAny = true;
        put(has(once, bit) ? twice : once, bit);
      }
    },
    get hasAny() {
      return hasAny;
    },
    keep(row) {
      const keys = keysOf(row);
      if (!keys.some((key) => has(twice, hash(key)))) return;
      const length = JSON.stringify(row).length;
      if (kept.length >= maxKept || characters + length > maxCharacters) {
        missed ??= new Uint8Array(bits / 8);
        for (const key of keys) put(missed, hash(key));
        return;
      }
      characters += length;
      for (const key of keys) {
        const places = byKey.get(key);
        if (places) places.push(kept.length);
        else byKey.set(key, [kept.length]);
      }
      kept.push(row);
    },
    before(rows) {
      const first = rows[0]?.line ?? 0;
      const found = new Set<number>();
      const seen = new Set<string>();
      for (let left = rows.flatMap(keysOf); left.length > 0 && found.size < maxBefore; ) {
        const fresh = left.filter((key) => !seen.has(key) && seen.add(key));
        const more = placesOf(fresh).filter((place) => !found.has(place) && rowAt(place).line < first);
        for (const place of more) found.add(place);
        left = [...new Set(more)].flatMap((place) => keysOf(rowAt(place)));
      }
      const inOrder = [...found].sort((one, other) => one - other).slice(-maxBefore);
      return inOrder.map(rowAt);
    },
    naming: (key) => (byKey.get(key) ?? []).slice(0, maxNaming).map(rowAt),
    around(rows) {
      const all = new Map<number, Row>();
      const cut = new Set<number>();
      const heavy = new Set<string>();
      for (const row of rows) {
        if (all.has(row.line)) continue;
        const lines = all.size < maxAround ? group(row, heavy) : null;
        if (!lines) cut.add(row.line);
        for (const [line, each] of lines ?? [[row.line, row]]) all.set(line, each);
      }
      return { rows: [...all.values()].sort((one, other) => one.line - other.line), cut };
    },
  };
}
