import type { TenantDatabase } from './database.ts';
import { mostReadBytes } from './long-json.ts';
import { rows } from './sql/columns.ts';
import { type Fragment, parameter } from './sql/fragment.ts';
import { statement } from './sql/statement.ts';
import { array, double, uuid } from './sql/types.ts';

/**
 * Makes a function that counts the bytes of a JSON value in the rows with these ids, as often as each id is given. It
 * returns 0 unless they are more than may be read. `from` gives the row of the id `k.id`. PostgreSQL adds them up, row
 * by row, until they are too many.
 */
export function countBytes(
  value: Fragment,
  from: Fragment<{ readonly tenantId: string } & { readonly viewerAgentId: string | null }>,
) {
  const counted = statement(rows({ bytes: double }))`
    select c.bytes::float8 as bytes from (
      select sum(k.times * octet_length(x.value)) over (rows unbounded preceding) as bytes
      from (select i.id, count(*) as times from unnest(${parameter('ids', array(uuid))}) i(id) group by i.id) k
      cross join lateral (select ${value}::text as value from ${from}) x) c
    where c.bytes > ${mostReadBytes} limit 1`;
  return async (db: TenantDatabase, ids: readonly string[]) => {
    const [row] = await db.query(counted, { ids });
    return { rows: 0, bytes: row?.bytes ?? 0 };
  };
}
