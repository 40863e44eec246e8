import type { TenantDatabase } from '../database/database.ts';
import type { DataJob } from '../database/generated/client.ts';
import { keyset, pagesOf } from '../database/keyset.ts';
import type { PageArguments } from '../database/pages.ts';
import { columns } from '../database/sql/columns.ts';
import { parameter, sql, tenant } from '../database/sql/fragment.ts';
import { text } from '../database/sql/types.ts';

const job = columns('DataJob', 'j');

const pages = pagesOf({
  // Ids are ordered by their creation. Jobs that were over long ago are swept, so a tenant has few.
  keyset: keyset([{ column: 'j.id', type: 'uuid' }], true),
  keysOf: ({ id }: DataJob) => [id],
  select: () => job,
  whole: (parts: object) => parts,
  from: (_: object, within) =>
    sql`data_job j where j.tenant_id = ${tenant} and j.direction = ${parameter('direction', text)}${within}`,
  read: (found: DataJob[]) => found,
});

const everything = { own: null };

/**
 * Returns a page of the tenant's imports or of its exports, the newest first. Throws VALIDATION_FAILED for invalid page
 * arguments.
 */
export const pageOfJobs = (db: TenantDatabase, direction: 'IMPORT' | 'EXPORT', args: PageArguments) =>
  pages(db, {}, { direction }, args, everything);
