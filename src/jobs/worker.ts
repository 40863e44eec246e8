/** The source of a worker's jobs. A job is leased: a worker that does not renew its lease in time loses the job. */
export interface JobQueue<Job> {
  /**
   * Leases at most so many due jobs, and yields them as they are leased, some at a time. Each lease counts as an
   * attempt. Throws at the end what has failed.
   */
  claim(workerId: string, max: number): AsyncIterable<readonly Job[]>;
  /** Extends the worker's leases of these jobs. */
  renew(workerId: string, jobs: readonly Job[]): Promise<void>;
  /** Makes jobs with an expired lease due again. */
  reclaim(): Promise<void>;
  /**
   * Makes a job due again a little later, if it is still as it was claimed. It keeps its attempt, unless the queue says
   * otherwise for that error.
   */
  release(job: Job, error: unknown): Promise<void>;
  /** Makes the worker's jobs due again and takes their attempts back. */
  handBack(workerId: string): Promise<void>;
}

export type WorkerOptions<Job> = {
  id: string;
  queue: JobQueue<Job>;
  /**
   * Does the job and records that in the queue. An error goes to `failed`, and the job is released. If that fails too,
   * its lease expires.
   */
  run(job: Job): Promise<void>;
  /** How many jobs run at once. */
  concurrency: number;
  leaseMs: number;
  /** How often to look for jobs that were not announced: half to one and a half times this. */
  pollMs: number;
  failed(error: unknown): void;
};

export interface Worker {
  /** Looks for jobs now. */
  wake(): void;
  /** Takes no more jobs, waits a little for those that run, and gives the rest back. */
  stop(): Promise<void>;
}

/** How long a stop waits for running jobs. */
const stopTimeoutMs = 2_000;

/** Starts a worker on a queue. It runs a bounded number of jobs at once and survives every failure of a job. */
export function startWorker<Job extends { id: string }>({
  id,
  queue,
  run,
  concurrency,
  leaseMs,
  pollMs,
  failed,
}: WorkerOptions<Job>): Worker {
  // The queue may list more jobs than this worker runs: jobs it never heard of, or could not settle. Do not renew
  // those.
  const running = new Map<string, { job: Job; done: Promise<void> }>();
  let stopped = false;
  let looking: Promise<void> | null = null;
  let again = false;
  let poll: NodeJS.Timeout | undefined;

  async function look(): Promise<void> {
    do {
      again = false;
      const free = concurrency - running.size;
      if (free <= 0 || stopped) return;
      // A lease runs out unless its job is among those that run: the first do not wait until the last are leased.
      for await (const jobs of queue.claim(id, free)) {
        // The stop gives them back.
        if (stopped) return;
        for (const job of jobs) begin(job);
      }
    } while (again);
  }

  function begin(job: Job): void {
    const done: Promise<void> = run(job)
      .catch(async (error: unknown) => {
        failed(error);
        await queue.release(job, error).catch(failed);
      })
      .finally(() => {
        // Unless it was claimed again meanwhile.
        if (running.get(job.id)?.done === done) running.delete(job.id);
        wake();
      });
    running.set(job.id, { job, done });
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
    () =>
      running.size > 0 &&
      void queue
        .renew(
          id,
          Array.from(running.values(), ({ job }) => job),
        )
        .catch(failed),
    leaseMs / 3,
  ).unref();

  void tick();
  return {
    wake,
    async stop() {
      stopped = true;
      clearTimeout(poll);
      await looking;
      const late = new Promise<void>((resolve) => setTimeout(resolve, Math.min(stopTimeoutMs, leaseMs)).unref());
      await Promise.race([Promise.all(Array.from(running.values(), ({ done }) => done)), late]);
      clearInterval(renewal);
      await queue.handBack(id).catch(failed);
    },
  };
}
