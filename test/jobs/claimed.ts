import type { JobQueue } from '../../src/jobs/worker.ts';

/** Claims jobs, and returns them when all have been leased. */
export async function claimed<Job>(queue: Pick<JobQueue<Job>, 'claim'>, workerId: string, max: number): Promise<Job[]> {
  const jobs: Job[] = [];
  for await (const some of queue.claim(workerId, max)) jobs.push(...some);
  return jobs;
}
