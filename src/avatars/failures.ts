import type { Value } from '../database/connection.ts';
import type { TenantDatabase } from '../database/database.ts';
import { asUuid } from '../database/ids.ts';
import { oneByUuid } from '../database/loaders.ts';
import { newestFirstPage } from '../database/newest-first.ts';
import type { PageArguments } from '../database/pages.ts';
import { tenantStatement } from '../database/statement.ts';
import { lockParticipant } from '../directory/participants/lock.ts';
import { type ErrorCode, Problem } from '../errors/catalogue.ts';
import { type SyncableProviders, syncableChannels } from './syncable.ts';

/** A sync in the background that was given up. */
export type AvatarSyncFailure = {
  id: string;
  participantId: string;
  provider: string;
  address: string;
  attempts: number;
  error: { code: ErrorCode; status: number; detail: string };
  failedAt: Date;
};

export type FailureFilter = { agentId?: string | null | undefined; code?: string | null | undefined };

/** One page of the syncs that were given up, the latest first. Throws VALIDATION_FAILED for a page that can't be. */
export async function pageOfFailures(db: TenantDatabase, filter: FailureFilter, args: PageArguments) {
  const values: Value[] = [];
  const bind = (value: Value) => `$${values.push(value) + 1}`;
  const where = [`l.tenant_id = $1 and l.state = 'FAILED'`];
  if (filter.agentId != null) {
    where.push(
      `exists (select from binding b where b.tenant_id = l.tenant_id and b.participant_id = l.participant_id and b.agent_id = ${bind(filter.agentId)})`,
    );
  }
  if (filter.code != null) where.push(`l.error_code = ${bind(filter.code)}`);
  return newestFirstPage<AvatarSyncFailure>(
    db,
    {
      row: `l.id, l.participant_id as "participantId", i.provider, l.address, l.attempts, l.finished_at as "failedAt",
        json_build_object('code', l.error_code, 'status', l.error_status, 'detail', l.error_detail) as error`,
      from: 'avatar_sync_job l join integration_config i on i.tenant_id = l.tenant_id and i.id = l.integration_config_id',
      where,
      values,
      timestamp: 'finished_at',
      keysOf: ({ failedAt, id }) => [failedAt, id],
    },
    args,
  );
}

/** Syncs in the background that wait to be tried again, of one integration config and for one reason. */
export type WaitingSyncs = {
  integrationConfigId: string;
  code: ErrorCode;
  count: number;
  since: Date;
  nextAttemptAt: Date;
};

const waiting = tenantStatement<WaitingSyncs>(
  `select j.integration_config_id as "integrationConfigId", j.error_code as code, count(*)::int as count,
     min(j.queued_at) as since, min(j.run_at) as "nextAttemptAt"
   from avatar_sync_job j where j.tenant_id = $1 and j.state = 'QUEUED' and j.error_code is not null
   group by 1, 2 order by 3 desc, 1, 2 limit 1000`,
);

/** What waits to be tried again, by integration config and reason, the most first. */
export const waitingSyncs = (db: TenantDatabase): Promise<WaitingSyncs[]> => db.query(waiting);

const jobById = tenantStatement<{ participantId: string }>(
  'select j.participant_id as "participantId" from avatar_sync_job j where j.tenant_id = $1 and j.id = $2::uuid',
);

// From the first channel again, or, where none can be synced any more, from the same: that says why.
const retry = tenantStatement<{ id: string }>(
  `update avatar_sync_job j set state = 'QUEUED', attempts = 0, accounted = 0, again_config_id = null, again_address = null, generation = j.generation + 1, queued_at = now(), run_at = now(),
     finished_at = null, error_code = null, error_status = null, error_detail = null,
     (integration_config_id, address) = (
       select coalesce(s.integration_config_id, j.integration_config_id), coalesce(s.address, j.address)
       from (select 1) one left join lateral (${syncableChannels('j.participant_id', '$3', '$4')} limit 1) s on true)
   where j.tenant_id = $1 and j.id = $2::uuid and j.state = 'FAILED' returning j.id`,
);

/** Queues a sync that was given up again; returns the participant's id. One that isn't given up any more stays as it is. Throws AVATAR_SYNC_NOT_FOUND. */
export async function retryAvatarSync(
  db: TenantDatabase,
  input: { id: string },
  syncable: SyncableProviders,
): Promise<string> {
  const id = asUuid(input.id);
  return db.transaction(async (tx) => {
    const [job] = id ? await tx.query(jobById, id) : [];
    if (!id || !job) throw new Problem('AVATAR_SYNC_NOT_FOUND', `There is no failed avatar sync ${input.id}.`);
    await lockParticipant(tx, job.participantId);
    if ((await tx.query(retry, id, syncable.all, syncable.unconnected)).length > 0) tx.announce('avatarSyncQueued', {});
    return job.participantId;
  });
}

/** What came of the last automatic sync of a participant. */
export type AutoSync = {
  participantId: string;
  provider: string;
  address: string;
  attemptedAt: Date;
  code: ErrorCode | null;
  status: number;
  detail: string;
};

/** The outcomes of automatic syncs, by participant. */
export const autoSyncByParticipant = oneByUuid(
  tenantStatement<AutoSync>(
    `select a.participant_id as "participantId", a.provider, a.address, a.attempted_at as "attemptedAt",
       a.error_code as code, a.error_status as status, a.error_detail as detail
     from avatar_auto_sync a where a.tenant_id = $1 and a.participant_id = any($2::uuid[])`,
  ),
  'participantId',
);

/** Until when integration configs wait for their provider, by config; null for those that don't. */
export const pauseByConfig = oneByUuid(
  tenantStatement<{ configId: string; until: Date }>(
    `select s.integration_config_id as "configId", s.until from avatar_sync_pause s
     where s.tenant_id = $1 and s.integration_config_id = any($2::uuid[]) and s.until > now()`,
  ),
  'configId',
);
