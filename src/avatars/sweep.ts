import type { Database } from '../database/database.ts';
import { nothing, rows } from '../database/sql/columns.ts';
import { parameter } from '../database/sql/fragment.ts';
import { globalStatement } from '../database/sql/statement.ts';
import { array, double, text, uuid } from '../database/sql/types.ts';
import type { Storage } from '../storage/storage.ts';
import { isUnused, removeImages } from './files.ts';

/** How long a file without a reference is kept, in milliseconds: as long as a signed URL of it may be valid. */
export const fileGrace = 2 * 3_600_000;

const atOnce = 100;

// Skips rows that another transaction is about to refer to: those are locked. A reference from just before the lock is
// visible only to the next statement, which checks again. After that nothing can find the file. See
// docs/decisions/0013-files-and-their-sweep.md.
const lockOld = globalStatement(rows({ id: uuid }))`select f.id from file f
  where f.touched_at < now() - ${parameter('graceMs', double)} * interval '1 millisecond'
  and ${isUnused}
  order by f.touched_at limit ${atOnce} for update skip locked`;
const take = globalStatement(
  rows({ tenantId: uuid, id: uuid, path: text }),
)`update file f set content_hash = null, touched_at = now()
  where f.id = any(${parameter('ids', array(uuid))}) and ${isUnused}
  returning f.tenant_id as "tenantId", f.id, f.path`;

/** Deletes the row of a file whose images are deleted. */
export const forgetFile = globalStatement(nothing)`
  delete from file f
  where f.tenant_id = ${parameter('tenantId', uuid)} and f.id = ${parameter('id', uuid)} and f.content_hash is null`;

/**
 * Deletes the files without a reference for the grace period, in milliseconds, and what interrupted writes have left.
 * Returns the number of files. Several replicas may run it at once. It asks `stopped` before each file and ends early.
 * Throws when the storage or the database does. The next run after a grace period completes what was started.
 */
export async function sweepFiles(
  database: Pick<Database, 'transaction' | 'query'>,
  storage: Storage,
  grace = fileGrace,
  stopped: () => boolean = () => false,
): Promise<number> {
  let swept = 0;
  while (!stopped()) {
    const files = await database.transaction(async (query) => {
      const ids = (await query(lockOld, { graceMs: grace })).map(({ id }) => id);
      return ids.length === 0 ? [] : query(take, { ids });
    });
    for (const { tenantId, id, path } of files) {
      if (stopped()) return swept;
      await removeImages(storage, path);
      await database.query(forgetFile, { tenantId, id });
      swept += 1;
    }
    if (files.length < atOnce) break;
  }
  if (!stopped()) await storage.tidy?.(grace);
  return swept;
}
