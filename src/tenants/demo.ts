import type { Logger } from 'pino';
import type { AvatarSync } from '../avatars/sync.ts';
import type { Database } from '../database/database.ts';
import { demoTenant } from './demo-tenant.ts';

/** Fills the demo tenant, once. */
export async function seedDemoTenant(database: Database, _world: { avatars: AvatarSync; log: Logger }): Promise<void> {
  await database.prisma.tenant.upsert({ where: { id: demoTenant.id }, create: { ...demoTenant }, update: {} });
}
