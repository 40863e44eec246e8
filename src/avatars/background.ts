import { system } from '../database/actor.ts';
import type { Database, TenantDatabase } from '../database/database.ts';
import { problemBehind } from '../database/failures.ts';
import { nothing, rows } from '../database/sql/columns.ts';
import { parameter, sql, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { double, integer, nullable, text, uuid } from '../database/sql/types.ts';
import { lockParticipant } from '../directory/participants/lock.ts';
import { type ErrorCode, Problem } from '../errors/catalogue.ts';
import { backoff } from '../jobs/backoff.ts';
import type { AvatarJob } from './queue.ts';
import { endOwn, isOwn } from './settle.ts';
import type { AvatarSync } from './sync.ts';
import { type SyncableProviders, syncableChannels } from './syncable.ts';

/** How often a job is started without a recorded outcome before it is given up. */
export const maxAttempts = 5;
/** How long a job waits in all for a provider or a storage that is away or asks to wait. */
const longestWaitMs = 24 * 3_600_000;
/** The longest pause between two attempts. */
const longestPauseMs = 15 * 60_000;

/** Outages: they pass, and nobody here knows when. */
const outages: ReadonlySet<ErrorCode> = new Set(['PROVIDER_UNAVAILABLE', 'UNAVAILABLE']);

const requeue = statement(nothing)`
  update avatar_sync_job j set state = 'QUEUED', worker_id = null, lease_until = null,
    attempts = ${parameter('attempts', integer)}, accounted = ${parameter('attempts', integer)},
    run_at = now() + ${parameter('waitMs', double)} * interval '1 millisecond',
    integration_config_id = ${parameter('configId', uuid)}, address = ${parameter('address', text)},
    error_code = ${parameter('code', nullable(text))}, error_status = ${parameter('status', nullable(integer))},
    error_detail = ${parameter('detail', nullable(text))}, again_config_id = ${parameter('againConfigId', nullable(uuid))},
    again_address = ${parameter('againAddress', nullable(text))}
  where j.tenant_id = ${tenant} and j.id = ${parameter('id', uuid)}`;

const pause = statement(nothing)`
  insert into avatar_sync_pause as s (tenant_id, integration_config_id, until)
   select i.tenant_id, i.id, now() + ${parameter('waitMs', double)} * interval '1 millisecond'
   from integration_config i where i.tenant_id = ${tenant} and i.id = ${parameter('configId', uuid)}
   on conflict (tenant_id, integration_config_id) do update set until = greatest(s.until, excluded.until) where s.tenant_id = ${tenant}`;

// The first channel after the one that was tried, or the first of all if that is gone.
const nextChannel = statement(rows({ configId: uuid, address: text }))`
  select s.integration_config_id as "configId", s.address
   from (select p.id from participant p where p.tenant_id = ${tenant} and p.id = ${parameter('participantId', uuid)}) p
   left join channel t on t.tenant_id = ${tenant} and t.participant_id = p.id
     and t.integration_config_id = ${parameter('configId', uuid)} and t.address = ${parameter('address', text)}
   cross join lateral (${syncableChannels(sql`p.id`)}) s
   where t.id is null or (s.priority, s.id) > (t.priority, t.id) limit 1`;

/** A channel as a job names it. */
type Place = { configId: string; address: string };

/**
 * Runs one avatar job. By its end the outcome is stored, or the job is due again. A round tries the participant's
 * channels in order until one has a picture. Where a channel failed temporarily, another round starts at the first of
 * those after a growing pause. Throws only when the database is away.
 */
export function createAvatarJobRunner(
  database: Pick<Database, 'forTenant'>,
  avatars: Pick<AvatarSync, 'syncFor'>,
  syncable: SyncableProviders,
  firstBackoffMs: number,
) {
  async function runJob(job: AvatarJob): Promise<void> {
    const db = database.forTenant(job.tenantId).as(system('avatar sync', job.id));
    try {
      // Too many workers that started it died before they could record an outcome.
      if (job.attempts - job.accounted > maxAttempts)
        throw new Problem('INTERNAL', 'The sync was begun several times and never came to an end.');
      await avatars.syncFor(db, job);
    } catch (error) {
      await failed(db, job, problemBehind(error)).catch((failure: unknown) => {
        // The participant was deleted meanwhile, and its job with it.
        if (!(failure instanceof Problem && failure.code === 'PARTICIPANT_NOT_FOUND')) throw failure;
      });
    }
  }

  function failed(db: TenantDatabase, job: AvatarJob, problem: Problem): Promise<void> {
    const { attempts, integrationConfigId: configId, address } = job;
    const here: Place = { configId, address };
    const waitedMs = db.now().getTime() - job.queuedAt.getTime();
    return db.transaction(async (tx) => {
      await lockParticipant(tx, job.participantId);
      if (!(await isOwn(tx, job))) return;
      const queue = (place: Place, begun: number, waitMs: number, told: Told | null, again: Place | null) =>
        tx.query(requeue, {
          id: job.id,
          attempts: begun,
          waitMs,
          ...place,
          ...(told ?? { code: null, status: null, detail: null }),
          againConfigId: again?.configId ?? null,
          againAddress: again?.address ?? null,
        });
      const told: Told = { code: problem.code, status: problem.status, detail: problem.message };

      if (problem.code === 'PROVIDER_RATE_LIMITED') {
        const waitMs = (problem.retryAfter ?? 30) * 1_000;
        await tx.query(pause, { configId, waitMs });
        // The attempt does not count, and the jobs do not all return at once.
        if (waitedMs < longestWaitMs) {
          await queue(here, attempts - 1, waitMs + backoff(1, firstBackoffMs), told, placeOf(job));
          return;
        }
      }
      const goesOn =
        (outages.has(problem.code) && waitedMs < longestWaitMs) ||
        (problem.code === 'INTERNAL' && attempts < maxAttempts && attempts - job.accounted <= maxAttempts);
      // The channel that the round returns to, and its error. A later channel's permanent error does not hide it.
      const again = placeOf(job) ?? (goesOn ? here : null);
      const why = goesOn ? told : placeOf(job) ? toldBefore(job) : null;

      const { participantId } = job;
      const [next] = await tx.query(nextChannel, { participantId, configId, address, ...syncable });
      if (next) {
        await queue(next, attempts - 1, 0, why, again);
        tx.announce('avatarSyncQueued', {});
      } else if (again && waitedMs < longestWaitMs) {
        await queue(again, attempts, backoff(attempts, firstBackoffMs, longestPauseMs), why ?? told, null);
      } else {
        await endOwn(tx, job, { kind: 'FAILED', problem });
      }
    });
  }

  return runJob;
}

type Told = { code: ErrorCode; status: number; detail: string };

const placeOf = ({ againConfigId, againAddress }: AvatarJob): Place | null =>
  againConfigId !== null && againAddress !== null ? { configId: againConfigId, address: againAddress } : null;

const toldBefore = ({ errorCode, errorStatus, errorDetail }: AvatarJob): Told | null =>
  errorCode !== null && errorStatus !== null && errorDetail !== null
    ? { code: errorCode, status: errorStatus, detail: errorDetail }
    : null;
