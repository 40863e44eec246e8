import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createOperationTurns } from '../../src/database/operation-turns.ts';

/** Work that ends when it is told to. */
function works() {
  const ends: (() => void)[] = [];
  return { ends, work: () => new Promise<void>((resolve) => ends.push(resolve)) };
}

/** Ends all work of these kinds, until nothing waits. */
async function endAll(...kinds: readonly { ends: (() => void)[] }[]): Promise<void> {
  for (let more = true; more; ) {
    const before = kinds.map(({ ends }) => ends.length);
    for (const { ends } of kinds) for (const end of ends) end();
    await turn();
    more = kinds.some(({ ends }, n) => ends.length > (before[n] as number));
  }
}

describe('turns of operations', () => {
  let now = 0;
  let turns = createOperationTurns();
  const many = (count: number, tenant: string, isWide: boolean, { work }: ReturnType<typeof works>) =>
    Array.from({ length: count }, () => turns.run(tenant, isWide, work));

  beforeEach(() => {
    now = 10_000;
    turns = createOperationTurns(() => now);
  });

  test.each([
    ['wide', true, 32, 1],
    ['narrow', false, 128, 4],
  ] as const)('a tenant alone runs many %s ones, and few beside another', async (_, isWide, alone, beside) => {
    const [one, other] = [works(), works()];
    const all = many(400, 'one', isWide, one);
    await turn();
    expect(one.ends).toHaveLength(alone);

    // The other is next, although the flood came first.
    all.push(...many(1, 'other', false, other));
    one.ends[0]?.();
    await turn();
    expect(other.ends).toHaveLength(1);
    other.ends[0]?.();
    // Of those of the flood that end, none is followed by another while it has more than its share.
    for (const end of one.ends.slice(1, alone - beside)) end();
    await turn();
    expect(one.ends).toHaveLength(alone);
    one.ends[alone - beside]?.();
    await vi.waitFor(() => expect(one.ends).toHaveLength(alone + 1));

    // Alone again, it has all of them again.
    now += 1_001;
    one.ends[alone - beside + 1]?.();
    await turn();
    expect(one.ends.length).toBeGreaterThanOrEqual(2 * alone - beside);
    await endAll(one, other);
    await Promise.all(all);
  });

  test('tenants that ask for as much as each other hold nobody back', async () => {
    const [one, other] = [works(), works()];
    const all = many(1, 'other', false, other);
    for (let n = 0; n < 12; n++) all.push(...many(1, 'one', true, one), ...many(1, 'other', true, other));
    await turn();
    expect([one.ends.length, other.ends.length]).toEqual([12, 13]);
    await endAll(one, other);
    await Promise.all(all);
  });

  test('what fails gives its turn back, and its error is the caller’s; what need not wait is not made to', async () => {
    for (let n = 0; n < 200; n++) {
      expect(() =>
        turns.run('one', true, () => {
          throw new Error('broken');
        }),
      ).toThrow('broken');
      await expect(turns.run('one', true, async () => Promise.reject(new Error('later')))).rejects.toThrow('later');
    }
    expect(turns.run('one', true, () => 'whole')).toBe('whole');
  });
});

