import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { findDuplicates } from '../duplicates/follow.ts';
import { periodically } from '../jobs/periodic.ts';
import type { Resources } from './resources.ts';

const interval = 3_000;

/**
 * Starts the search for duplicates where this process does background work. Returns the function that stops it.
 */
export function startDuplicates(
  config: Config,
  { database }: Pick<Resources, 'database'>,
  log: Logger,
): () => Promise<void> {
  if (config.avatarWorkers === 0) return async () => {};
  const failed = (error: unknown, tenantId?: string) => log.warn({ err: error, tenantId }, 'the search for duplicates');
  return periodically(interval, (stopped) => findDuplicates(database, failed, stopped), failed);
}
