import type { Prisma } from '../database/generated/client.ts';
import { newId } from '../database/ids.ts';
import { addressColumns } from '../providers/address.ts';
import { demoTenant } from './tenant.ts';

const hour = 3_600_000;

/** Those who have written to the demo tenant and are not known to it. The first of them has another channel there. */
export function unknownSenders(
  now: number,
  configs: Readonly<Record<'sms' | 'whatsapp' | 'telegram', { id: string; provider: string }>>,
): Prisma.UnknownSenderCreateManyInput[] {
  const sender = (
    { id: integrationConfigId, provider }: { id: string; provider: string },
    address: string,
    displayName: string | null,
    messageCount: number,
    hoursAgo: number,
    agentId: string | null,
  ): Prisma.UnknownSenderCreateManyInput => ({
    tenantId: demoTenant.id,
    id: newId(),
    integrationConfigId,
    address,
    ...addressColumns(provider, address, null),
    agentId,
    displayName,
    messageCount,
    firstMessageAt: new Date(now - 3 * hoursAgo * hour),
    lastMessageAt: new Date(now - hoursAgo * hour),
  });
  return [
    sender(configs.whatsapp, '+14155550114', 'Grace H.', 3, 2, 'support-bot'),
    sender(configs.sms, '+4915112345678', 'Emmy Noether', 1, 5, 'sales-bot'),
    sender(configs.telegram, '700800900', null, 7, 26, null),
  ];
}
