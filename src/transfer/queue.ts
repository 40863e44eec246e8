import type { Database } from '../database/database.ts';
import type { DataJob } from '../database/generated/client.ts';
import { columns, nothing, type Rows, rows, type Selected } from '../database/sql/columns.ts';
import { parameter } from '../database/sql/fragment.ts';
import { globalStatement } from '../database/sql/statement.ts';
import { array, assured, double, integer, uuid } from '../database/sql/types.ts';
import type { JobQueue } from '../jobs/worker.ts';

/** A job that a worker has leased. */
export type LeasedJob = DataJob & { workerId: string };

const own = columns('DataJob', 'j');
const job: Selected<LeasedJob> = {
  nodes: own.nodes,
  ...(rows({ workerId: assured(uuid) }, own as Rows<Omit<DataJob, 'workerId'>>) as Rows<LeasedJob>),
};
const workerId = parameter('workerId', uuid);
const leaseMs = parameter('leaseMs', double);

// One job of a tenant at a time: two imports of one tenant would wait for each other's rows.
const claim = globalStatement(job)`
  with due as materialized (
    select j.tenant_id, j.id from data_job j where j.state = 'QUEUED' and j.run_at <= now()
      and not exists (select from data_job r where r.state = 'RUNNING' and r.tenant_id = j.tenant_id)
    order by j.run_at, j.id limit ${parameter('most', integer)} for update of j skip locked
  )
  update data_job j set state = 'RUNNING', attempts = j.attempts + 1, worker_id = ${workerId},
    started_at = coalesce(j.started_at, now()), lease_until = now() + ${leaseMs} * interval '1 millisecond'
  from due where j.tenant_id = due.tenant_id and j.id = due.id returning ${job}`;

const renew = globalStatement(nothing)`
  update data_job j set lease_until = now() + ${leaseMs} * interval '1 millisecond'
  where j.state = 'RUNNING' and j.worker_id = ${workerId} and j.id = any(${parameter('ids', array(uuid))})`;

const reclaim = globalStatement(nothing)`
  update data_job j set state = 'QUEUED', worker_id = null, lease_until = null, run_at = now()
  where j.state = 'RUNNING' and j.lease_until < now()`;

const release = globalStatement(nothing)`
  update data_job j set state = 'QUEUED', worker_id = null, lease_until = null, run_at = now() + ${parameter('waitMs', double)} * interval '1 millisecond'
  where j.tenant_id = ${parameter('tenantId', uuid)} and j.id = ${parameter('id', uuid)} and j.state = 'RUNNING' and j.worker_id = ${workerId}`;

const handBack = globalStatement(nothing)`
  update data_job j set state = 'QUEUED', worker_id = null, lease_until = null, run_at = now(), attempts = greatest(0, j.attempts - 1)
  where j.state = 'RUNNING' and j.worker_id = ${workerId}`;

/** Imports and exports of all tenants, for workers. */
export function dataQueue(database: Pick<Database, 'query'>, leaseMs: number): JobQueue<LeasedJob> {
  return {
    claim: (workerId, most) => database.query(claim, { workerId, most, leaseMs }),
    renew: async (workerId, ids) => void (await database.query(renew, { workerId, leaseMs, ids })),
    reclaim: async () => void (await database.query(reclaim)),
    release: async ({ tenantId, id, workerId }) =>
      void (await database.query(release, { tenantId, id, workerId, waitMs: leaseMs / 15 })),
    handBack: async (workerId) => void (await database.query(handBack, { workerId })),
  };
}
