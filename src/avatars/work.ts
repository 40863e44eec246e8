import type { Logger } from 'pino';
import type { Database } from '../database/database.ts';
import { newId } from '../database/ids.ts';
import { nothing } from '../database/sql/columns.ts';
import { globalStatement } from '../database/sql/statement.ts';
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
const ended = globalStatement(nothing);
const prune = [
  ended`delete from avatar_sync_job j where j.finished_at < now() - case j.state when 'DONE' then interval '7 days' else interval '30 days' end`,
  ended`delete from avatar_sync_batch b where b.finished_at < now() - interval '30 days'`,
  ended`delete from avatar_sync_pause s where s.until < now()`,
  ended`update avatar_sync_batch b set finished_at = now() where b.finished_at is null and b.started_at < now() - interval '1 minute' and not exists (
     select from avatar_sync_batch_item i where i.tenant_id = b.tenant_id and i.batch_id = b.id and i.result is null)`,
];

/** Deletes jobs and batches that ended long ago, and ends batches whose last contacts were deleted. */
export async function pruneJobs(database: Pick<Database, 'query'>): Promise<void> {
  for (const statement of prune) await database.query(statement);
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
