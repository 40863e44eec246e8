import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { createGroupCommit, type GroupCommitOptions } from '../../src/database/group-commit.ts';

/** A group commit whose batches stay under way until they are let go, each with a number a result. */
function held(options: Partial<GroupCommitOptions<number, number>> = {}) {
  const batches: { items: readonly number[]; end(): void; fail(error: Error): void }[] = [];
  const group = createGroupCommit<number, number>({
    write: (items) =>
      new Promise((resolve, fail) => {
        batches.push({ items, end: () => resolve(items.map((item) => item * 10)), fail });
      }),
    isItems: () => false,
    capacity: 100,
    batch: 10,
    gather: 0,
    writers: 1,
    ...options,
  });
  return { group, batches };
}
/** Turns of the event loop, not time: what gathers for a turn has gathered after these, however busy the machine is. */
async function settled() {
  for (let turns = 0; turns < 10; turns++) await turn();
}
afterEach(() => vi.useRealTimers());

test('what one turn brings is one batch; what comes meanwhile is the next, and is sent before anybody is told of the first', async () => {
  const { group, batches } = held();
  const told: number[] = [];
  const submit = (item: number) => group.submit(item).then((result) => void told.push(result));
  submit(1);
  submit(2);
  await settled();
  submit(3);
  await settled();
  submit(4);
  expect(batches.map(({ items }) => items)).toEqual([[1, 2]]);

  let toldWhenSent: number[] | undefined;
  const push = batches.push.bind(batches);
  batches.push = (batch) => {
    toldWhenSent = [...told];
    return push(batch);
  };
  batches[0]?.end();
  await settled();
  expect(batches.map(({ items }) => items)).toEqual([
    [1, 2],
    [3, 4],
  ]);
  expect(toldWhenSent).toEqual([]);
  expect(told).toEqual([10, 20]);
  batches[1]?.end();
  await group.drain();
  expect(told).toEqual([10, 20, 30, 40]);
});

test('items of different keys are written one after the other, and one that fails fails no other', async () => {
  const { group, batches } = held({ keyOf: (item) => String(item % 2) });
  const outcomes = Promise.allSettled([1, 2, 3, 4].map((item) => group.submit(item)));
  await settled();
  batches[0]?.fail(new Error('away'));
  await settled();
  batches[1]?.end();
  expect(batches.map(({ items }) => items)).toEqual([
    [1, 3],
    [2, 4],
  ]);
  expect((await outcomes).map((each) => (each.status === 'fulfilled' ? each.value : each.reason.message))).toEqual([
    'away',
    20,
    'away',
    40,
  ]);
});

test('so many batches are written at once, of so many items each, and no more wait than may', async () => {
  const { group, batches } = held({ writers: 2, batch: 3, capacity: 4 });
  const waiting = [1, 2, 3, 4].map((item) => group.submit(item));
  await expect(group.submit(5)).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfter: 5 });
  await settled();
  expect(batches.map(({ items }) => items)).toEqual([[1, 2, 3], [4]]);
  waiting.push(...[6, 7].map((item) => group.submit(item)));
  await settled();
  expect(batches).toHaveLength(2);
  for (let at = 0; at < 3; at++) {
    batches[at]?.end();
    await settled();
  }
  expect(batches[2]?.items).toEqual([6, 7]);
  expect(await Promise.all(waiting)).toEqual([10, 20, 30, 40, 60, 70]);
});

test('a batch that fails fails its own, and what waits goes on', async () => {
  const { group, batches } = held();
  const first = group.submit(1);
  await settled();
  const second = group.submit(2);
  batches[0]?.fail(new Error('away'));
  await expect(first).rejects.toThrow('away');
  await settled();
  batches[1]?.end();
  expect(await second).toBe(20);
});

test('what waits too long is not written any more, and what is being written is', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] });
  const { group, batches } = held({ maxWaitMs: 40 });
  const first = group.submit(1);
  await settled();
  const second = group.submit(2);
  let given = false;
  second.catch(() => {
    given = true;
  });
  vi.advanceTimersByTime(25);
  const third = group.submit(3);
  vi.advanceTimersByTime(14);
  await settled();
  expect(given).toBe(false);
  vi.advanceTimersByTime(1);
  await expect(second).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfter: 5 });
  batches[0]?.end();
  expect(await first).toBe(10);
  await settled();
  batches[1]?.end();
  expect(await third).toBe(30);
  expect(batches.map(({ items }) => items)).toEqual([[1], [3]]);
});

test('a batch that one of its items makes fail is written in halves, until that item is alone', async () => {
  const group = createGroupCommit<number, number>({
    write: async (items) => {
      if (items.includes(13)) throw new Error('unlucky');
      return items;
    },
    isItems: () => true,
    capacity: 100,
    batch: 100,
    gather: 1,
    writers: 1,
  });
  const answers = await Promise.allSettled(Array.from({ length: 20 }, (_, item) => group.submit(item)));
  expect(answers.map(({ status }) => status === 'fulfilled')).toEqual(answers.map((_, item) => item !== 13));
});

test('in any order of arrival, each is written once, within the bound, and drained at the end', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 5 }),
      fc.constantFrom(0, 1),
      async (pauses, writers, batch, gather) => {
        let atOnce = 0;
        let max = 0;
        const written: number[] = [];
        const group = createGroupCommit<number, number>({
          async write(items) {
            max = Math.max(max, ++atOnce);
            expect(items.length).toBeGreaterThan(0);
            expect(items.length).toBeLessThanOrEqual(batch);
            await sleep(items.length % 3);
            written.push(...items);
            atOnce--;
            return items;
          },
          isItems: () => false,
          capacity: 100,
          batch,
          gather,
          writers,
        });
        const answers: Promise<number>[] = [];
        for (const [item, pause] of pauses.entries()) {
          answers.push(group.submit(item));
          if (pause > 0) await sleep(pause - 1);
        }
        await group.drain();
        const all = pauses.map((_, item) => item);
        expect([...written].sort((a, b) => a - b)).toEqual(all);
        expect(await Promise.all(answers)).toEqual(all);
        expect(max).toBeLessThanOrEqual(writers);
      },
    ),
    { numRuns: 40 },
  );
});
