import { byTenant, inTurn, throwAny } from '../database/by-tenant.ts';
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
  due(max: number): Promise<readonly Found[]>;
  /** Leases those of the jobs that are still due, and returns them. */
  claim(of: Theirs & { readonly ids: string[] }): Promise<Job[]>;
  renew(of: Theirs & { readonly ids: string[] }): Promise<unknown>;
  /** Reads the tenants that have a job with an expired lease. */
  expiredTenants(): Promise<readonly OfTenant[]>;
  reclaim(of: OfTenant): Promise<unknown>;
  /** Reads the tenants that the worker has leased a job of. */
  leasedTenants(workerId: string): Promise<readonly OfTenant[]>;
  handBack(of: Theirs): Promise<unknown>;
}

/** How many more jobs are read than are wanted: others may have taken some when it is their turn. */
const overfetch = 16;
/** How often a claim reads: replicas that are woken at once read the same jobs, and all but one lose each of them. */
const maxReads = 4;

/**
 * Leases the jobs of all tenants, one tenant at a time. A tenant's error keeps no other tenant from its turn, and is
 * thrown when all have had theirs.
 */
export function leasesOf<Job extends Found>(statements: LeaseStatements<Job>): Omit<JobQueue<Job>, 'release'> {
  const idsByTenant = (jobs: readonly Found[]) =>
    Array.from(byTenant(jobs), ([tenantId, theirs]) => ({ tenantId, ids: theirs.map(({ id }) => id) }));
  return {
    async *claim(workerId, max) {
      const errors = new Map<string, unknown>();
      let wanted = max;
      for (let reads = 0; reads < maxReads; reads += 1) {
        const found = await statements.due(wanted + overfetch);
        const isFull = found.length === wanted + overfetch;
        const waiting = found.filter(({ tenantId }) => !errors.has(tenantId));
        let lost = 0;
        while (wanted > 0 && waiting.length > 0) {
          for (const of of idsByTenant(waiting.splice(0, wanted))) {
            const jobs = await statements.claim({ ...of, workerId }).catch((error: unknown) => {
              errors.set(of.tenantId, error);
            });
            if (!jobs) continue;
            lost += of.ids.length - jobs.length;
            wanted -= jobs.length;
            if (jobs.length > 0) yield jobs;
          }
        }
        if (wanted === 0 || !isFull || lost === 0) break;
      }
      throwAny([...errors.values()]);
    },
    async renew(workerId, jobs) {
      await inTurn(idsByTenant(jobs), (of) => statements.renew({ ...of, workerId }));
    },
    async reclaim() {
      await inTurn(await statements.expiredTenants(), ({ tenantId }) => statements.reclaim({ tenantId }));
    },
    async handBack(workerId) {
      await inTurn(await statements.leasedTenants(workerId), ({ tenantId }) =>
        statements.handBack({ tenantId, workerId }),
      );
    },
  };
}
