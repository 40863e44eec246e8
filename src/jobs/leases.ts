import { byTenant } from '../database/by-tenant.ts';
import type { JobQueue } from './worker.ts';

type OfTenant = { readonly tenantId: string };
type Found = OfTenant & { readonly id: string };
type Theirs = OfTenant & { readonly workerId: string };

/**
 * The statements of a table of jobs. Those that take a tenant lock and write its rows, and repeat the condition of the
 * read before them: another replica may have come first.
 */
export interface LeaseStatements<Job> {
  /** Reads at most so many jobs of all tenants that are due. */
  due(most: number): Promise<readonly Found[]>;
  /** Leases those of the jobs that are still due, and returns them. */
  claim(of: Theirs & { readonly ids: string[] }): Promise<Job[]>;
  renew(of: Theirs & { readonly ids: string[] }): Promise<unknown>;
  /** Reads the tenants that have a job with an expired lease. */
  lapsed(): Promise<readonly OfTenant[]>;
  reclaim(of: OfTenant): Promise<unknown>;
  /** Reads the tenants that the worker has leased a job of. */
  held(workerId: string): Promise<readonly OfTenant[]>;
  handBack(of: Theirs): Promise<unknown>;
}

/** How many more jobs are read than are wanted: others may have taken some when it is their turn. */
const spare = 16;

/** Leases the jobs of all tenants, one tenant at a time. */
export function leasesOf<Job extends Found>(statements: LeaseStatements<Job>): Omit<JobQueue<Job>, 'release'> {
  const idsByTenant = (jobs: readonly Found[]) =>
    Array.from(byTenant(jobs), ([tenantId, theirs]) => ({ tenantId, ids: theirs.map(({ id }) => id) }));
  return {
    async claim(workerId, most) {
      const jobs: Job[] = [];
      const waiting = [...(await statements.due(most + spare))];
      try {
        while (jobs.length < most && waiting.length > 0) {
          for (const of of idsByTenant(waiting.splice(0, most - jobs.length)))
            jobs.push(...(await statements.claim({ ...of, workerId })));
        }
      } catch (error) {
        // What was leased before has to be run.
        if (jobs.length === 0) throw error;
      }
      return jobs;
    },
    async renew(workerId, jobs) {
      for (const of of idsByTenant(jobs)) await statements.renew({ ...of, workerId });
    },
    async reclaim() {
      for (const { tenantId } of await statements.lapsed()) await statements.reclaim({ tenantId });
    },
    async handBack(workerId) {
      for (const { tenantId } of await statements.held(workerId)) await statements.handBack({ tenantId, workerId });
    },
  };
}
