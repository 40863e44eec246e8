import type { Database, TenantDatabase } from '../database/database.ts';
import { problemBehind } from '../database/failures.ts';
import { tenantStatement } from '../database/statement.ts';
import { lockParticipant } from '../directory/participants/lock.ts';
import { type ErrorCode, Problem } from '../errors/catalogue.ts';
import { backoff } from '../jobs/backoff.ts';
import type { AvatarJob } from './queue.ts';
import { endOwn, isOwn } from './settle.ts';
import type { AvatarSync } from './sync.ts';
import { type SyncableProviders, syncableChannels } from './syncable.ts';

/** How often a job is begun before it is given up. */
export const mostAttempts = 5;
/** How long a job may wait altogether, in milliseconds, for a provider that only ever says wait. */
const longestWait = 24 * 3_600_000;

/** What may well succeed later. */
const passing: ReadonlySet<ErrorCode> = new Set([
  'PROVIDER_UNAVAILABLE',
  'PROVIDER_RATE_LIMITED',
  'UNAVAILABLE',
  'INTERNAL',
]);

const requeue = tenantStatement<never>(
  `update avatar_sync_job j set state = 'QUEUED', worker_id = null, lease_until = null, attempts = $3::int,
     run_at = now() + $4::float8 * interval '1 millisecond', integration_config_id = $5::uuid, address = $6
   where j.tenant_id = $1 and j.id = $2::uuid`,
);

const pause = tenantStatement<never>(
  `insert into avatar_sync_pause as s (tenant_id, integration_config_id, until)
   select i.tenant_id, i.id, now() + $3::float8 * interval '1 millisecond' from integration_config i where i.tenant_id = $1 and i.id = $2::uuid
   on conflict (tenant_id, integration_config_id) do update set until = greatest(s.until, excluded.until) where s.tenant_id = $1`,
);

// The first after the one that was tried; should that have been taken away meanwhile, the first of all.
const nextChannel = tenantStatement<{ configId: string; address: string }>(
  `select s.integration_config_id as "configId", s.address
   from (select p.id from participant p where p.tenant_id = $1 and p.id = $2::uuid) p
   left join channel t on t.tenant_id = $1 and t.participant_id = p.id and t.integration_config_id = $3::uuid and t.address = $4
   cross join lateral (${syncableChannels('p.id', '$5', '$6')}) s
   where t.id is null or (s.priority, s.id) > (t.priority, t.id) limit 1`,
);

/** Does one avatar job: by its end the outcome is stored, or the job is due again. Throws only when the database is away. */
export function createAvatarJobRunner(
  database: Pick<Database, 'forTenant'>,
  avatars: Pick<AvatarSync, 'syncFor'>,
  syncable: SyncableProviders,
  firstBackoffMs: number,
) {
  async function runJob(job: AvatarJob): Promise<void> {
    const db = database.forTenant(job.tenantId);
    try {
      // Whoever began it that often and never came to an end has died of it.
      if (job.attempts > mostAttempts)
        throw new Problem('INTERNAL', 'The sync was begun several times and never came to an end.');
      await avatars.syncFor(db, job);
    } catch (error) {
      await failed(db, job, problemBehind(error)).catch((failure: unknown) => {
        // Deleted meanwhile, and its job with it.
        if (!(failure instanceof Problem && failure.code === 'PARTICIPANT_NOT_FOUND')) throw failure;
      });
    }
  }

  function failed(db: TenantDatabase, job: AvatarJob, problem: Problem): Promise<void> {
    const { attempts, integrationConfigId: configId, address } = job;
    const again = { configId, address };
    return db.transaction(async (tx) => {
      await lockParticipant(tx, job.participantId);
      if (!(await isOwn(tx, job))) return;
      const queue = (channel: { configId: string; address: string }, begun: number, wait: number) =>
        tx.query(requeue, job.id, begun, wait, channel.configId, channel.address);

      if (problem.code === 'PROVIDER_RATE_LIMITED') {
        const wait = (problem.retryAfter ?? 30) * 1_000;
        await tx.query(pause, configId, wait);
        // The attempt doesn't count, and not all come back in the same moment.
        if (tx.now().getTime() - job.queuedAt.getTime() < longestWait) {
          await queue(again, attempts - 1, wait + backoff(1, firstBackoffMs));
          return;
        }
      }
      if (passing.has(problem.code) && attempts < mostAttempts && problem.code !== 'PROVIDER_RATE_LIMITED') {
        await queue(again, attempts, backoff(attempts, firstBackoffMs));
        return;
      }
      const [next] = passing.has(problem.code)
        ? []
        : await tx.query(nextChannel, job.participantId, configId, address, syncable.all, syncable.unconnected);
      if (next) {
        await queue(next, 0, 0);
        tx.announce('avatarSyncQueued', {});
      } else {
        await endOwn(tx, job, { kind: 'FAILED', problem });
      }
    });
  }

  return runJob;
}
