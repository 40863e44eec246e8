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
 * Starts a worker for imports and exports where the configuration gives this process any. Returns the function that
 * stops it.
 */
export function startTransfer(
  config: Config,
  { database, storage, events, tracing }: Pick<Resources, 'database' | 'storage' | 'events' | 'tracing'>,
  hooks: ParticipantHooks,
  log: Logger,
): () => Promise<void> {
  if (config.importWorkers === 0) return async () => {};
  const leaseMs = config.jobLeaseMs;
  const failed = (error: unknown) => log.warn({ err: error }, 'an import or an export');
  const run = createDataJobRunner({ database, storage, hooks, unexpected: failed });
  const worker = startWorker({
    id: newId(),
    queue: dataQueue(database, leaseMs),
    run: tracing?.jobs('data', run) ?? run,
    concurrency: config.importWorkers,
    leaseMs,
    pollMs: Math.min(longestPollMs, leaseMs / 3),
    failed,
  });
  events.onAny('dataJobQueued', worker.wake);
  return async () => {
    await worker.stop();
    events.announce('', 'dataJobQueued', {});
  };
}
