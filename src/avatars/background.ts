import type { Database, TenantDatabase } from '../database/database.ts';
import { problemBehind } from '../database/failures.ts';
import { nothing, rows } from '../database/sql/columns.ts';
import { parameter, sql, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { double, integer, text, uuid } from '../database/sql/types.ts';
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

const requeue = statement(nothing)`
  update avatar_sync_job j set state = 'QUEUED', worker_id = null, lease_until = null, attempts = ${parameter('attempts', integer)},
     run_at = now() + ${parameter('waitMs', double)} * interval '1 millisecond',
     integration_config_id = ${parameter('configId', uuid)}, address = ${parameter('address', text)}
   where j.tenant_id = ${tenant} and j.id = ${parameter('id', uuid)}`;

const pause = statement(nothing)`
  insert into avatar_sync_pause as s (tenant_id, integration_config_id, until)
   select i.tenant_id, i.id, now() + ${parameter('waitMs', double)} * interval '1 millisecond'
   from integration_config i where i.tenant_id = ${tenant} and i.id = ${parameter('configId', uuid)}
   on conflict (tenant_id, integration_config_id) do update set until = greatest(s.until, excluded.until) where s.tenant_id = ${tenant}`;

// The first after the one that was tried; should that have been taken away meanwhile, the first of all.
const nextChannel = statement(rows({ configId: uuid, address: text }))`
  select s.integration_config_id as "configId", s.address
   from (select p.id from participant p where p.tenant_id = ${tenant} and p.id = ${parameter('participantId', uuid)}) p
   left join channel t on t.tenant_id = ${tenant} and t.participant_id = p.id
     and t.integration_config_id = ${parameter('configId', uuid)} and t.address = ${parameter('address', text)}
   cross join lateral (${syncableChannels(sql`p.id`)}) s
   where t.id is null or (s.priority, s.id) > (t.priority, t.id) limit 1`;

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
        tx.query(requeue, { id: job.id, attempts: begun, waitMs: wait, ...channel });

      if (problem.code === 'PROVIDER_RATE_LIMITED') {
        const wait = (problem.retryAfter ?? 30) * 1_000;
        await tx.query(pause, { configId, waitMs: wait });
        // The attempt doesn't count, and not all come back in the same moment.
        if (Date.now() - job.queuedAt.getTime() < longestWait) {
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
        : await tx.query(nextChannel, { participantId: job.participantId, configId, address, ...syncable });
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
