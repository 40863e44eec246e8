import type { TenantTransaction } from './database.ts';

/**
 * Returns the function that runs a part of a transaction: where it throws, the part is undone, and its announcements
 * are dropped. A part may have parts.
 */
export function savepoints(
  tx: { $executeRawUnsafe(text: string): PromiseLike<number> },
  announcements: unknown[],
): TenantTransaction['savepoint'] {
  return async (part) => {
    const before = announcements.length;
    await tx.$executeRawUnsafe('savepoint part');
    try {
      const result = await part();
      await tx.$executeRawUnsafe('release savepoint part');
      return result;
    } catch (error) {
      announcements.length = before;
      try {
        await tx.$executeRawUnsafe('rollback to savepoint part');
        await tx.$executeRawUnsafe('release savepoint part');
      } catch {
        // The connection is gone: the first error says so better.
      }
      throw error;
    }
  };
}
