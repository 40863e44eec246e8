import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createReadiness, type Part } from '../../src/http/readiness.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A part that counts how often it is asked. */
function part(state: { answer: 'well' | 'fault' | 'nothing' }, more: Partial<Part> = {}) {
  const asked = { times: 0 };
  const made: Part = {
    needed: true,
    freshMs: 5_000,
    ...more,
    check: () => {
      asked.times += 1;
      if (state.answer === 'nothing') return new Promise(() => {});
      return state.answer === 'well' ? Promise.resolve() : Promise.reject(new Error('no'));
    },
  };
  return { made, asked };
}

test('what is asked often, or at the same time, is found out once while it is fresh', async () => {
  const { made, asked } = part({ answer: 'well' });
  const readiness = createReadiness({ storage: made });
  const all = await Promise.all(Array.from({ length: 100 }, () => readiness()));
  expect(all.every(({ ready }) => ready)).toBe(true);
  await vi.advanceTimersByTimeAsync(4_900);
  await readiness();
  expect(asked.times).toBe(1);
  await vi.advanceTimersByTimeAsync(200);
  await readiness();
  expect(asked.times).toBe(2);
});

test('a fault is asked about again after a second, and its end is seen', async () => {
  const state: { answer: 'well' | 'fault' } = { answer: 'fault' };
  const { made, asked } = part(state);
  const readiness = createReadiness({ database: made });
  expect(await readiness()).toEqual({ ready: false, parts: { database: 'cannot be used' }, degraded: [] });
  await readiness();
  expect(asked.times).toBe(1);
  state.answer = 'well';
  await vi.advanceTimersByTimeAsync(1_100);
  expect(await readiness()).toEqual({ ready: true, parts: { database: null }, degraded: [] });
});

test('what is not needed only degrades', async () => {
  const readiness = createReadiness({
    database: part({ answer: 'well' }).made,
    events: part({ answer: 'fault' }, { needed: false }).made,
  });
  expect(await readiness()).toEqual({
    ready: true,
    parts: { database: null, events: 'cannot be used' },
    degraded: ['events'],
  });
});

test('a part that never answers is reported within two seconds, then at once, and asked anew later', async () => {
  const state: { answer: 'well' | 'nothing' } = { answer: 'nothing' };
  const hung = part(state);
  const well = part({ answer: 'well' });
  const readiness = createReadiness({ database: well.made, storage: hung.made });
  const late = { ready: false, parts: { database: null, storage: 'did not answer in time' }, degraded: [] };
  let first: object | undefined;
  void readiness().then((state) => {
    first = state;
  });
  await vi.advanceTimersByTimeAsync(2_000);
  expect(first).toEqual(late);
  // No timer passes meanwhile.
  expect(await readiness()).toEqual(late);
  expect(hung.asked.times).toBe(1);

  state.answer = 'well';
  await vi.advanceTimersByTimeAsync(10_000);
  expect((await readiness()).ready).toBe(true);
  expect(hung.asked.times).toBe(2);
});
