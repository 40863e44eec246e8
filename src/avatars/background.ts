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

/** How often a job is begun, without an outcome that was written down, before it is given up. */
export const mostAttempts = 5;
/** How long a job waits in all for a provider or a storage that is away, or that only ever says wait. */
const longestWaitMs = 24 * 3_600_000;
/** The longest pause between two attempts. */
const longestPauseMs = 15 * 60_000;

/** Outages: they end by themselves, and nobody here can say when. */
const outages: ReadonlySet<ErrorCode> = new Set(['PROVIDER_UNAVAILABLE', 'UNAVAILABLE']);

const requeue = tenantStatement<never>(
  `update avatar_sync_job j set state = 'QUEUED', worker_id = null, lease_until = null, attempts = $3::int, accounted = $3::int,
     run_at = now() + $4::float8 * interval '1 millisecond', integration_config_id = $5::uuid, address = $6,
     error_code = $7, error_status = $8::int, error_detail = $9, again_config_id = $10::uuid, again_address = $11
   where j.tenant_id = $1 and j.id = $2::uuid`,
);

const pause = tenantStatement<never>(
  `insert into avatar_sync_pause as s (tenant_id, integration_config_id, until)
   select i.tenant_id, i.id, now() + $3::float8 * interval '1 millisecond' from integration_config i where i.tenant_id = $1 and i.id = $2::uuid
   on conflict (tenant_id, integration_config_id) do update set until = greatest(s.until, excluded.until) where s.tenant_id = $1`,
);

// The first after the one that was tried; should that have been taken away meanwhile, the first of all.
const nextChannel = tenantStatement<Place>(
  `select s.integration_config_id as "configId", s.address
   from (select p.id from participant p where p.tenant_id = $1 and p.id = $2::uuid) p
   left join channel t on t.tenant_id = $1 and t.participant_id = p.id and t.integration_config_id = $3::uuid and t.address = $4
   cross join lateral (${syncableChannels('p.id', '$5', '$6')}) s
   where t.id is null or (s.priority, s.id) > (t.priority, t.id) limit 1`,
);

/** A channel, as a job names it. */
type Place = { configId: string; address: string };

/**
 * Does one avatar job: by its end the outcome is stored, or the job is due again. Throws only when the database is away. A round tries
 * the participant's channels in their order until one has a picture. Where a channel of the round failed for a while, another round
 * begins at the first of those, after a pause that grows from round to round.
 */
export function createAvatarJobRunner(
  database: Pick<Database, 'forTenant'>,
  avatars: Pick<AvatarSync, 'syncFor'>,
  syncable: SyncableProviders,
  firstBackoffMs: number,
) {
  async function runJob(job: AvatarJob): Promise<void> {
    const db = database.forTenant(job.tenantId);
    try {
      // Workers that began it that often died before they could write down an outcome.
      if (job.attempts - job.accounted > mostAttempts)
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
    const here: Place = { configId, address };
    const waitedMs = db.now().getTime() - job.queuedAt.getTime();
    return db.transaction(async (tx) => {
      await lockParticipant(tx, job.participantId);
      if (!(await isOwn(tx, job))) return;
      const queue = (place: Place, begun: number, waitMs: number, told: Told | null, again: Place | null) => {
        const of = [told?.code ?? null, told?.status ?? null, told?.detail ?? null] as const;
        return tx.query(
          requeue,
          ...[job.id, begun, waitMs, place.configId, place.address, ...of],
          ...[again?.configId ?? null, again?.address ?? null],
        );
      };
      const told: Told = { code: problem.code, status: problem.status, detail: problem.message };

      if (problem.code === 'PROVIDER_RATE_LIMITED') {
        const waitMs = (problem.retryAfter ?? 30) * 1_000;
        await tx.query(pause, configId, waitMs);
        // The attempt doesn't count, and not all come back at the same time.
        if (waitedMs < longestWaitMs) {
          await queue(here, attempts - 1, waitMs + backoff(1, firstBackoffMs), told, placeOf(job));
          return;
        }
      }
      const goesOn =
        (outages.has(problem.code) && waitedMs < longestWaitMs) ||
        (problem.code === 'INTERNAL' && attempts < mostAttempts && attempts - job.accounted <= mostAttempts);
      // What the round comes back to, and why; a later channel's definite answer does not hide it.
      const again = placeOf(job) ?? (goesOn ? here : null);
      const why = goesOn ? told : placeOf(job) ? toldBefore(job) : null;

      const [next] = await tx.query(
        nextChannel,
        ...[job.participantId, configId, address, syncable.all, syncable.unconnected],
      );
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