describe('those who wait', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('do not wait for operations that take long, and those count once only', async () => {
    const turns = createOperationTurns(() => Date.now());
    const [long, other] = [works(), works()];
    await turns.run('other', false, async () => {});
    const all = Array.from({ length: 9 }, () => turns.run('one', false, long.work));
    await vi.advanceTimersByTimeAsync(200);
    expect(long.ends).toHaveLength(4);
    await vi.advanceTimersByTimeAsync(200);
    expect(long.ends).toHaveLength(8);
    // Those that were passed over end now, and give no second turn.
    for (const end of long.ends.slice(0, 4)) end();
    await vi.advanceTimersByTimeAsync(0);
    expect(long.ends).toHaveLength(8);
    await vi.advanceTimersByTimeAsync(400);
    expect(long.ends).toHaveLength(9);
    expect(vi.getTimerCount()).toBe(0);
    all.push(turns.run('other', false, other.work));
    for (const end of [...long.ends, ...other.ends]) end();
    await Promise.all(all);
  });

  test('wait, beside another tenant, for as long as a wide operation of theirs took, and others do not', async () => {
    const turns = createOperationTurns(() => Date.now());
    const [flood, other] = [works(), works()];
    await turns.run('other', false, async () => {});
    const all = Array.from({ length: 40 }, () => turns.run('one', true, flood.work));
    expect(flood.ends).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(20);
    flood.ends[0]?.();
    await vi.advanceTimersByTimeAsync(19);
    expect(flood.ends).toHaveLength(1);
    all.push(turns.run('other', true, other.work));
    expect(other.ends).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(flood.ends).toHaveLength(2);
    // No longer than 50 ms.
    await vi.advanceTimersByTimeAsync(200);
    flood.ends[1]?.();
    await vi.advanceTimersByTimeAsync(50);
    expect(flood.ends).toHaveLength(3);
    // When the other has gone, nothing waits.
    other.ends[0]?.();
    await vi.advanceTimersByTimeAsync(1_000);
    flood.ends[2]?.();
    await vi.advanceTimersByTimeAsync(0);
    expect(flood.ends.length).toBeGreaterThan(30);
    for (let ended = 3; ended < flood.ends.length; ended++) {
      flood.ends[ended]?.();
      await vi.advanceTimersByTimeAsync(0);
    }
    await Promise.all(all);
  });

  test('of a full process are served while another tenant’s operation rests', async () => {
    let time = 0;
    const turns = createOperationTurns(() => time);
    const [flood, other] = [works(), works()];
    const all = Array.from({ length: 40 }, () => turns.run('one', true, flood.work));
    time = 20;
    all.push(turns.run('other', true, other.work));
    expect([flood.ends.length, other.ends.length]).toEqual([32, 0]);
    flood.ends[0]?.();
    await vi.advanceTimersByTimeAsync(0);
    expect([flood.ends.length, other.ends.length]).toEqual([32, 1]);
    await vi.advanceTimersByTimeAsync(20);
    for (const { ends } of [other, flood])
      for (let ended = 0; ended < ends.length; ended++) {
        ends[ended]?.();
        await vi.advanceTimersByTimeAsync(50);
      }
    await Promise.all(all);

    // Each place has been given back once.
    const next = works();
    const later = Array.from({ length: 80 }, (_, n) => turns.run(n % 2 === 0 ? 'one' : 'other', true, next.work));
    await vi.advanceTimersByTimeAsync(0);
    expect(next.ends).toHaveLength(32);
    for (let ended = 0; ended < next.ends.length; ended++) {
      next.ends[ended]?.();
      await vi.advanceTimersByTimeAsync(50);
    }
    await Promise.all(later);
  });

  test('are refused after ten seconds, and leave no timer', async () => {
    // A clock that stands still: nothing is taken to be long.
    const turns = createOperationTurns(() => 0);
    const { ends, work } = works();
    const all = Array.from({ length: 32 }, () => turns.run('one', true, work));
    const late = expect(turns.run('one', false, work)).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfter: 1 });
    await vi.advanceTimersByTimeAsync(10_000);
    await late;
    expect(vi.getTimerCount()).toBe(0);
    for (const end of ends) end();
    await Promise.all(all);
  });

  test('are five thousand of a tenant at the most', async () => {
    const turns = createOperationTurns(() => 0);
    let open = () => {};
    const opened = new Promise<string>((resolve) => (open = () => resolve('done')));
    const all = Array.from({ length: 128 + 5_000 }, () => turns.run('one', false, () => opened));
    await expect(turns.run('one', false, () => opened)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    open();
    expect(new Set(await Promise.all(all))).toEqual(new Set(['done']));
  });
});
