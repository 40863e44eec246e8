import type { Value } from '../../database/connection.ts';
import type { TenantDatabase } from '../../database/database.ts';
import type { UnknownSender } from '../../database/generated/client.ts';
import { asUuid } from '../../database/ids.ts';
import { newestFirstPage } from '../../database/newest-first.ts';
import type { PageArguments } from '../../database/pages.ts';
import { columns } from '../../database/statement.ts';

/** What a page of unknown senders may be narrowed to; each that is given must hold. */
export type UnknownSenderFilter = {
  agentId?: string | null | undefined;
  integrationConfigId?: string | null | undefined;
};

/** One page of the tenant's unknown senders, those heard of last first. Throws VALIDATION_FAILED for a page that can't be. */
export async function pageOfUnknownSenders(db: TenantDatabase, filter: UnknownSenderFilter, args: PageArguments) {
  const values: Value[] = [];
  const bind = (value: Value) => `$${values.push(value) + 1}`;
  const where = ['l.tenant_id = $1'];
  if (filter.agentId != null) where.push(`l.agent_id = ${bind(filter.agentId)}`);
  // What is no UUID is no config's.
  if (filter.integrationConfigId != null)
    where.push(`l.integration_config_id = ${bind(asUuid(filter.integrationConfigId))}::uuid`);
  return newestFirstPage<UnknownSender>(
    db,
    {
      row: columns('UnknownSender', 'l'),
      from: 'unknown_sender l',
      where,
      values,
      timestamp: 'last_message_at',
      keysOf: ({ lastMessageAt, id }) => [lastMessageAt, id],
    },
    args,
  );
}
