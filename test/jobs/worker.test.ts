import { afterEach, expect, test } from 'vitest';
import { periodically } from '../../src/jobs/periodic.ts';
import { type JobQueue, startWorker, type Worker } from '../../src/jobs/worker.ts';
import { until } from '../events/trigger.ts';

type Job = { id: string };

let worker: Worker | undefined;
afterEach(() => worker?.stop());

/** A worker on a queue in memory that renews every 20 ms, and what it asked of the queue. */
function working(run: (job: Job) => Promise<void>, trouble: Partial<JobQueue<Job>> = {}) {
  const due: Job[] = [{ id: 'a' }, { id: 'b' }];
  const renewed: (readonly string[])[] = [];
  const released: string[] = [];
  const failures: unknown[] = [];
  worker = startWorker<Job>({
    id: 'worker',
    queue: {
      async *claim(_, max) {
        yield due.splice(0, max);
      },
      renew: async (_, jobs) => void renewed.push(jobs.map(({ id }) => id)),
      reclaim: async () => {},
      release: async ({ id }) => void released.push(id),
      handBack: async () => {},
      ...trouble,
    },
    run,
    concurrency: 2,
    leaseMs: 60,
    pollMs: 10,
    failed: (error) => failures.push(error),
  });
  return { due, renewed, released, failures };
}

test('a worker renews the leases of what it is running, and of nothing else', async () => {
  let finish = () => {};
  const { renewed, released } = working(({ id }) =>
    id === 'a' ? new Promise((resolve) => (finish = resolve)) : Promise.reject(new Error('the database is away')),
  );
  await until(() => renewed.length > 2);
  expect(renewed.at(-1)).toEqual(['a']);
  expect(released).toEqual(['b']);
  finish();
});

test('a worker goes on when a job fails and cannot be released', async () => {
  const done: string[] = [];
  const { due, failures } = working(
    async ({ id }) => {
      if (id < 'c') throw new Error('fails');
      done.push(id);
    },
    { release: () => Promise.reject(new Error('the database is away')) },
  );
  await until(() => failures.length === 4);
  due.push({ id: 'c' });
  await until(() => done.length === 1);
});

test('a worker begins the first jobs that are leased before the others are, and tells what failed', async () => {
  const begun: string[] = [];
  const away = new Error('the database is away');
  let fail = () => {};
  const paused = new Promise<void>((resolve) => {
    fail = resolve;
  });
  let isFirst = true;
  const { failures } = working(async ({ id }) => void begun.push(id), {
    async *claim() {
      if (!isFirst) return;
      isFirst = false;
      yield [{ id: 'a' }];
      await paused;
      throw away;
    },
  });
  await until(() => begun.length === 1);
  expect(failures).toEqual([]);
  fail();
  await until(() => failures.length === 1);
  expect(failures).toEqual([away]);
});

test('what is done now and then hears of a stop, and a stop waits for it', async () => {
  let steps = 0;
  const stop = periodically(
    1,
    async (stopped) => {
      for (; !stopped(); steps += 1) await new Promise((resolve) => setTimeout(resolve, 1));
    },
    () => {},
  );
  await until(() => steps > 3);
  await stop();
  const before = steps;
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(steps).toBe(before);
});
