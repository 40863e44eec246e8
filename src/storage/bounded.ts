import { Problem } from '../errors/catalogue.ts';
import type { Storage } from './storage.ts';

/** How long one call to the storage may take: a hanging network drive would hang its callers too. */
const longestCallMs = 15_000;
/** What callers are told to wait, in seconds. A full or read-only storage needs somebody to mend it. */
const retryAfter = 30;

/**
 * Wraps a storage so that every failure is UNAVAILABLE with a time to wait: full, read-only, over a quota, not
 * permitted, away, or slower than `limitMs`. The cause goes only to the log.
 */
export function boundedStorage(storage: Storage, limitMs = longestCallMs): Storage {
  async function bounded<Result>(what: string, call: () => Promise<Result>): Promise<Result> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`The storage took longer than ${limitMs} ms.`)), limitMs);
    });
    try {
      return await Promise.race([call(), late]);
    } catch (cause) {
      if (cause instanceof Problem) throw cause;
      throw new Problem('UNAVAILABLE', `The storage cannot be ${what} at present.`, { retryAfter, cause });
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    put: (key, bytes, contentType) => bounded('written to', () => storage.put(key, bytes, contentType)),
    get: (key) => bounded('read', () => storage.get(key)),
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
