import { expect, test } from 'vitest';
import { createEventTurns } from '../../src/operations/event-turns.ts';

test('a bounded number of events is answered at a time, and no tenant keeps the others waiting', async () => {
  const inTurn = createEventTurns();
  const running = new Map<string, number>();
  const ended: string[] = [];
  let max = 0;
  let maxPerOwner = 0;
  const work = (tenant: string) =>
    inTurn(tenant, async () => {
      running.set(tenant, (running.get(tenant) ?? 0) + 1);
      max = Math.max(
        max,
        [...running.values()].reduce((sum, each) => sum + each),
      );
      maxPerOwner = Math.max(maxPerOwner, ...running.values());
      await new Promise((resolve) => setImmediate(resolve));
      running.set(tenant, (running.get(tenant) ?? 0) - 1);
      ended.push(tenant);
      return tenant;
    });
  const many = Array.from({ length: 5_000 }, () => work('large'));
  const few = Array.from({ length: 20 }, () => work('small'));
  expect(new Set(await Promise.all(few))).toEqual(new Set(['small']));
  expect(ended.filter((tenant) => tenant === 'large').length).toBeLessThan(500);
  expect(await Promise.all(many)).toHaveLength(5_000);
  expect([max, maxPerOwner]).toEqual([32, 24]);
});

test('an event that fails gives its turn back', async () => {
  const inTurn = createEventTurns();
  const failing = Array.from({ length: 200 }, () => inTurn('t', () => Promise.reject(new Error('no'))));
  expect((await Promise.allSettled(failing)).every(({ status }) => status === 'rejected')).toBe(true);
  expect(await inTurn('t', () => 'x')).toBe('x');
});
