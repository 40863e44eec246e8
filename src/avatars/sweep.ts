import { sweepByTenant } from '../database/by-tenant.ts';
import type { Database } from '../database/database.ts';
import { nothing, rows } from '../database/sql/columns.ts';
import { parameter, sql, tenant } from '../database/sql/fragment.ts';
import { globalStatement, statement } from '../database/sql/statement.ts';
import { array, double, text, uuid } from '../database/sql/types.ts';
import type { Storage } from '../storage/storage.ts';
import { isUnused, removeImages } from './files.ts';

/** How long a file without a reference is kept, in milliseconds: as long as a signed URL of it may be valid. */
export const fileGrace = 2 * 3_600_000;

const atOnce = 100;

const ids = parameter('ids', array(uuid));
const isOld = sql`f.touched_at < now() - ${parameter('graceMs', double)} * interval '1 millisecond' and ${isUnused}`;
const old = globalStatement(rows({ tenantId: uuid, id: uuid }))`
  select f.tenant_id as "tenantId", f.id from file f where ${isOld} order by f.touched_at limit ${atOnce}`;

// Skips rows that another transaction is about to refer to: those are locked. A reference from just before the lock is
// visible only to the next statement, which checks again. After that nothing can find the file. See
// docs/decisions/0013-files-and-their-sweep.md.
const lockOld = statement(rows({ id: uuid }))`select f.id from file f
  where f.tenant_id = ${tenant} and f.id = any(${ids}) and ${isOld} for update skip locked`;
const take = statement(rows({ id: uuid, path: text }))`update file f set content_hash = null, touched_at = now()
  where f.tenant_id = ${tenant} and f.id = any(${ids}) and ${isUnused} returning f.id, f.path`;

/** Deletes the row of a file whose images are deleted. */
export const forgetFile = statement(nothing)`
  delete from file f
  where f.tenant_id = ${tenant} and f.id = ${parameter('id', uuid)} and f.content_hash is null`;

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
  const takeUnused = (tenantId: string, found: readonly { id: string }[]) =>
    database.transaction(async (query) => {
      const given = { tenantId, ids: found.map(({ id }) => id), graceMs: grace };
      const ids = (await query(lockOld, given)).map(({ id }) => id);
      return ids.length === 0 ? [] : query(take, { tenantId, ids });
    });
  const sweepOne = async (tenantId: string, found: readonly { id: string }[]): Promise<number> => {
    const files = await takeUnused(tenantId, found);
    for (const { id, path } of files) {
      if (stopped()) break;
      await removeImages(storage, path);
      await database.query(forgetFile, { tenantId, id });
      swept += 1;
    }
    return files.length;
  };
  await sweepByTenant(atOnce, () => database.query(old, { graceMs: grace }), sweepOne, stopped);
  if (!stopped()) await storage.tidy?.(grace);
  return swept;
}
