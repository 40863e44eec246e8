import type { Database } from '../database/database.ts';
import { columns, nothing, type Rows, rows, type Selected } from '../database/sql/columns.ts';
import { type Fragment, parameter, sql, tenant } from '../database/sql/fragment.ts';
import { globalStatement, statement } from '../database/sql/statement.ts';
import { array, assured, double, integer, nullable, textOf, uuid } from '../database/sql/types.ts';
import type { ErrorCode } from '../errors/catalogue.ts';
import { leasesOf } from '../jobs/leases.ts';
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
const maxPerConfig = 4;

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
const ids = parameter('ids', array(uuid));
const ofTenant = rows({ tenantId: uuid });

const isPaused = (tenantId: Fragment, configId: Fragment) => sql`exists (select from avatar_sync_pause s
       where s.tenant_id = ${tenantId} and s.integration_config_id = ${configId} and s.until > now())`;

// Takes turns between configs, the one with the fewest running jobs first, so that a large batch does not delay others.
const due = globalStatement(rows({ tenantId: uuid, id: uuid }))`
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
   )
   select head.tenant_id as "tenantId", head.id from waiting w left join busy b using (tenant_id, config_id)
     cross join lateral (
       select first.*, row_number() over (order by first.run_at, first.id) as turn from (
         select j.tenant_id, j.id, j.run_at from avatar_sync_job j
         where j.state = 'QUEUED' and j.tenant_id = w.tenant_id and j.integration_config_id = w.config_id and j.run_at <= now()
         order by j.run_at, j.id limit greatest(0, ${maxPerConfig} - coalesce(b.jobs, 0))
       ) first) head
     where not ${isPaused(sql`w.tenant_id`, sql`w.config_id`)}
   order by coalesce(b.jobs, 0) + head.turn, head.run_at limit ${parameter('max', integer)}`;

// Locks only what is taken. What another replica has taken, locked or paused since it was read is skipped.
const claim = statement(job)`
   with free as materialized (
     select j.id from avatar_sync_job j where j.tenant_id = ${tenant} and j.id = any(${ids})
       and j.state = 'QUEUED' and j.run_at <= now() and not ${isPaused(sql`j.tenant_id`, sql`j.integration_config_id`)}
     for update skip locked
   )
   update avatar_sync_job j set state = 'RUNNING', attempts = j.attempts + 1, worker_id = ${workerId},
     lease_until = now() + ${leaseMs} * interval '1 millisecond'
   from free f where j.tenant_id = ${tenant} and j.id = f.id
   returning ${job}`;

// A locked job is about to end or change, and the next renewal comes soon. Waiting here would delay the renewal of the
// others.
const renew = statement(nothing)`
  with mine as materialized (
     select j.id from avatar_sync_job j where j.tenant_id = ${tenant} and j.id = any(${ids})
       and j.state = 'RUNNING' and j.worker_id = ${workerId} for no key update skip locked
   )
   update avatar_sync_job j set lease_until = now() + ${leaseMs} * interval '1 millisecond'
   from mine where j.tenant_id = ${tenant} and j.id = mine.id`;

const expiredTenants = globalStatement(ofTenant)`
  select distinct j.tenant_id as "tenantId" from avatar_sync_job j where j.state = 'RUNNING' and j.lease_until < now()`;
const reclaim = statement(nothing)`
  with lost as materialized (
     select j.id from avatar_sync_job j
     where j.tenant_id = ${tenant} and j.state = 'RUNNING' and j.lease_until < now() for no key update skip locked
   )
   update avatar_sync_job j set state = 'QUEUED', worker_id = null, lease_until = null, run_at = now()
   from lost where j.tenant_id = ${tenant} and j.id = lost.id`;

// The attempt counts, and the job is due only after a while: otherwise a job that always fails would run without a
// pause.
const release = statement(nothing)`
  update avatar_sync_job j set state = 'QUEUED', worker_id = null, lease_until = null, run_at = now() + ${parameter('waitMs', double)} * interval '1 millisecond'
   where j.tenant_id = ${tenant} and j.id = ${parameter('id', uuid)} and j.state = 'RUNNING'
     and j.worker_id = ${workerId} and j.attempts = ${parameter('attempts', integer)}`;

const leasedTenants = globalStatement(ofTenant)`
  select distinct j.tenant_id as "tenantId" from avatar_sync_job j where j.state = 'RUNNING' and j.worker_id = ${workerId}`;
// Locked in the same order as by a batch (batches.ts), so that the two cannot deadlock.
const handBack = statement(nothing)`
  with mine as materialized (
     select j.id from avatar_sync_job j
     where j.tenant_id = ${tenant} and j.state = 'RUNNING' and j.worker_id = ${workerId}
     order by j.participant_id for no key update
   )
   update avatar_sync_job j set state = 'QUEUED', worker_id = null, lease_until = null, run_at = now(), attempts = greatest(0, j.attempts - 1)
   from mine where j.tenant_id = ${tenant} and j.id = mine.id`;

const jobCounts = globalStatement(rows({ due: integer, waiting: integer, running: integer }))`
  select count(*) filter (where j.state = 'QUEUED' and j.run_at <= now())::int as due,
    count(*) filter (where j.state = 'QUEUED' and j.run_at > now())::int as waiting,
    count(*) filter (where j.state = 'RUNNING')::int as running
  from (select j.state, j.run_at from avatar_sync_job j where j.state in ('QUEUED', 'RUNNING') limit 100000) j`;

/** Counts the avatar jobs of all tenants by what they are doing. It looks at 100,000 at most. */
export async function countAvatarJobs(database: Pick<Database, 'query'>): Promise<Record<string, number>> {
  const [found] = await database.query(jobCounts);
  return { due: found?.due ?? 0, waiting: found?.waiting ?? 0, running: found?.running ?? 0 };
}

/**
 * The avatar jobs of all tenants, for workers. What has to be done is read across tenants. It is locked and written in
 * one tenant at a time.
 */
export function avatarQueue({ query }: Pick<Database, 'query'>, leaseMs: number): JobQueue<AvatarJob> {
  return {
    ...leasesOf<AvatarJob>({
      due: (max) => query(due, { max }),
      claim: (of) => query(claim, { ...of, leaseMs }),
      renew: (of) => query(renew, { ...of, leaseMs }),
      expiredTenants: () => query(expiredTenants),
      reclaim: (of) => query(reclaim, of),
      leasedTenants: (workerId) => query(leasedTenants, { workerId }),
      handBack: (of) => query(handBack, of),
    }),
    release: async ({ tenantId, id, workerId, attempts }) =>
      void (await query(release, { tenantId, id, workerId, attempts, waitMs: leaseMs / 15 })),
  };
}
