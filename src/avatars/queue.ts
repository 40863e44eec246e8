import type { Database } from '../database/database.ts';
import { globalStatement } from '../database/statement.ts';
import type { JobQueue } from '../jobs/worker.ts';

/** A job as a worker gets it: which channel of which participant to take the avatar from. */
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
  queuedAt: Date;
};

/** How many jobs of one integration config are worked on at once, by all replicas together: roughly, for replicas don't wait for each other. */
const mostPerConfig = 4;

// From config to config, whatever many jobs each has; those with the least at work come first, so that a large batch lets the others through.
const claim = globalStatement<AvatarJob>(
  `with recursive waiting (tenant_id, config_id) as (
     (select j.tenant_id, j.integration_config_id from avatar_sync_job j where j.state = 'QUEUED' order by 1, 2 limit 1)
     union all
     select next.* from waiting w cross join lateral (
       select j.tenant_id, j.integration_config_id from avatar_sync_job j
       where j.state = 'QUEUED' and (j.tenant_id, j.integration_config_id) > (w.tenant_id, w.config_id)
       order by 1, 2 limit 1) next
   ), busy as (
     select j.tenant_id, j.integration_config_id as config_id, count(*) as jobs from avatar_sync_job j
     where j.state = 'RUNNING' group by 1, 2
   ), chosen as (
     select head.tenant_id, head.id from waiting w left join busy b using (tenant_id, config_id)
     cross join lateral (
       select due.*, row_number() over (order by due.run_at, due.id) as turn from (
         select j.tenant_id, j.id, j.run_at from avatar_sync_job j
         where j.state = 'QUEUED' and j.tenant_id = w.tenant_id and j.integration_config_id = w.config_id and j.run_at <= now()
         order by j.run_at, j.id limit greatest(0, ${mostPerConfig} - coalesce(b.jobs, 0)) for update skip locked
       ) due) head
     where not exists (
       select from avatar_sync_pause s where s.tenant_id = w.tenant_id and s.integration_config_id = w.config_id and s.until > now())
     order by coalesce(b.jobs, 0) + head.turn, head.run_at limit $2::int
   )
   update avatar_sync_job j set state = 'RUNNING', attempts = j.attempts + 1, worker_id = $1::uuid,
     lease_until = now() + $3::float8 * interval '1 millisecond'
   from chosen c where j.tenant_id = c.tenant_id and j.id = c.id
   returning j.tenant_id as "tenantId", j.id, j.worker_id as "workerId", j.participant_id as "participantId",
     j.integration_config_id as "integrationConfigId", j.address, j.kind, j.generation, j.attempts, j.queued_at as "queuedAt"`,
);

const renew = globalStatement<never>(
  `update avatar_sync_job j set lease_until = now() + $2::float8 * interval '1 millisecond' where j.state = 'RUNNING' and j.worker_id = $1::uuid`,
);

const reclaim = globalStatement<never>(
  `update avatar_sync_job j set state = 'QUEUED', worker_id = null, lease_until = null, run_at = now()
   where j.state = 'RUNNING' and j.lease_until < now()`,
);

const handBack = globalStatement<never>(
  `update avatar_sync_job j set state = 'QUEUED', worker_id = null, lease_until = null, run_at = now(), attempts = greatest(0, j.attempts - 1)
   where j.state = 'RUNNING' and j.worker_id = $1::uuid`,
);

/** The avatar jobs of all tenants, for workers: the one place that looks across the wall between them, and only at what is to be done. */
export function avatarQueue(database: Pick<Database, 'query'>, leaseMs: number): JobQueue<AvatarJob> {
  return {
    claim: (workerId, most) => database.query(claim, workerId, most, leaseMs),
    renew: async (workerId) => void (await database.query(renew, workerId, leaseMs)),
    reclaim: async () => void (await database.query(reclaim)),
    handBack: async (workerId) => void (await database.query(handBack, workerId)),
  };
}
