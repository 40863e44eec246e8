import type { Database } from '../database/database.ts';
import { globalStatement } from '../database/statement.ts';
import type { Storage } from '../storage/storage.ts';
import { removeImages } from './files.ts';

/** How long a file that nobody refers to is kept, in milliseconds: as long as a signed URL of it may be good. */
export const fileGrace = 2 * 3_600_000;

const atOnce = 100;

// Looks past what somebody is about to refer to: that row is locked, or has just been touched. See docs/decisions/0008.
const take = globalStatement<{ tenantId: string; id: string; path: string }>(
  `update file f set content_hash = null, touched_at = now()
   from (
     select c.tenant_id, c.id from file c
     where c.touched_at < now() - $1::float8 * interval '1 millisecond'
     and not exists (select from participant p where p.tenant_id = c.tenant_id and p.avatar_file_id = c.id)
     order by c.touched_at limit ${atOnce} for update of c skip locked
   ) old
   where f.tenant_id = old.tenant_id and f.id = old.id
   returning f.tenant_id as "tenantId", f.id, f.path`,
);

const forget = globalStatement<never>(
  'delete from file f where f.tenant_id = $1::uuid and f.id = $2::uuid and f.content_hash is null',
);

/**
 * Deletes the files that nobody has referred to for the grace period, in milliseconds, and what interrupted writes left in the
 * storage; returns how many files. Several replicas may do so at once. Throws when the storage or the database does; what was begun is taken up again a grace period later.
 */
export async function sweepFiles(database: Pick<Database, 'query'>, storage: Storage, grace = fileGrace): Promise<number> {
  let swept = 0;
  for (;;) {
    const files = await database.query(take, grace);
    for (const { tenantId, id, path } of files) {
      await removeImages(storage, path);
      await database.query(forget, tenantId, id);
    }
    swept += files.length;
    if (files.length < atOnce) break;
  }
  await storage.tidy?.(grace);
  return swept;
}
