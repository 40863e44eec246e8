import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { Problem } from '../errors/catalogue.ts';
import { grouped } from './grouped.ts';

/** Turns many small writes into few large ones: what arrives while a batch is written forms the next batch. */
export interface GroupCommit<Item, Result> {
  /**
   * Resolves once the item has been written. Throws UNAVAILABLE when too much is waiting or it has waited too long, and
   * what the write throws.
   */
  submit(item: Item): Promise<Result>;
  /** Waits until everything that was submitted has been written or has failed. */
  drain(): Promise<void>;
}

export type GroupCommitOptions<Item, Result> = {
  /** Writes a batch, all or nothing. Returns one result per item, in order. */
  write(items: readonly Item[]): Promise<readonly Result[]>;
  /**
   * Items of a batch that have different keys are written one after the other, each as a batch of its own. Without it
   * all are written together.
   */
  keyOf?(item: Item): string;
  /** Whether one item may have made a batch fail. Then the batch is written in halves. */
  isItems(error: unknown): boolean;
  /** How many items may wait, and how many form a batch at most. */
  capacity: number;
  batch: number;
  /**
   * The least time between two batches. With one writer a flood costs one transaction per interval. 0 batches one turn
   * of the event loop.
   */
  gather: number;
  /** How many batches are written at once. */
  writers: number;
  /** How long an item may wait until it is written. Without it there is no limit. */
  maxWaitMs?: number;
};

type Waiting<Item, Result> = { item: Item; since: number; done(result: Result): void; failed(error: unknown): void };

/** Writers that take what has gathered, one batch at a time. */
export function createGroupCommit<Item, Result>(options: GroupCommitOptions<Item, Result>): GroupCommit<Item, Result> {
  const { capacity, batch: largest, gather, writers, keyOf, maxWaitMs = Number.POSITIVE_INFINITY } = options;
  const waiting: Waiting<Item, Result>[] = [];
  const unfinished = new Set<Promise<void>>();
  let writing = 0;
  // One writer at a time takes everything, so a second would find nothing.
  let gathering = false;

  /** Writes a batch. Returns the function that settles its items. */
  async function write(batch: readonly Waiting<Item, Result>[]): Promise<() => void> {
    try {
      const results = await options.write(batch.map(({ item }) => item));
      return () => {
        for (const [index, { done }] of batch.entries()) done(results[index] as Result);
      };
    } catch (error) {
      if (batch.length === 1 || !options.isItems(error)) {
        return () => {
          for (const { failed } of batch) failed(error);
        };
      }
      const half = batch.length >> 1;
      (await write(batch.slice(0, half)))();
      return write(batch.slice(half));
    }
  }

  async function writeBatch(): Promise<void> {
    writing++;
    const tells: (() => void)[] = [];
    const batch = waiting.splice(0, largest);
    const parts = keyOf ? grouped(batch, ({ item }) => keyOf(item)).values() : [batch];
    for (const part of parts) tells.push(await write(part));
    writing--;
    // Settling runs much code of the callers, so the next batch is sent first.
    if (gather === 0 && begin()) await turn();
    else gatherIfWanted();
    for (const tell of tells) tell();
  }

  function begin(): boolean {
    if (waiting.length === 0 || writing >= writers) return false;
    const batch = writeBatch().finally(() => unfinished.delete(batch));
    unfinished.add(batch);
    gatherIfWanted();
    return true;
  }

  function gatherIfWanted(): void {
    if (gathering || waiting.length === 0 || writing >= writers) return;
    gathering = true;
    const gathered = (gather > 0 ? sleep(gather) : turn()).then(() => {
      gathering = false;
      begin();
      unfinished.delete(gathered);
    });
    unfinished.add(gathered);
  }

  const tooMuch = (what: string) => new Problem('UNAVAILABLE', what, { retryAfter: 5 });

  let looking = false;
  function lookIn(milliseconds: number): void {
    if (looking || maxWaitMs === Number.POSITIVE_INFINITY) return;
    looking = true;
    setTimeout(failWhatWaitsTooLong, milliseconds).unref();
  }
  function failWhatWaitsTooLong(): void {
    looking = false;
    const now = performance.now();
    let [first] = waiting;
    while (first && now - first.since >= maxWaitMs) {
      waiting.shift();
      first.failed(tooMuch('Nothing could be written for too long.'));
      [first] = waiting;
    }
    if (first) lookIn(first.since + maxWaitMs - now);
  }

  return {
    submit(item) {
      if (waiting.length >= capacity) return Promise.reject(tooMuch('Too much is waiting to be written.'));
      return new Promise((done, failed) => {
        waiting.push({ item, since: performance.now(), done, failed });
        lookIn(maxWaitMs);
        gatherIfWanted();
      });
    },
    async drain() {
      while (unfinished.size > 0) await Promise.all(unfinished);
    },
  };
}
