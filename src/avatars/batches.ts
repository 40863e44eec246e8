import type { TenantDatabase, TenantTransaction } from '../database/database.ts';
import type { Participant } from '../database/generated/client.ts';
import { newId } from '../database/ids.ts';
import { type Loader, manyBy, oneByText, oneByUuid } from '../database/loaders.ts';
import { orderByParticipant } from '../database/names.ts';
import { columns, nothing, rows } from '../database/sql/columns.ts';
import { anyKey, eachKey, parameter, sql, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { array, assured, integer, nullable, text, textOf, timestamptz, uuid } from '../database/sql/types.ts';
import { demandAgents } from '../directory/agents/agents.ts';
import { type ErrorCode, Problem } from '../errors/catalogue.ts';
import type { KeepIds } from '../idempotency/once.ts';
import { endFinished } from './settle.ts';
import { type SyncableProviders, syncableChannels } from './syncable.ts';

/** A batch with its progress, counted from its contacts. */
export type AvatarBatch = {
  id: string;
  agentId: string;
  startedAt: Date;
  /** Null while a contact is not done. */
  finishedAt: Date | null;
  total: number;
  done: number;
  synced: number;
  skipped: number;
  failed: number;
  /** Of the contacts that are done, those that had to be tried. */
  worked: number;
};

// A batch whose last contact was deleted is over too, before that is stored.
const counted = sql`b.id, b.agent_id as "agentId", b.started_at as "startedAt", c.total, c.done, c.synced, c.skipped, c.failed, c.worked,
  coalesce(b.finished_at, case when c.total = c.done then coalesce(c.last, b.started_at) end) as "finishedAt"`;
const counts = sql`cross join lateral (
  select count(*)::int as total, count(i.result)::int as done, max(i.finished_at) as last,
    count(*) filter (where i.result = 'SYNCED')::int as synced, count(*) filter (where i.result = 'SKIPPED')::int as skipped,
    count(*) filter (where i.result = 'FAILED')::int as failed, count(*) filter (where i.finished_at > b.started_at)::int as worked
  from avatar_sync_batch_item i where i.tenant_id = b.tenant_id and i.batch_id = b.id) c`;

const batch = rows({
  id: uuid,
  agentId: text,
  startedAt: timestamptz,
  finishedAt: nullable(timestamptz),
  total: integer,
  done: integer,
  synced: integer,
  skipped: integer,
  failed: integer,
  worked: integer,
});

/** Batches by their ids. */
export const batchById = oneByUuid(
  // Not a batched read: it counts all contacts of the batch.
  statement(
    batch,
  )`select ${counted} from avatar_sync_batch b ${counts} where b.tenant_id = ${tenant} and b.id = ${anyKey(uuid)}`,
  'id',
);

/** The newest batch of each agent. */
export const newestBatch = oneByText(
  statement(batch)`
    select ${counted} from ${eachKey(text)} as a (id) cross join lateral (
      select * from avatar_sync_batch o where o.tenant_id = ${tenant} and o.agent_id = a.id order by o.id desc limit 1) b ${counts}
    where b.tenant_id = ${tenant}`,
  'agentId',
);

/** How many contacts of batches failed, by code, the most frequent first. */
export const failuresByBatch: Loader<string, { code: ErrorCode; count: number }[]> = manyBy(
  statement(rows({ batchId: uuid, code: assured(textOf<ErrorCode>()), count: integer }))`
    select i.batch_id as "batchId", i.error_code as code, count(*)::int as count from avatar_sync_batch_item i
    where i.tenant_id = ${tenant} and i.batch_id = ${anyKey(uuid)} and i.error_code is not null group by 1, 2 order by 1, 3 desc, 2`,
  'batchId',
);

/** How many contacts of batches wait for another try, by the code of their last attempt, the most frequent first. */
export const waitingByBatch: Loader<string, { code: ErrorCode; count: number }[]> = manyBy(
  statement(rows({ batchId: uuid, code: assured(textOf<ErrorCode>()), count: integer }))`
    select i.batch_id as "batchId", j.error_code as code, count(*)::int as count from avatar_sync_batch_item i
     join avatar_sync_job j on j.tenant_id = i.tenant_id and j.participant_id = i.participant_id
     where i.tenant_id = ${tenant} and i.batch_id = ${anyKey(uuid)} and i.result is null and j.state = 'QUEUED' and j.error_code is not null
     group by 1, 2 order by 1, 3 desc, 2`,
  'batchId',
);

/** How many of the contacts in progress are listed. */
export const maxRunning = 10;

const participant = columns('Participant', 'p');

/** Contacts of batches that are being synced now, at most ten per batch. */
export const runningByBatch: Loader<string, Participant[]> = manyBy(
  statement(rows({ batchId: uuid }, participant))`
    select b.id as "batchId", r.* from ${eachKey(uuid)} as b (id) cross join lateral (
       select ${participant} from avatar_sync_job j
       join avatar_sync_batch_item i on i.tenant_id = j.tenant_id and i.participant_id = j.participant_id and i.batch_id = b.id and i.result is null
       join participant p on p.tenant_id = j.tenant_id and p.id = j.participant_id
       where j.tenant_id = ${tenant} and j.state = 'RUNNING' order by ${orderByParticipant('p')}, p.id limit ${maxRunning}) r`,
  'batchId',
);

/**
 * The expected end of a batch at its present rate, from the database's time. Null before it can be computed, and when
 * the batch is over.
 */
export function estimatedCompletion(
  { startedAt, finishedAt, total, done, worked }: AvatarBatch,
  now: number,
): Date | null {
  if (finishedAt || worked === 0) return null;
  return new Date(now + ((now - startedAt.getTime()) / worked) * (total - done));
}

/** Returns AVATAR_SYNC_NOT_FOUND for a batch that the tenant does not have. */
export const batchNotFound = (id: string) =>
  new Problem('AVATAR_SYNC_NOT_FOUND', `There is no batch of avatar syncs ${id}: it may have ended long ago.`);

const id = rows({ id: uuid });
const runningBatch = statement(id)`
  select b.id from avatar_sync_batch b
  where b.tenant_id = ${tenant} and b.agent_id = ${parameter('agentId', text)} and b.finished_at is null`;

const begin = statement(id)`
  insert into avatar_sync_batch as b (tenant_id, id, agent_id)
  values (${tenant}, ${parameter('id', uuid)}, ${parameter('agentId', text)})
  on conflict (tenant_id, agent_id) where finished_at is null do update set agent_id = excluded.agent_id
  where b.tenant_id = ${tenant} returning b.id`;

// Contacts that cannot be synced end with the start of the batch, with the most specific reason. now() is the start of
// the transaction. A participant that is being deleted is not counted.
const addContacts = statement(nothing)`
  insert into avatar_sync_batch_item (tenant_id, batch_id, participant_id, result, error_code, finished_at)
   select p.tenant_id, ${parameter('batchId', uuid)}, p.id, v.result::"AvatarSyncResult", v.code, case when v.result is not null then now() end
   from binding b join participant p on p.tenant_id = b.tenant_id and p.id = b.participant_id
   left join lateral (
     select bool_or(true) as source, bool_or(c.address_valid) as valid from channel c
     where c.tenant_id = ${tenant} and c.participant_id = p.id and not c.disabled and c.provider = any(${parameter('all', array(text))})) sourced on true
   cross join lateral (
     select case when p.avatar_source = 'UPLOADED' then 'SKIPPED'
         when not exists (${syncableChannels(sql`p.id`)}) then 'FAILED' end as result,
       case when p.avatar_source = 'UPLOADED' or exists (${syncableChannels(sql`p.id`)}) then null
         when sourced.valid then 'INTEGRATION_NOT_CONNECTED' when sourced.source then 'AVATAR_NOT_AVAILABLE'
         when exists (select from channel c where c.tenant_id = ${tenant} and c.participant_id = p.id and not c.disabled) then 'AVATAR_SOURCE_NOT_REGISTERED'
         else 'CHANNEL_NOT_ON_PARTICIPANT' end as code) v
   where b.tenant_id = ${tenant} and b.agent_id = ${parameter('agentId', text)} order by p.id for key share of p`;

// A job that waits or runs already serves the batch. Its row is locked, so that it does not end unnoticed.
const addJobs = statement(nothing)`
  insert into avatar_sync_job as j (tenant_id, id, participant_id, integration_config_id, address, kind)
   select i.tenant_id, new_id(), i.participant_id, s.integration_config_id, s.address, 'BATCH'
   from avatar_sync_batch_item i cross join lateral (${syncableChannels(sql`i.participant_id`)} limit 1) s
   where i.tenant_id = ${tenant} and i.batch_id = ${parameter('batchId', uuid)} and i.result is null order by i.participant_id
   on conflict (tenant_id, participant_id) do update set
     (integration_config_id, address, kind, attempts, accounted, queued_at, run_at, generation, state,
      finished_at, error_code, error_status, error_detail, again_config_id, again_address) =
     (select n.* from (select j.integration_config_id, j.address, j.kind, j.attempts, j.accounted, j.queued_at, j.run_at, j.generation, j.state,
        j.finished_at, j.error_code, j.error_status, j.error_detail, j.again_config_id, j.again_address where j.finished_at is null
      union all select excluded.integration_config_id, excluded.address, excluded.kind, 0, 0, now(), now(), j.generation + 1, 'QUEUED',
        null, null, null, null, null, null where j.finished_at is not null) n)
   where j.tenant_id = ${tenant}`;

/**
 * Queues a sync of every contact of an agent, or joins its running batch. Returns the batch's id. Throws
 * AGENT_NOT_FOUND.
 */
export async function syncAgentAvatars(
  db: TenantDatabase,
  { agentId }: { agentId: string },
  syncable: SyncableProviders,
  keepIds?: KeepIds,
): Promise<string> {
  return db.transaction(async (tx) => {
    await demandAgents(tx, [agentId]);
    // A batch whose last contact was deleted is not running any more.
    const before = await tx.query(runningBatch, { agentId });
    if (before.length > 0)
      await endFinished(
        tx,
        before.map(({ id }) => id),
      );
    const id = newId();
    const [batch] = (await tx.query(begin, { id, agentId })) as [{ id: string }];
    await keepIds?.(tx, [batch.id]);
    if (batch.id !== id) return batch.id;
    await fill(tx, id, agentId, syncable);
    return id;
  });
}

async function fill(
  tx: TenantTransaction,
  batchId: string,
  agentId: string,
  syncable: SyncableProviders,
): Promise<void> {
  await tx.query(addContacts, { batchId, agentId, ...syncable });
  await tx.query(addJobs, { batchId, ...syncable });
  await endFinished(tx, [batchId]);
  tx.announce('avatarSyncQueued', {});
  tx.announce('avatarSyncBatchProgress', { batchId });
}
