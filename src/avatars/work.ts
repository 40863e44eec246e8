import type { Logger } from 'pino';
import { inTurn } from '../database/by-tenant.ts';
import type { Database } from '../database/database.ts';
import { newId } from '../database/ids.ts';
import { nothing, rows } from '../database/sql/columns.ts';
import { type Fragment, name, none, sql, tenant } from '../database/sql/fragment.ts';
import { globalStatement, statement } from '../database/sql/statement.ts';
import { uuid } from '../database/sql/types.ts';
import type { EventBus } from '../events/events.ts';
import { periodically } from '../jobs/periodic.ts';
import { startWorker } from '../jobs/worker.ts';
import type { Storage } from '../storage/storage.ts';
import { createAvatarJobRunner } from './background.ts';
import { avatarQueue } from './queue.ts';
import { fileGrace, sweepFiles } from './sweep.ts';
import type { AvatarSync } from './sync.ts';
import type { SyncableProviders } from './syncable.ts';

const hour = 3_600_000;
/** The longest time between two searches for jobs that were not announced. */
const longestPoll = 5_000;

// Finished jobs and batches are kept only for operators to look at.
const ended = (table: string, where: Fragment, write = sql`delete from`, set = none) => ({
  tenants: globalStatement(rows({ tenantId: uuid }))`
    select distinct x.tenant_id as "tenantId" from ${name(table)} x where ${where}`,
  prune: statement(nothing)`${write} ${name(table)} x ${set} where x.tenant_id = ${tenant} and ${where}`,
});
const longEnded = [
  ended(
    'avatar_sync_job',
    sql`x.finished_at < now() - case x.state when 'DONE' then interval '7 days' else interval '30 days' end`,
  ),
  ended('avatar_sync_batch', sql`x.finished_at < now() - interval '30 days'`),
  ended('avatar_sync_pause', sql`x.until < now()`),
  ended(
    'avatar_sync_batch',
    sql`x.finished_at is null and x.started_at < now() - interval '1 minute' and not exists (
      select from avatar_sync_batch_item i where i.tenant_id = x.tenant_id and i.batch_id = x.id and i.result is null)`,
    sql`update`,
    sql`set finished_at = now()`,
  ),
];

/** Deletes jobs and batches that ended long ago, and ends batches whose last contacts were deleted. */
export async function pruneJobs({ query }: Pick<Database, 'query'>): Promise<void> {
  for (const { tenants, prune } of longEnded)
    await inTurn(await query(tenants), ({ tenantId }) => query(prune, { tenantId }));
}

/**
 * Starts the background work: syncs avatars, and deletes once an hour what is not needed any more. Returns the function
 * that stops it.
 */
export function startAvatarWork(
  world: {
    database: Database;
    storage: Storage;
    events: EventBus;
    avatars: AvatarSync;
    syncable: SyncableProviders;
    log: Logger;
    /** Watches each job, where something does. */
    around?: <Job>(run: (job: Job) => Promise<void>) => (job: Job) => Promise<void>;
  },
  { concurrency, leaseMs }: { concurrency: number; leaseMs: number },
): () => Promise<void> {
  const { database, storage, events, avatars, syncable, log, around = (run) => run } = world;
  const failed = (error: unknown) => log.warn({ err: error }, 'background work');
  const worker = startWorker({
    id: newId(),
    queue: avatarQueue(database, leaseMs),
    run: around(createAvatarJobRunner(database, avatars, syncable, leaseMs / 15)),
    concurrency,
    leaseMs,
    pollMs: Math.min(longestPoll, leaseMs / 3),
    failed,
  });
  events.onAny('avatarSyncQueued', worker.wake);
  const stopCleaning = periodically(
    hour,
    async (stopped) => {
      await pruneJobs(database);
      const swept = await sweepFiles(database, storage, fileGrace, stopped);
      if (swept > 0) log.info(`${swept} files that nobody referred to were deleted`);
    },
    failed,
  );
  return async () => {
    await Promise.all([worker.stop(), stopCleaning()]);
    // For no tenant: a worker of another replica may take the returned jobs.
    events.announce('', 'avatarSyncQueued', {});
  };
}
