import { afterEach, expect, test, vi } from 'vitest';
import { asUuid, newId } from '../../src/database/ids.ts';

afterEach(() => {
  vi.useRealTimers();
});

test('ids are version 7 UUIDs of the present time, none twice, and later ones sort later, also those of one millisecond', () => {
  const before = Date.now();
  const ids = Array.from({ length: 20_000 }, newId);
  const after = Date.now();
  expect(new Set(ids).size).toBe(ids.length);
  expect([...ids].sort()).toEqual(ids);
  for (const id of [ids[0], ids.at(-1)] as string[]) {
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const made = Number.parseInt(id.replace('-', '').slice(0, 12), 16);
    expect(made).toBeGreaterThanOrEqual(before);
    expect(made).toBeLessThanOrEqual(after);
  }
});

test('what nobody could guess is in each: forty-odd bits differ from one id to the next', () => {
  const tails = Array.from({ length: 2_000 }, () => newId().slice(-12));
  expect(new Set(tails).size).toBe(tails.length);
});

test('a clock that goes back makes no id that sorts before those there are', () => {
  vi.useFakeTimers({ now: Date.now() + 60_000 });
  const first = newId();
  vi.setSystemTime(Date.now() - 30_000);
  const second = newId();
  expect(second > first).toBe(true);
});

test('an id is one in any case, and nothing else is', () => {
  const id = newId();
  expect(asUuid(id.toUpperCase())).toBe(id);
  for (const none of ['', 'none', `${id} `, id.slice(1), `{${id}}`]) expect(asUuid(none)).toBeNull();
});
