import type { TenantTransaction } from '../database/database.ts';
import { nothing, rows } from '../database/sql/columns.ts';
import { parameter, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { array, enumeration, integer, nullable, text, uuid } from '../database/sql/types.ts';
import type { Problem } from '../errors/catalogue.ts';
import type { AvatarJob } from './queue.ts';

/** How a contact's sync ended: with the avatar, skipped because there is one that stays, or failed. */
export type SyncResult = { kind: 'SYNCED' } | { kind: 'SKIPPED' } | { kind: 'FAILED'; problem: Problem };

const id = parameter('id', uuid);
const participantId = parameter('participantId', uuid);
const workerId = parameter('workerId', uuid);
const code = parameter('code', nullable(text));
const status = parameter('status', nullable(integer));
const detail = parameter('detail', nullable(text));
const itsId = rows({ id: uuid });

const own = statement(itsId)`
  select j.id from avatar_sync_job j
  where j.tenant_id = ${tenant} and j.id = ${id} and j.state = 'RUNNING' and j.worker_id = ${workerId}
    and j.generation = ${parameter('generation', integer)} for no key update`;

const requeue = statement(nothing)`
  update avatar_sync_job j set state = 'QUEUED', worker_id = null, lease_until = null, run_at = now()
  where j.tenant_id = ${tenant} and j.id = ${id} and j.state = 'RUNNING' and j.worker_id = ${workerId}`;

/** Locks the job and returns true if it still belongs to this worker and no newer one has come. */
export async function isOwn(tx: TenantTransaction, job: AvatarJob): Promise<boolean> {
  const { id, workerId, generation } = job;
  if ((await tx.query(own, { id, workerId, generation })).length > 0) return true;
  await tx.query(requeue, { id, workerId });
  return false;
}

const endJob = statement(nothing)`
  update avatar_sync_job j set state = ${parameter('state', enumeration<'FAILED' | 'DONE'>('AvatarSyncState'))}, worker_id = null,
    lease_until = null, finished_at = now(), again_config_id = null, again_address = null, error_code = ${code}, error_status = ${status}, error_detail = ${detail}
  where j.tenant_id = ${tenant} and j.id = ${id}`;

const tellAutomatic = statement(nothing)`
  insert into avatar_auto_sync as a (tenant_id, participant_id, provider, address, attempted_at, error_code, error_status, error_detail)
   select i.tenant_id, ${participantId}, i.provider, ${parameter('address', text)}, now(), ${code}, ${status}, ${detail}
   from integration_config i where i.tenant_id = ${tenant} and i.id = ${parameter('integrationConfigId', uuid)}
   on conflict (tenant_id, participant_id) do update set provider = excluded.provider, address = excluded.address,
     attempted_at = excluded.attempted_at, error_code = excluded.error_code, error_status = excluded.error_status,
     error_detail = excluded.error_detail
   where a.tenant_id = ${tenant}`;

/** Ends a job of this worker for good and announces the outcome. */
export async function endOwn(tx: TenantTransaction, job: AvatarJob, result: SyncResult): Promise<void> {
  const { participantId } = job;
  const problem = result.kind === 'FAILED' ? result.problem : null;
  const error = problem && { code: problem.code, status: problem.status, detail: problem.message };
  const told = { code: error?.code ?? null, status: error?.status ?? null, detail: error?.detail ?? null };
  await tx.query(endJob, { id: job.id, state: error ? 'FAILED' : 'DONE', ...told });
  if (job.kind === 'AUTOMATIC' && result.kind !== 'SKIPPED') {
    const { integrationConfigId, address } = job;
    await tx.query(tellAutomatic, { participantId, integrationConfigId, address, ...told });
  }
  await settleContact(tx, participantId, result);
  if (result.kind !== 'SKIPPED')
    tx.announce('avatarSynced', { participantId, error, occurredAt: tx.now().toISOString() });
}

const endLive = statement(itsId)`
  update avatar_sync_job j set state = 'DONE', worker_id = null, lease_until = null, finished_at = now(), generation = j.generation + 1,
     error_code = null, error_status = null, error_detail = null
   where j.tenant_id = ${tenant} and j.participant_id = ${participantId} and j.state <> 'DONE' returning j.id`;

/** An explicit avatar was set: earlier syncs do not change it any more. */
export async function supersede(tx: TenantTransaction, participantId: string, result: SyncResult): Promise<void> {
  if ((await tx.query(endLive, { participantId })).length > 0) await settleContact(tx, participantId, result);
}

const settleItems = statement(rows({ batchId: uuid }))`
  update avatar_sync_batch_item i
  set result = ${parameter('result', enumeration<SyncResult['kind']>('AvatarSyncResult'))}, error_code = ${code}, finished_at = now()
  where i.tenant_id = ${tenant} and i.participant_id = ${participantId} and i.result is null returning i.batch_id as "batchId"`;

// Two workers that finish the last two contacts must not each leave the batch to the other.
const ids = parameter('ids', array(uuid));
const lockBatches = statement(itsId)`
  select b.id from avatar_sync_batch b where b.tenant_id = ${tenant} and b.id = any(${ids}) order by b.id for no key update`;

const endBatches = statement(itsId)`
  update avatar_sync_batch b set finished_at = now() where b.tenant_id = ${tenant} and b.id = any(${ids}) and b.finished_at is null and not exists (
     select from avatar_sync_batch_item i where i.tenant_id = b.tenant_id and i.batch_id = b.id and i.result is null)
   returning b.id`;

/** Ends the batches among these that have nothing left to do. */
export async function endFinished(tx: TenantTransaction, ids: readonly string[]): Promise<void> {
  await tx.query(lockBatches, { ids });
  await tx.query(endBatches, { ids });
}

/** Ends the batch contacts of this participant, and the batches that have none left. */
async function settleContact(tx: TenantTransaction, participantId: string, result: SyncResult): Promise<void> {
  const code = result.kind === 'FAILED' ? result.problem.code : null;
  const batchIds = (await tx.query(settleItems, { participantId, result: result.kind, code })).map(
    ({ batchId }) => batchId,
  );
  if (batchIds.length === 0) return;
  await endFinished(tx, batchIds);
  for (const batchId of batchIds) tx.announce('avatarSyncBatchProgress', { batchId });
}
