import type { TenantDatabase } from '../../database/database.ts';
import type { UnknownSender } from '../../database/generated/client.ts';
import { asUuid } from '../../database/ids.ts';
import { keyset, pagesOf } from '../../database/keyset.ts';
import type { PageArguments } from '../../database/pages.ts';
import { columns } from '../../database/sql/columns.ts';
import { none, parameter, sql, tenant } from '../../database/sql/fragment.ts';
import { nullable, text, uuid } from '../../database/sql/types.ts';

/** The filter of a page of unknown senders. All given conditions must hold. */
export type UnknownSenderFilter = {
  agentId?: string | null | undefined;
  integrationConfigId?: string | null | undefined;
};

const everything = { own: null };
const row = columns('UnknownSender', 'u');

const pages = pagesOf({
  keyset: keyset(
    [
      { column: 'u.last_message_at', type: 'timestamp' },
      { column: 'u.id', type: 'uuid' },
    ],
    true,
  ),
  keysOf: ({ lastMessageAt, id }: UnknownSender) => [lastMessageAt.toISOString(), id],
  select: () => row,
  whole: (parts: object) => parts,
  from: (has: { agentId: boolean; integrationConfigId: boolean }, within) =>
    sql`unknown_sender u where u.tenant_id = ${tenant}${
      has.agentId ? sql` and u.agent_id = ${parameter('agentId', nullable(text))}` : none
    }${
      has.integrationConfigId
        ? sql` and u.integration_config_id = ${parameter('integrationConfigId', nullable(uuid))}`
        : none
    }${within}`,
  read: (rows: UnknownSender[]) => rows,
});

/**
 * Returns a page of the tenant's unknown senders, the newest message first. Throws VALIDATION_FAILED for invalid page
 * arguments.
 */
export function pageOfUnknownSenders(db: TenantDatabase, filter: UnknownSenderFilter, args: PageArguments) {
  const { agentId = null, integrationConfigId = null } = filter;
  const has = { agentId: agentId !== null, integrationConfigId: integrationConfigId !== null };
  // A text that is not a UUID matches no config.
  const config = integrationConfigId === null ? null : asUuid(integrationConfigId);
  return pages(db, has, { agentId, integrationConfigId: config }, args, everything);
}
