import type { Database } from '../database/database.ts';
import { problemBehind, sqlState } from '../database/failures.ts';
import type { DataJob } from '../database/generated/client.ts';
import { columns, nothing, type Rows, rows, type Selected } from '../database/sql/columns.ts';
import { parameter, tenant } from '../database/sql/fragment.ts';
import { globalStatement, statement } from '../database/sql/statement.ts';
import { array, assured, double, integer, timestamptz, uuid } from '../database/sql/types.ts';
import { leasesOf } from '../jobs/leases.ts';
import type { JobQueue } from '../jobs/worker.ts';

/** A job that a worker has leased. */
export type LeasedJob = DataJob & { workerId: string; startedAt: Date };

const own = columns('DataJob', 'j');
const job: Selected<LeasedJob> = {
  nodes: own.nodes,
  ...(rows(
    { workerId: assured(uuid), startedAt: assured(timestamptz) },
    own as Rows<Omit<DataJob, 'workerId' | 'startedAt'>>,
  ) as Rows<LeasedJob>),
};
const workerId = parameter('workerId', uuid);
const leaseMs = parameter('leaseMs', double);
const ids = parameter('ids', array(uuid));
const ofTenant = rows({ tenantId: uuid });

// One job of a tenant at a time: two imports of one tenant would wait for each other's rows.
const due = globalStatement(rows({ tenantId: uuid, id: uuid }))`
  select q.tenant_id as "tenantId", q.id from (
    select q.tenant_id, q.id, q.run_at, row_number() over (partition by q.tenant_id order by q.run_at, q.id) as place
    from data_job q where q.state = 'QUEUED' and q.run_at <= now()
      and not exists (select from data_job r where r.state = 'RUNNING' and r.tenant_id = q.tenant_id)
  ) q where q.place = 1 order by q.run_at, q.id limit ${parameter('max', integer)}`;
// Skips what another worker has taken or locked since it was read. The time in which nobody works on a job is none of
// what its estimate goes by, so `started_at` moves on by it: from when its worker was last heard of, or when it was
// given back, until it is claimed.
const claim = statement(job)`
  with free as materialized (
    select j.id from data_job j where j.tenant_id = ${tenant} and j.id = any(${ids})
      and j.state = 'QUEUED' and j.run_at <= now()
      and not exists (select from data_job r where r.tenant_id = ${tenant} and r.state = 'RUNNING')
    for update skip locked
  )
  update data_job j set state = 'RUNNING', attempts = j.attempts + 1, worker_id = ${workerId},
    started_at = coalesce(j.started_at + greatest(now() - j.run_at, interval '0'), now()),
    lease_until = now() + ${leaseMs} * interval '1 millisecond'
  from free f where j.tenant_id = ${tenant} and j.id = f.id returning ${job}`;

// A locked job is about to end or has just come on, and the next renewal comes soon. Waiting here would delay the
// renewal of the others.
const renew = statement(nothing)`
  with mine as materialized (
    select j.id from data_job j where j.tenant_id = ${tenant} and j.id = any(${ids})
      and j.state = 'RUNNING' and j.worker_id = ${workerId} for no key update skip locked
  )
  update data_job j set lease_until = now() + ${leaseMs} * interval '1 millisecond'
  from mine where j.tenant_id = ${tenant} and j.id = mine.id`;

const expiredTenants = globalStatement(ofTenant)`
  select distinct j.tenant_id as "tenantId" from data_job j where j.state = 'RUNNING' and j.lease_until < now()`;
const reclaim = statement(nothing)`
  with lost as materialized (
    select j.id from data_job j
    where j.tenant_id = ${tenant} and j.state = 'RUNNING' and j.lease_until < now() for no key update skip locked
  )
  update data_job j set state = 'QUEUED', worker_id = null, lease_until = null, run_at = now(),
    started_at = j.started_at + (now() - j.lease_until) + ${leaseMs} * interval '1 millisecond'
  from lost where j.tenant_id = ${tenant} and j.id = lost.id`;

// The same worker may have leased it again meanwhile. Progress takes its attempts back, so they cannot tell: the start
// moves on with each lease, and stays in between.
const release = statement(nothing)`
  update data_job j set state = 'QUEUED', worker_id = null, lease_until = null, run_at = now() + ${parameter('waitMs', double)} * interval '1 millisecond',
    started_at = j.started_at + ${parameter('waitMs', double)} * interval '1 millisecond',
    attempts = greatest(0, j.attempts - ${parameter('takenBack', integer)})
  where j.tenant_id = ${tenant} and j.id = ${parameter('id', uuid)} and j.state = 'RUNNING'
    and j.worker_id = ${workerId} and j.started_at = ${parameter('startedAt', timestamptz)}`;

const leasedTenants = globalStatement(ofTenant)`
  select distinct j.tenant_id as "tenantId" from data_job j where j.state = 'RUNNING' and j.worker_id = ${workerId}`;
const handBack = statement(nothing)`
  update data_job j set state = 'QUEUED', worker_id = null, lease_until = null, run_at = now(), attempts = greatest(0, j.attempts - 1)
  where j.tenant_id = ${tenant} and j.state = 'RUNNING' and j.worker_id = ${workerId}`;

/** How often jobs have met an outage since they last came on. */
function createOutages() {
  const met = new Map<string, { doneRows: number; times: number }>();
  return (id: string, doneRows: number): number => {
    if (met.size > 1_000) met.clear();
    const before = met.get(id);
    const times = before?.doneRows === doneRows ? before.times + 1 : 1;
    met.set(id, { doneRows, times });
    return times;
  };
}

/**
 * Imports and exports of all tenants, for workers. A job that met an outage keeps its attempts, and waits longer each
 * time that it comes no further.
 */
export function dataQueue({ query }: Pick<Database, 'query'>, leaseMs: number): JobQueue<LeasedJob> {
  const outagesOf = createOutages();
  return {
    ...leasesOf<LeasedJob>({
      due: (max) => query(due, { max }),
      claim: (of) =>
        query(claim, { ...of, leaseMs }).catch((error: unknown) => {
          // Another worker has claimed another job of the same tenant at the same time, which an index refuses.
          if (sqlState(error) !== '23505') throw error;
          return [];
        }),
      renew: (of) => query(renew, { ...of, leaseMs }),
      expiredTenants: () => query(expiredTenants),
      reclaim: (of) => query(reclaim, { ...of, leaseMs }),
      leasedTenants: (workerId) => query(leasedTenants, { workerId }),
      handBack: (of) => query(handBack, of),
    }),
    async release({ tenantId, id, workerId, startedAt, doneRows }, error) {
      const isOutage = problemBehind(error).code === 'UNAVAILABLE';
      const times = isOutage ? outagesOf(id, doneRows) : 1;
      const waitMs = Math.min(2 * leaseMs, (leaseMs / 15) * 2 ** Math.min(times - 1, 10));
      await query(release, { tenantId, id, workerId, startedAt, waitMs, takenBack: isOutage ? 1 : 0 });
    },
  };
}
