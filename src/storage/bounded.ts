import { Readable } from 'node:stream';
import { Problem } from '../errors/catalogue.ts';
import type { Storage } from './storage.ts';

/** How long one call to the storage may take: a hanging network drive would hang its callers too. */
const longestCallMs = 15_000;
/** What callers are told to wait, in seconds. A full or read-only storage needs somebody to mend it. */
const retryAfter = 30;

/** How long a file may take that is written piece by piece. */
const longestStreamMs = 600_000;

const away = (what: string, cause: unknown): Problem =>
  cause instanceof Problem
    ? cause
    : new Problem('UNAVAILABLE', `The storage cannot be ${what} at present.`, { retryAfter, cause });

/**
 * Wraps a storage so that every failure is UNAVAILABLE with a time to wait: full, read-only, over a quota, not
 * permitted, away, or slower than `limitMs`. The cause goes only to the log.
 */
export function boundedStorage(storage: Storage, limitMs = longestCallMs): Storage {
  async function bounded<Result>(what: string, call: () => Promise<Result>, limit = limitMs): Promise<Result> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`The storage took longer than ${limit} ms.`)), limit);
    });
    try {
      return await Promise.race([call(), late]);
    } catch (cause) {
      throw away(what, cause);
    } finally {
      clearTimeout(timer);
    }
  }

  async function* pieces(stream: Readable): AsyncGenerator<Uint8Array> {
    try {
      yield* stream;
    } catch (cause) {
      throw away('read', cause);
    }
  }

  return {
    put: (key, bytes, contentType) => bounded('written to', () => storage.put(key, bytes, contentType)),
    putStream: (key, stream, size, contentType) =>
      bounded('written to', () => storage.putStream(key, stream, size, contentType), longestStreamMs),
    get: (key) => bounded('read', () => storage.get(key)),
    async open(key) {
      const file = await bounded('read', () => storage.open(key));
      if (!file) return null;
      const { size, read } = file;
      return { size, read: async () => Readable.from(pieces(await bounded('read', read)), { objectMode: false }) };
    },
    delete: (key) => bounded('written to', () => storage.delete(key)),
    ...(storage.tidy && { tidy: (ageMs: number) => storage.tidy?.(ageMs) ?? Promise.resolve() }),
    // The log has the fault in the storage's own words.
    check: async () => {
      await bounded('written to', () => storage.check()).catch((error: Problem) => {
        throw error.cause instanceof Error ? error.cause : error;
      });
    },
  };
}
