import type { Value } from '../database/connection.ts';
import type { TenantDatabase } from '../database/database.ts';
import type { UnknownSender } from '../database/generated/client.ts';
import { asUuid } from '../database/ids.ts';
import { connectionOf, isMoment, type PageArguments, pageOf } from '../database/pages.ts';
import { columns, tenantStatement } from '../database/statement.ts';

/** What a page of unknown senders may be narrowed to; each that is given must hold. */
export type UnknownSenderFilter = { agentId?: string | null | undefined; integrationConfigId?: string | null | undefined };

/** One page of the tenant's unknown senders, those heard of last first. Throws VALIDATION_FAILED for a page that can't be. */
export async function pageOfUnknownSenders(db: TenantDatabase, filter: UnknownSenderFilter, args: PageArguments) {
  const page = pageOf(args, 2, ([last, id]) => isMoment(last ?? '') && asUuid(id ?? '') !== null);
  const values: Value[] = [];
  const bind = (value: Value) => `$${values.push(value) + 1}`;

  const where = ['u.tenant_id = $1'];
  if (filter.agentId != null) where.push(`u.agent_id = ${bind(filter.agentId)}`);
  // What is no UUID is no config's.
  if (filter.integrationConfigId != null)
    where.push(`u.integration_config_id = ${bind(asUuid(filter.integrationConfigId))}::uuid`);
  const counted = [...where];
  const countedValues = [...values];
  for (const [sign, keys] of [
    ['<', page.after],
    ['>', page.before],
  ] as const) {
    if (keys) where.push(`(u.last_message_at, u.id) ${sign} (${bind(keys[0] ?? '')}::timestamptz, ${bind(keys[1] ?? '')}::uuid)`);
  }
  const order = page.backward ? 'u.last_message_at, u.id' : 'u.last_message_at desc, u.id desc';
  const statement = tenantStatement<UnknownSender>(
    `select ${columns('UnknownSender', 'u')} from unknown_sender u
     where ${where.join(' and ')} order by ${order} limit ${bind(page.size + 1)}`,
  );
  const rows = await db.query(statement, ...values);

  return connectionOf(
    page,
    rows,
    ({ lastMessageAt, id }) => [lastMessageAt.toISOString(), id],
    async () => {
      const count = tenantStatement<{ count: number }>(
        `select count(*)::int as count from unknown_sender u where ${counted.join(' and ')}`,
      );
      const [total] = await db.query(count, ...countedValues);
      return total?.count ?? 0;
    },
  );
}
