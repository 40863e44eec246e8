import { newId } from '../../src/database/ids.ts';
import type { TestApp } from '../app.ts';

/** Writes a webhook key for a config, or for a binding in it; returns its prefix. */
export async function writeKey(
  service: TestApp,
  tenantId: string,
  integrationConfigId: string,
  { bindingId = null, revokedAt = null }: { bindingId?: string | null; revokedAt?: Date | null } = {},
): Promise<string> {
  const id = newId();
  const prefix = `rcw_${id.slice(-12)}`;
  await service.app.database.prisma.webhookKey.create({
    data: { tenantId, id, integrationConfigId, bindingId, prefix, secretHash: 'x', revokedAt },
  });
  return prefix;
}
