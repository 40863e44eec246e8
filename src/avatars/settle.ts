import type { TenantTransaction } from '../database/database.ts';
import { tenantStatement } from '../database/statement.ts';
import type { Problem } from '../errors/catalogue.ts';
import type { AvatarJob } from './queue.ts';

/** How a contact's sync ended: with the avatar, without a try because there is one that stays, or not at all. */
export type SyncResult = { kind: 'SYNCED' } | { kind: 'SKIPPED' } | { kind: 'FAILED'; problem: Problem };

const own = tenantStatement<{ id: string }>(
  `select j.id from avatar_sync_job j
   where j.tenant_id = $1 and j.id = $2::uuid and j.state = 'RUNNING' and j.worker_id = $3::uuid and j.generation = $4::int for no key update`,
);

const letGo = tenantStatement<never>(
  `update avatar_sync_job j set state = 'QUEUED', worker_id = null, lease_until = null, run_at = now()
   where j.tenant_id = $1 and j.id = $2::uuid and j.state = 'RUNNING' and j.worker_id = $3::uuid`,
);

/** Whether the job is still this worker's and nothing newer has come; locks it then. Otherwise it is left for whoever has it now. */
export async function isOwn(tx: TenantTransaction, job: AvatarJob): Promise<boolean> {
  if ((await tx.query(own, job.id, job.workerId, job.generation)).length > 0) return true;
  await tx.query(letGo, job.id, job.workerId);
  return false;
}

const endJob = tenantStatement<never>(
  `update avatar_sync_job j set state = $3::"AvatarSyncState", worker_id = null, lease_until = null, finished_at = now(),
     again_config_id = null, again_address = null, error_code = $4, error_status = $5::int, error_detail = $6
   where j.tenant_id = $1 and j.id = $2::uuid`,
);

const tellAutomatic = tenantStatement<never>(
  `insert into avatar_auto_sync as a (tenant_id, participant_id, provider, address, attempted_at, error_code, error_status, error_detail)
   select i.tenant_id, $2::uuid, i.provider, $4, now(), $5, $6::int, $7
   from integration_config i where i.tenant_id = $1 and i.id = $3::uuid
   on conflict (tenant_id, participant_id) do update set provider = excluded.provider, address = excluded.address,
     attempted_at = excluded.attempted_at, error_code = excluded.error_code, error_status = excluded.error_status,
     error_detail = excluded.error_detail
   where a.tenant_id = $1`,
);

/** Ends a job that is this worker's, for good; announces what came of it. */
export async function endOwn(tx: TenantTransaction, job: AvatarJob, result: SyncResult): Promise<void> {
  const { participantId } = job;
  const problem = result.kind === 'FAILED' ? result.problem : null;
  const error = problem && { code: problem.code, status: problem.status, detail: problem.message };
  const columns = [error?.code ?? null, error?.status ?? null, error?.detail ?? null] as const;
  await tx.query(endJob, job.id, error ? 'FAILED' : 'DONE', ...columns);
  if (job.kind === 'AUTOMATIC' && result.kind !== 'SKIPPED') {
    await tx.query(tellAutomatic, participantId, job.integrationConfigId, job.address, ...columns);
  }
  await settleContact(tx, participantId, result);
  if (result.kind !== 'SKIPPED')
    tx.announce('avatarSynced', { participantId, error, occurredAt: tx.now().toISOString() });
}

const endLive = tenantStatement<{ id: string }>(
  `update avatar_sync_job j set state = 'DONE', worker_id = null, lease_until = null, finished_at = now(), generation = j.generation + 1,
     error_code = null, error_status = null, error_detail = null
   where j.tenant_id = $1 and j.participant_id = $2::uuid and j.state <> 'DONE' returning j.id`,
);

/** Somebody has said what the participant's avatar is to be: no sync that was wanted before changes it any more. */
export async function supersede(tx: TenantTransaction, participantId: string, result: SyncResult): Promise<void> {
  if ((await tx.query(endLive, participantId)).length > 0) await settleContact(tx, participantId, result);
}

const settleItems = tenantStatement<{ batchId: string }>(
  `update avatar_sync_batch_item i set result = $3::"AvatarSyncResult", error_code = $4, finished_at = now()
   where i.tenant_id = $1 and i.participant_id = $2::uuid and i.result is null returning i.batch_id as "batchId"`,
);

// Two that finish the last two contacts must not each leave it to the other.
const lockBatches = tenantStatement<{ id: string }>(
  'select b.id from avatar_sync_batch b where b.tenant_id = $1 and b.id = any($2::uuid[]) order by b.id for no key update',
);

const endBatches = tenantStatement<{ id: string }>(
  `update avatar_sync_batch b set finished_at = now() where b.tenant_id = $1 and b.id = any($2::uuid[]) and b.finished_at is null and not exists (
     select from avatar_sync_batch_item i where i.tenant_id = b.tenant_id and i.batch_id = b.id and i.result is null)
   returning b.id`,
);

/** Ends the batches among these that have nothing left to do. */
export async function endFinished(tx: TenantTransaction, batchIds: readonly string[]): Promise<void> {
  await tx.query(lockBatches, batchIds);
  await tx.query(endBatches, batchIds);
}

/** Ends what the batches wait for of this participant, and the batches that wait for nothing more. */
async function settleContact(tx: TenantTransaction, participantId: string, result: SyncResult): Promise<void> {
  const code = result.kind === 'FAILED' ? result.problem.code : null;
  const batchIds = (await tx.query(settleItems, participantId, result.kind, code)).map(({ batchId }) => batchId);
  if (batchIds.length === 0) return;
  await endFinished(tx, batchIds);
  for (const batchId of batchIds) tx.announce('avatarSyncBatchProgress', { batchId });
}
