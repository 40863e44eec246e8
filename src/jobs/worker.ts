/** Where a worker's jobs come from. A job is leased: whoever doesn't renew it in time has lost it. */
export interface JobQueue<Job> {
  /** Leases at most so many jobs that are due; each counts an attempt. */
  claim(workerId: string, most: number): Promise<Job[]>;
  /** Puts off the end of the worker's leases of these jobs. */
  renew(workerId: string, ids: readonly string[]): Promise<void>;
  /** Makes the jobs due again whose leases ran out. */
  reclaim(): Promise<void>;
  /** Makes a job due again a little later, the attempt counted, if it is still as it was claimed. */
  release(job: Job): Promise<void>;
  /** Makes the worker's jobs due again, the attempt not counted. */
  handBack(workerId: string): Promise<void>;
}

export type WorkerOptions<Job> = {
  id: string;
  queue: JobQueue<Job>;
  /** Does the job and says so in the queue. What it throws is told to `failed`, and the job is released; should that fail too, its lease runs out. */
  run(job: Job): Promise<void>;
  /** How many jobs at once. */
  concurrency: number;
  leaseMs: number;
  /** How often to look for jobs that nobody has announced; half to one and a half times that. */
  pollMs: number;
  failed(error: unknown): void;
};

export interface Worker {
  /** Looks for jobs now. */
  wake(): void;
  /** Takes no more jobs, waits a little for those that run, and hands the rest back. */
  stop(): Promise<void>;
}

/** How long a stop waits for running jobs, in milliseconds. */
const patience = 2_000;

/** Starts working on a queue: at most so many jobs at once in this process, whatever happens to any of them. */
export function startWorker<Job extends { id: string }>({
  id,
  queue,
  run,
  concurrency,
  leaseMs,
  pollMs,
  failed,
}: WorkerOptions<Job>): Worker {
  // What the queue says is this worker's may be more: what it never heard of, or could not settle. That is not renewed.
  const running = new Map<string, Promise<void>>();
  let stopped = false;
  let looking: Promise<void> | null = null;
  let again = false;
  let poll: NodeJS.Timeout | undefined;

  async function look(): Promise<void> {
    do {
      again = false;
      const free = concurrency - running.size;
      if (free <= 0 || stopped) return;
      const jobs = await queue.claim(id, free);
      for (const job of jobs) {
        const done: Promise<void> = run(job)
          .catch(async (error: unknown) => {
            failed(error);
            await queue.release(job).catch(failed);
          })
          .finally(() => {
            // Unless it was claimed again meanwhile.
            if (running.get(job.id) === done) running.delete(job.id);
            wake();
          });
        running.set(job.id, done);
      }
    } while (again);
  }

  function wake(): void {
    again = true;
    if (looking || stopped) return;
    looking = look()
      .catch(failed)
      .finally(() => {
        looking = null;
        if (again && running.size < concurrency) wake();
      });
  }

  async function tick(): Promise<void> {
    await queue.reclaim().catch(failed);
    wake();
    plan();
  }
  function plan(): void {
    if (!stopped) poll = setTimeout(() => void tick(), pollMs * (0.5 + Math.random())).unref();
  }
  const renewal = setInterval(
    () => running.size > 0 && void queue.renew(id, [...running.keys()]).catch(failed),
    leaseMs / 3,
  ).unref();

  void tick();
  return {
    wake,
    async stop() {
      stopped = true;
      clearTimeout(poll);
      await looking;
      const late = new Promise<void>((resolve) => setTimeout(resolve, Math.min(patience, leaseMs)).unref());
      await Promise.race([Promise.all(running.values()), late]);
      clearInterval(renewal);
      await queue.handBack(id).catch(failed);
    },
  };
}
