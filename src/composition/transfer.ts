import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { newId } from '../database/ids.ts';
import type { ParticipantHooks } from '../directory/participants/hooks.ts';
import { startWorker } from '../jobs/worker.ts';
import { dataQueue } from '../transfer/queue.ts';
import { createDataJobRunner } from '../transfer/run.ts';
import type { Resources } from './resources.ts';

const longestPollMs = 10_000;

/**
 * Starts a worker for imports and exports where this process does background work. Returns the function that stops it.
 */
export function startTransfer(
  config: Config,
  { database, storage, events }: Pick<Resources, 'database' | 'storage' | 'events'>,
  hooks: ParticipantHooks,
  log: Logger,
): () => Promise<void> {
  if (config.avatarWorkers === 0) return async () => {};
  const leaseMs = config.jobLeaseMs;
  const worker = startWorker({
    id: newId(),
    queue: dataQueue(database, leaseMs),
    run: createDataJobRunner({ database, storage, hooks }),
    concurrency: 1,
    leaseMs,
    pollMs: Math.min(longestPollMs, leaseMs / 3),
    failed: (error) => log.warn({ err: error }, 'an import or an export'),
  });
  events.onAny('dataJobQueued', worker.wake);
  return async () => {
    await worker.stop();
    events.announce('', 'dataJobQueued', {});
  };
}
