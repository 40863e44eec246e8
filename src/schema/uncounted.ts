import { setImmediate as eventLoopTurn } from 'node:timers/promises';
import type { Viewer } from '../auth/viewer.ts';
import type { TenantDatabase } from '../database/database.ts';
import type { Loader } from '../database/loaders.ts';
import { ResultLimit } from '../errors/catalogue.ts';
import type { Price, WorkBelow } from '../operations/price.ts';
import type { ResultSize } from '../operations/result-size.ts';
import { manyRows, type Row, rowsOf, workBelow } from './result-size.ts';

/**
 * The rows of an operation below which nothing was counted, because they are few. Their lists can be long nevertheless.
 * That is noticed when the lists are read: then they are counted, and not read where the result has no room for them.
 */
export class Uncounted {
  readonly #viewer: Viewer;
  readonly #db: TenantDatabase;
  readonly #size: ResultSize;
  #rows: Map<Price, Row[]> | null = null;
  /** What lists that are being read take of the room that the result has. */
  #reserved: WorkBelow = nothing;
  /** Called when one of them has been read. */
  #waiting: (() => void)[] = [];

  constructor(viewer: Viewer, db: TenantDatabase, size: ResultSize) {
    this.#viewer = viewer;
    this.#db = db;
    this.#size = size;
  }

  /** Records a list or row of that price, and the rows inside of it. */
  add(found: object, price: Price): void {
    if (price.below.length > 0) {
      this.#rows ??= new Map();
      const rows = rowsOf(found);
      const before = this.#rows.get(price);
      if (before) before.push(...rows);
      else this.#rows.set(price, [...rows]);
    }
    for (const { property, price: inner } of price.within)
      this.add(
        rowsOf(found).flatMap((row) => row[property] ?? []),
        inner,
      );
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
    const reserved = await this.#reserve(lists.counted, new Set(keys.map(lists.parentOf)));
    try {
      return await load(this.#db, keys);
    } finally {
      this.#reserved = less(this.#reserved, reserved);
      for (const wake of this.#waiting.splice(0)) wake();
    }
  }

  /**
   * Reserves room for the lists of these parents: for the most that they can have, or for what they have where that is
   * too much. Waits where lists that are being read have reserved the room, since most reserve more than they need.
   */
  async #reserve(counted: object, parents: ReadonlySet<unknown>): Promise<WorkBelow> {
    const places = this.#placesOf(counted, parents);
    let wanted: WorkBelow = { work: places.reduce((sum, { max }) => sum + max, 0), bytes: 0 };
    if (!this.#fits(wanted)) {
      wanted = nothing;
      for (const { below, rows } of places) {
        wanted = more(wanted, await workBelow(rows, { below }, this.#db, this.#viewer));
        if (isMore(wanted, this.#size.room)) throw new ResultLimit();
      }
    }
    while (!this.#fits(wanted)) {
      if (isMore(wanted, this.#size.room)) throw new ResultLimit();
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
      // Until what was read has been counted.
      await eventLoopTurn();
    }
    // Without a wait after the check: another list must not find the same room.
    this.#reserved = more(this.#reserved, wanted);
    return wanted;
  }

  #fits(wanted: WorkBelow): boolean {
    return !isMore(more(this.#reserved, wanted), this.#size.room);
  }

  /** Where the rows of these parents stand, what is below them of that kind, and the most work that it can be. */
  #placesOf(counted: object, parents: ReadonlySet<unknown>) {
    return [...(this.#rows ?? [])].flatMap(([{ below: all }, rows]) => {
      const below = all.filter(({ count }) => count === counted);
      const some = rows.filter((row) => below.some(({ by }) => parents.has(row[by])));
      const max = some.length * below.reduce((sum, { maxRowsPerParent, work }) => sum + maxRowsPerParent * work, 0);
      return some.length > 0 ? [{ below, rows: some, max }] : [];
    });
  }
}

const nothing: WorkBelow = { work: 0, bytes: 0 };
const more = (one: WorkBelow, other: WorkBelow) => ({ work: one.work + other.work, bytes: one.bytes + other.bytes });
const less = (one: WorkBelow, other: WorkBelow) => ({ work: one.work - other.work, bytes: one.bytes - other.bytes });
const isMore = (one: WorkBelow, room: WorkBelow) => one.work > room.work || one.bytes > room.bytes;
