import type { Value } from './connection.ts';
import type { TenantDatabase } from './database.ts';
import { asUuid } from './ids.ts';
import { connectionOf, countOf, firstOf, isTimestamp, type PageArguments, pageOf, totalOf } from './pages.ts';
import { tenantStatement } from './statement.ts';

/** A list whose newest rows come first: what of it, and by which column's timestamp. */
export type NewestFirst<Row> = {
  /** The select list. */
  row: string;
  /** The tables; the first has the alias `l`, an `id`, and the timestamp. */
  from: string;
  /** What must hold, `l.tenant_id = $1` among it. */
  where: readonly string[];
  /** What `where` binds, from $2 on. */
  values: readonly Value[];
  /** The column of the timestamp. */
  timestamp: string;
  /** A row's timestamp and id. */
  keysOf(row: Row): readonly [Date, string];
};

/** One page of such a list, in one statement, and how long the list is in another. Throws VALIDATION_FAILED for a page that can't be. */
export async function newestFirstPage<Row>(
  db: TenantDatabase,
  { row, from, where, values, timestamp, keysOf }: NewestFirst<Row>,
  args: PageArguments,
) {
  const page = pageOf(args, 2, ([at, id]) => isTimestamp(at ?? '') && asUuid(id ?? '') !== null);
  const bound = [...values];
  const bind = (value: Value) => `$${bound.push(value) + 1}`;
  const within = [...where];
  for (const [sign, keys] of [
    ['<', page.after],
    ['>', page.before],
  ] as const) {
    if (keys)
      within.push(`(l.${timestamp}, l.id) ${sign} (${bind(keys[0] ?? '')}::timestamptz, ${bind(keys[1] ?? '')}::uuid)`);
  }
  const order = page.backward ? `l.${timestamp}, l.id` : `l.${timestamp} desc, l.id desc`;
  const statement = tenantStatement<Row>(
    firstOf(`select ${row} from ${from} where ${within.join(' and ')} order by ${order}`, bind(page.size + 1)),
  );
  const count = () => tenantStatement<{ count: number }>(countOf(`${from} where ${where.join(' and ')}`));
  return connectionOf(
    page,
    await db.query(statement, ...bound),
    (found) => {
      const [at, id] = keysOf(found);
      return [at.toISOString(), id];
    },
    async () => totalOf((await db.query(count(), ...values))[0]?.count ?? 0),
  );
}
