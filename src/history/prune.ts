import { inTurn } from '../database/by-tenant.ts';
import type { Database } from '../database/database.ts';
import { rows } from '../database/sql/columns.ts';
import { parameter, tenant } from '../database/sql/fragment.ts';
import { globalStatement, statement } from '../database/sql/statement.ts';
import { integer, timestamptz, uuid } from '../database/sql/types.ts';

const atOnce = 5_000;

const tenants = globalStatement(rows({ id: uuid }))`select t.id from tenant t order by t.id`;

// Entries lie in the order of their ids, which is that of time: the oldest of a tenant are found without a look at the
// others, by the primary key.
const oldest = statement(rows({ count: integer }))`
  with old as (
    select h.id from history_entry h
    where h.tenant_id = ${tenant}
      and h.id < (lpad(to_hex((extract(epoch from ${parameter('before', timestamptz)}) * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid
    order by h.id limit ${atOnce} for update skip locked
  ), gone as (
    delete from history_entry h using old where h.tenant_id = ${tenant} and h.id = old.id returning h.id
  ) select count(*)::int as count from gone`;

/**
 * Deletes the entries that are older than so many days, a few thousand at a time; 0 keeps all. Returns their number.
 * Several replicas may run it at once. It asks `stopped` before each slice and ends early.
 */
export async function pruneHistory(
  database: Pick<Database, 'query' | 'now'>,
  days: number,
  stopped: () => boolean = () => false,
): Promise<number> {
  if (days === 0) return 0;
  const before = new Date(database.now().getTime() - days * 24 * 3_600_000);
  let pruned = 0;
  const pruneTenant = async ({ id: tenantId }: { id: string }) => {
    while (!stopped()) {
      const [{ count } = { count: 0 }] = await database.query(oldest, { tenantId, before });
      pruned += count;
      if (count < atOnce) return;
    }
  };
  await inTurn(await database.query(tenants), pruneTenant, stopped);
  return pruned;
}
