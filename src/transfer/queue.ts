import type { Database } from '../database/database.ts';
import { problemBehind, sqlState } from '../database/failures.ts';
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

// One job of a tenant at a time: two imports of one tenant would wait for each other's rows. An index keeps it so where
// two workers claim at once. The time in which nobody works on a job is none of what its estimate goes by, so
// `started_at` moves on by it: from when its worker was last heard of, or when it was given back, until it is claimed.
const claim = globalStatement(job)`
  with due as materialized (
    select j.tenant_id, j.id from (
      select q.tenant_id, q.id, q.run_at, row_number() over (partition by q.tenant_id order by q.run_at, q.id) as place
      from data_job q where q.state = 'QUEUED' and q.run_at <= now()
        and not exists (select from data_job r where r.state = 'RUNNING' and r.tenant_id = q.tenant_id)
    ) q join data_job j on j.tenant_id = q.tenant_id and j.id = q.id
    where q.place = 1 and j.state = 'QUEUED'
    order by q.run_at, q.id limit ${parameter('most', integer)} for update of j skip locked
  )
  update data_job j set state = 'RUNNING', attempts = j.attempts + 1, worker_id = ${workerId},
    started_at = coalesce(j.started_at + greatest(now() - j.run_at, interval '0'), now()),
    lease_until = now() + ${leaseMs} * interval '1 millisecond'
  from due where j.tenant_id = due.tenant_id and j.id = due.id returning ${job}`;

const renew = globalStatement(nothing)`
  update data_job j set lease_until = now() + ${leaseMs} * interval '1 millisecond'
  where j.state = 'RUNNING' and j.worker_id = ${workerId} and j.id = any(${parameter('ids', array(uuid))})`;

const reclaim = globalStatement(nothing)`
  update data_job j set state = 'QUEUED', worker_id = null, lease_until = null, run_at = now(),
    started_at = j.started_at + (now() - j.lease_until) + ${leaseMs} * interval '1 millisecond'
  where j.state = 'RUNNING' and j.lease_until < now()`;

const release = globalStatement(nothing)`
  update data_job j set state = 'QUEUED', worker_id = null, lease_until = null, run_at = now() + ${parameter('waitMs', double)} * interval '1 millisecond',
    started_at = j.started_at + ${parameter('waitMs', double)} * interval '1 millisecond',
    attempts = greatest(0, j.attempts - ${parameter('takenBack', integer)})
  where j.tenant_id = ${parameter('tenantId', uuid)} and j.id = ${parameter('id', uuid)} and j.state = 'RUNNING' and j.worker_id = ${workerId}`;

const handBack = globalStatement(nothing)`
  update data_job j set state = 'QUEUED', worker_id = null, lease_until = null, run_at = now(), attempts = greatest(0, j.attempts - 1)
  where j.state = 'RUNNING' and j.worker_id = ${workerId}`;

const claimTries = 3;

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
export function dataQueue(database: Pick<Database, 'query'>, leaseMs: number): JobQueue<LeasedJob> {
  const outagesOf = createOutages();
  const claimed = async (workerId: string, most: number, tries = claimTries): Promise<LeasedJob[]> => {
    try {
      return await database.query(claim, { workerId, most, leaseMs });
    } catch (error) {
      // Another worker has claimed another job of the same tenant.
      if (sqlState(error) !== '23505') throw error;
      return tries > 1 ? claimed(workerId, most, tries - 1) : [];
    }
  };
  return {
    claim: claimed,
    renew: async (workerId, ids) => void (await database.query(renew, { workerId, leaseMs, ids })),
    reclaim: async () => void (await database.query(reclaim, { leaseMs })),
    async release({ tenantId, id, workerId, doneRows }, error) {
      const isOutage = problemBehind(error).code === 'UNAVAILABLE';
      const times = isOutage ? outagesOf(id, doneRows) : 1;
      const waitMs = Math.min(2 * leaseMs, (leaseMs / 15) * 2 ** Math.min(times - 1, 10));
      await database.query(release, { tenantId, id, workerId, waitMs, takenBack: isOutage ? 1 : 0 });
    },
    handBack: async (workerId) => void (await database.query(handBack, { workerId })),
  };
}
