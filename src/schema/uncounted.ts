import type { Viewer } from '../auth/viewer.ts';
import type { TenantDatabase } from '../database/database.ts';
import type { Loader } from '../database/loaders.ts';
import { ResultLimit } from '../errors/catalogue.ts';
import type { Price } from '../operations/price.ts';
import type { ResultSize } from '../operations/result-size.ts';
import { manyRows, workBelow } from './result-size.ts';

type Row = Readonly<Record<string, unknown>>;

/**
 * The rows of an operation below which nothing was counted, because they are few. Their lists can be long nevertheless.
 * That is noticed when the lists are read: then they are counted, and not read where the result has no room for them.
 */
export class Uncounted {
  readonly #viewer: Viewer;
  readonly #db: TenantDatabase;
  readonly #size: ResultSize;
  #rows: Map<Price, Row[]> | null = null;
  /** The work of lists that are being read and are known to fit. */
  #expected = 0;

  constructor(viewer: Viewer, db: TenantDatabase, size: ResultSize) {
    this.#viewer = viewer;
    this.#db = db;
    this.#size = size;
  }

  /** Records a list or row of that price, and the rows inside of it. */
  add(found: object, price: Price): void {
    if (price.below.length > 0) {
      this.#rows ??= new Map();
      const rows = Array.isArray(found) ? found : [found];
      const before = this.#rows.get(price);
      if (before) before.push(...rows);
      else this.#rows.set(price, [...rows]);
    }
    for (const { property, price: inner } of price.within) {
      const rows: unknown[] = Array.isArray(found) ? found : [found];
      this.add(
        rows.flatMap((row) => (row as Row | null)?.[property] ?? []),
        inner,
      );
    }
  }

  /** Forgets all rows, before the next event of a subscription. */
  clear(): void {
    this.#rows = null;
  }

  /** Reads by a loader. Throws ResultLimit for long lists of which the result cannot have all. */
  async read<Key, Loaded>(loader: Loader<Key, Loaded>, keys: readonly Key[]): Promise<readonly Loaded[]> {
    const { lists, load } = loader;
    if (!lists) return load(this.#db, keys);
    // Below many rows they were counted.
    const found = keys.length < manyRows ? await lists.short(this.#db, keys) : null;
    if (found) return found;
    const work = await this.#work(lists.counted, new Set(keys.map(lists.parentOf)));
    this.#expected += work;
    try {
      return await load(this.#db, keys);
    } finally {
      this.#expected -= work;
    }
  }

  /** The work of the lists of these parents, as far as it may be more than there is room for. */
  async #work(counted: object, parents: ReadonlySet<unknown>): Promise<number> {
    const places = [...(this.#rows ?? [])].flatMap(([{ below: all }, rows]) => {
      const below = all.filter(({ count }) => count === counted);
      const some = rows.filter((row) => below.some(({ by }) => parents.has(row[by])));
      const most = some.length * below.reduce((sum, { most, work }) => sum + most * work, 0);
      return some.length > 0 ? [{ below, rows: some, most }] : [];
    });
    const most = places.reduce((sum, place) => sum + place.most, 0);
    if (most + this.#expected <= this.#size.room.work) return most;
    const total = { work: 0, bytes: 0 };
    for (const { below, rows } of places) {
      const { work, bytes } = await workBelow(rows, { below }, this.#db, this.#viewer);
      total.work += work;
      total.bytes += bytes;
      const { room } = this.#size;
      if (total.work + this.#expected > room.work || total.bytes > room.bytes) throw new ResultLimit();
    }
    return total.work;
  }
}
