import type { TenantDatabase } from './database.ts';
import { maxReadBytes } from './long-json.ts';
import { rows } from './sql/columns.ts';
import { type Fragment, parameter, sql } from './sql/fragment.ts';
import { statement } from './sql/statement.ts';
import { array, double, uuid } from './sql/types.ts';

const parentIds = parameter('ids', array(uuid));

/**
 * Makes a function that counts the rows that belong to these ids, and the bytes of an expression in them, as often as
 * each id is given. `of` is the column with the id in `from`. Rows above `max` are not looked at.
 */
export function countRows(
  of: Fragment,
  from: Fragment<{ readonly tenantId: string } & { readonly viewerAgentId: string | null }>,
  max: number,
  bytes: Fragment = sql`0` as Fragment,
) {
  const counted = statement(rows({ rows: double, bytes: double }))`
    select coalesce(sum(c.rows), 0)::float8 as rows, coalesce(sum(c.bytes), 0)::float8 as bytes
    from unnest(${parentIds}) k(id) join (
      select x.of, count(*) as rows, sum(x.bytes) as bytes from (
        select ${of} as of, ${bytes} as bytes from ${from} and ${of} = any(${parentIds}) limit ${max + 1}) x
      group by x.of) c on c.of = k.id`;
  return async (db: TenantDatabase, ids: readonly string[]) => {
    const [row = { rows: 0, bytes: 0 }] = await db.query(counted, { ids });
    return row;
  };
}

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
      from (select i.id, count(*) as times from unnest(${parentIds}) i(id) group by i.id) k
      cross join lateral (select ${value}::text as value from ${from}) x) c
    where c.bytes > ${maxReadBytes} limit 1`;
  return async (db: TenantDatabase, ids: readonly string[]) => {
    const [row] = await db.query(counted, { ids });
    return { rows: 0, bytes: row?.bytes ?? 0 };
  };
}
