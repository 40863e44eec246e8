import type { Database } from '../database/database.ts';
import { columns, nothing, type Rows, rows, type Selected } from '../database/sql/columns.ts';
import { parameter } from '../database/sql/fragment.ts';
import { globalStatement } from '../database/sql/statement.ts';
import { array, assured, double, integer, nullable, textOf, uuid } from '../database/sql/types.ts';
import type { ErrorCode } from '../errors/catalogue.ts';
import type { JobQueue } from '../jobs/worker.ts';

/** A job for a worker: which channel of which participant to take the avatar from. */
export type AvatarJob = {
  tenantId: string;
  id: string;
  workerId: string;
  participantId: string;
  integrationConfigId: string;
  address: string;
  kind: 'AUTOMATIC' | 'BATCH';
  generation: number;
  attempts: number;
  /** How many attempts ended with a recorded error. */
  accounted: number;
  queuedAt: Date;
  /** The error of the last attempt. Null before one, and when the last channel failed permanently. */
  errorCode: ErrorCode | null;
  errorStatus: number | null;
  errorDetail: string | null;
  /** The first channel of this round that failed temporarily. Null for none. */
  againConfigId: string | null;
  againAddress: string | null;
};

/**
 * About how many jobs of one integration config run at once on all replicas. Replicas do not wait for each other to
 * enforce it.
 */
const mostPerConfig = 4;

const columnsOfJob = columns('AvatarSyncJob', 'j', [
  'tenantId',
  'id',
  'workerId',
  'participantId',
  'integrationConfigId',
  'address',
  'kind',
  'generation',
  'attempts',
  'accounted',
  'queuedAt',
  'errorCode',
  'errorStatus',
  'errorDetail',
  'againConfigId',
  'againAddress',
]);
// The worker that claims a job owns it. Stored error codes are those of the catalogue.
const withWorker: Rows<AvatarJob> = rows(
  { workerId: assured(uuid), errorCode: nullable(textOf<ErrorCode>()) },
  columnsOfJob as Rows<Omit<AvatarJob, 'workerId' | 'errorCode'>>,
);
const job: Selected<AvatarJob> = { nodes: columnsOfJob.nodes, ...withWorker };
const workerId = parameter('workerId', uuid);
const leaseMs = parameter('leaseMs', double);

// Takes turns between configs, the one with the fewest running jobs first, so that a large batch does not delay others.
// Locks only what is taken. A concurrent claim of another replica takes the next.
const claim = globalStatement(job)`
  with recursive waiting (tenant_id, config_id) as (
     (select j.tenant_id, j.integration_config_id from avatar_sync_job j where j.state = 'QUEUED' order by 1, 2 limit 1)
     union all
     select next.* from waiting w cross join lateral (
       select j.tenant_id, j.integration_config_id from avatar_sync_job j
       where j.state = 'QUEUED' and (j.tenant_id, j.integration_config_id) > (w.tenant_id, w.config_id)
       order by 1, 2 limit 1) next
   ), busy as (
     select j.tenant_id, j.integration_config_id as config_id, count(*) as jobs from avatar_sync_job j
     where j.state = 'RUNNING' group by 1, 2
   ), due as materialized (
     select head.tenant_id, head.id, coalesce(b.jobs, 0) + head.turn as place, head.run_at from waiting w left join busy b using (tenant_id, config_id)
     cross join lateral (
       select first.*, row_number() over (order by first.run_at, first.id) as turn from (
         select j.tenant_id, j.id, j.run_at from avatar_sync_job j
         where j.state = 'QUEUED' and j.tenant_id = w.tenant_id and j.integration_config_id = w.config_id and j.run_at <= now()
         order by j.run_at, j.id limit greatest(0, ${mostPerConfig} - coalesce(b.jobs, 0))
       ) first) head
     where not exists (
       select from avatar_sync_pause s where s.tenant_id = w.tenant_id and s.integration_config_id = w.config_id and s.until > now())
   ), chosen as materialized (
     select j.tenant_id, j.id from due join avatar_sync_job j on j.tenant_id = due.tenant_id and j.id = due.id
     where j.state = 'QUEUED' and j.run_at <= now() order by due.place, due.run_at limit ${parameter('most', integer)} for update of j skip locked
   )
   update avatar_sync_job j set state = 'RUNNING', attempts = j.attempts + 1, worker_id = ${workerId},
     lease_until = now() + ${leaseMs} * interval '1 millisecond'
   from chosen c where j.tenant_id = c.tenant_id and j.id = c.id
   returning ${job}`;

// A locked job is about to end or change, and the next renewal comes soon. Waiting here would delay the renewal of the
// others.
const renew = globalStatement(nothing)`
  with mine as materialized (
     select j.tenant_id, j.id from avatar_sync_job j
     where j.state = 'RUNNING' and j.worker_id = ${workerId} and j.id = any(${parameter('ids', array(uuid))}) for no key update skip locked
   )
   update avatar_sync_job j set lease_until = now() + ${leaseMs} * interval '1 millisecond'
   from mine where j.tenant_id = mine.tenant_id and j.id = mine.id`;

const reclaim = globalStatement(nothing)`
  with lost as materialized (
     select j.tenant_id, j.id from avatar_sync_job j where j.state = 'RUNNING' and j.lease_until < now() for no key update skip locked
   )
   update avatar_sync_job j set state = 'QUEUED', worker_id = null, lease_until = null, run_at = now()
   from lost where j.tenant_id = lost.tenant_id and j.id = lost.id`;

// The attempt counts, and the job is due only after a while: otherwise a job that always fails would run without a
// pause.
const release = globalStatement(nothing)`
  update avatar_sync_job j set state = 'QUEUED', worker_id = null, lease_until = null, run_at = now() + ${parameter('waitMs', double)} * interval '1 millisecond'
   where j.tenant_id = ${parameter('tenantId', uuid)} and j.id = ${parameter('id', uuid)} and j.state = 'RUNNING'
     and j.worker_id = ${workerId} and j.attempts = ${parameter('attempts', integer)}`;

// Locked in the same order as by a batch (batches.ts), so that the two cannot deadlock.
const handBack = globalStatement(nothing)`
  with mine as materialized (
     select j.tenant_id, j.id from avatar_sync_job j where j.state = 'RUNNING' and j.worker_id = ${workerId}
     order by j.tenant_id, j.participant_id for no key update
   )
   update avatar_sync_job j set state = 'QUEUED', worker_id = null, lease_until = null, run_at = now(), attempts = greatest(0, j.attempts - 1)
   from mine where j.tenant_id = mine.tenant_id and j.id = mine.id`;

/**
 * The avatar jobs of all tenants, for workers. Nothing else crosses the wall between tenants, and it reads only what
 * has to be done.
 */
export function avatarQueue(database: Pick<Database, 'query'>, leaseMs: number): JobQueue<AvatarJob> {
  return {
    claim: (workerId, most) => database.query(claim, { workerId, most, leaseMs }),
    renew: async (workerId, ids) => void (await database.query(renew, { workerId, leaseMs, ids })),
    reclaim: async () => void (await database.query(reclaim)),
    release: async ({ tenantId, id, workerId, attempts }) =>
      void (await database.query(release, { tenantId, id, workerId, attempts, waitMs: leaseMs / 15 })),
    handBack: async (workerId) => void (await database.query(handBack, { workerId })),
  };
}
