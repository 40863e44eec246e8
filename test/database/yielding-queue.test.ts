import { expect, test } from 'vitest';
import { createYieldingQueue } from '../../src/database/embedded.ts';

test('pieces of work run one after the other, and the event loop turns between them', async () => {
  let time = 0;
  const inTurn = createYieldingQueue(() => time);
  let turns = 0;
  let counting = true;
  const count = () => {
    turns += 1;
    if (counting) setImmediate(count);
  };
  setImmediate(count);
  let running = 0;
  const done: number[] = [];
  const results = Array.from({ length: 100 }, (_, index) =>
    inTurn(async () => {
      running += 1;
      expect(running).toBe(1);
      await Promise.resolve();
      time += 4;
      running -= 1;
      if (index === 50) throw new Error('one fails');
      done.push(index);
      return index;
    }),
  );
  const settled = await Promise.allSettled(results);
  counting = false;
  expect(settled.filter(({ status }) => status === 'rejected')).toHaveLength(1);
  expect(done).toEqual(Array.from({ length: 100 }, (_, index) => index).filter((index) => index !== 50));
  // 400 ms of work, and a turn after 10 to 14 of them.
  expect(turns).toBeGreaterThanOrEqual(25);
});

test('a piece of work that waits for nobody does not wait for the event loop', async () => {
  let time = 0;
  const inTurn = createYieldingQueue(() => time);
  time = 1_000;
  let turned = false;
  setImmediate(() => {
    turned = true;
  });
  expect(await inTurn(async () => 'x')).toBe('x');
  expect(turned).toBe(false);
});
