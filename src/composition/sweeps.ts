import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { system } from '../database/actor.ts';
import { pruneHistory } from '../history/prune.ts';
import { sweepIdempotencyKeys } from '../idempotency/once.ts';
import { sweepDeliveries } from '../integrations/webhooks/sweep.ts';
import { periodically } from '../jobs/periodic.ts';
import { sweepDataFiles } from '../transfer/files.ts';
import { sweepDataJobs } from '../transfer/jobs.ts';
import type { Resources } from './resources.ts';

const sweepEveryMs = 10 * 60_000;

/**
 * Deletes old deliveries, idempotency keys, history, files and jobs of data, each by a sweep of its own: one that is
 * slow or fails keeps no other waiting. Returns the function that stops them and waits for what they are doing.
 */
export function startSweeps(
  { historyRetentionDays }: Pick<Config, 'historyRetentionDays'>,
  { database, storage }: Pick<Resources, 'database' | 'storage'>,
  log: Logger,
  everyMs = sweepEveryMs,
): () => Promise<void> {
  const sweep = (of: string, work: (stopped: () => boolean) => Promise<unknown>) =>
    periodically(everyMs, work, (error) => log.warn({ err: error }, `the sweep of ${of} failed`));
  const unkept = (error: unknown, fileId: string) => log.warn({ err: error, fileId }, 'a file could not be deleted');
  const asSystem = database.as(system('the sweep of unknown senders'));
  const stops = [
    sweep('deliveries', (stopped) => sweepDeliveries(asSystem, database.now(), stopped)),
    sweep('idempotency keys', (stopped) => sweepIdempotencyKeys(database, stopped)),
    sweep('the history', (stopped) => pruneHistory(database, historyRetentionDays, stopped)),
    sweep('files of data', (stopped) => sweepDataFiles(database, storage, unkept, stopped)),
    sweep('imports and exports', (stopped) => sweepDataJobs(database, stopped)),
  ];
  return async () => void (await Promise.all(stops.map((stop) => stop())));
}
