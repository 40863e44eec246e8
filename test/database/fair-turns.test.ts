import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFairAdmission } from '../../src/database/admission.ts';
import { createFairTurns, type FairTurns, type Turn } from '../../src/database/fair-turns.ts';

/** Takes turns and gives back the oldest of a key. */
function byKey(turns: FairTurns) {
  const had = new Map<string, Turn[]>();
  return {
    take(key: string, turn = turns.take(key)): boolean {
      if (turn) had.set(key, [...(had.get(key) ?? []), turn]);
      return turn !== null;
    },
    give: (key: string) => turns.give(had.get(key)?.shift() as Turn),
  };
}

describe('fair turns', () => {
  test('one key never has all, and does not keep the others waiting', () => {
    const turns = createFairTurns({ running: 3, runningOfKey: 2, waiting: 10, waitingOfKey: 5 });
    const served: string[] = [];
    const { take, give } = byKey(turns);
    const wait = (key: string, name: string) =>
      turns.wait(key, (turn) => {
        take(key, turn);
        served.push(name);
      });
    expect([take('a'), take('a'), take('a')]).toEqual([true, true, false]);
    for (let n = 0; n < 5; n++) expect(wait('a', `a${n}`)).not.toBeNull();
    expect(wait('a', 'too many')).toBeNull();
    expect([take('b'), take('c')]).toEqual([true, false]);
    wait('c', 'c0');
    wait('b', 'b0');
    wait('c', 'c1');
    expect(served).toEqual([]);
    // Those who came later are served though the key that came first has many waiting.
    for (const key of ['b', 'b', 'c']) give(key);
    expect(served).toEqual(['b0', 'c0', 'c1']);
    for (const key of ['c', 'a', 'a']) give(key);
    expect(served).toEqual(['b0', 'c0', 'c1', 'a0', 'a1']);
  });

  test('who comes later does not overtake those who wait for the same key, when it may have more turns', () => {
    let max = 1;
    const turns = createFairTurns({ running: 3, runningOfKey: () => max, waiting: 10, waitingOfKey: 5 });
    const served: string[] = [];
    const [, other] = [turns.take('a'), turns.take('b') as Turn];
    turns.wait('a', () => served.push('a0'));
    turns.wait('a', () => served.push('a1'));
    max = 3;
    expect(turns.take('a')).toBeNull();
    turns.give(other);
    expect(served).toEqual(['a0', 'a1']);
  });

  test('a wish that was taken back is not served', () => {
    const turns = createFairTurns({ running: 1, runningOfKey: 1, waiting: 1, waitingOfKey: 1 });
    const turn = turns.take('a') as Turn;
    const takeBack = turns.wait('b', () => expect.unreachable());
    expect(takeBack?.()).toBe(true);
    expect(takeBack?.()).toBe(false);
    turns.give(turn);
    expect(turns.take('b')).not.toBeNull();
  });

  test('a turn that weighs as much as several is one of them', () => {
    const turns = createFairTurns({ running: 8, runningOfKey: 3, waiting: 10, waitingOfKey: 5 });
    const heavy = turns.take('a', 4) as Turn;
    expect(turns.take('a')).toBeNull();
    expect(turns.take('b', 4)).not.toBeNull();
    expect(turns.take('c')).toBeNull();
    turns.give(heavy);
    turns.give(heavy);
    expect([turns.take('c', 4), turns.take('d')]).toEqual([expect.anything(), null]);
  });

  test('a key has as many turns as all others ask for, also those who wait', () => {
    const turns = createFairTurns({
      running: 10,
      runningOfKey: (others) => Math.max(1, others),
      waiting: 10,
      waitingOfKey: 5,
    });
    const served: string[] = [];
    expect([turns.take('a'), turns.take('a')]).toEqual([expect.anything(), null]);
    for (const name of ['a0', 'a1', 'a2']) turns.wait('a', () => served.push(name));
    turns.take('b', 2);
    // The other's turn lets those who wait have one more at once.
    expect(served).toEqual(['a0']);
    turns.wait('b', () => served.push('b0'));
    turns.take('c');
    expect(served).toEqual(['a0', 'b0', 'a1', 'a2']);
  });

  test('turns from before a time are given back, once', () => {
    let now = 0;
    const turns = createFairTurns({ running: 2, runningOfKey: 2, waiting: 10, waitingOfKey: 10, now: () => now });
    const old = turns.take('a') as Turn;
    now = 5;
    const young = turns.take('b') as Turn;
    const served: string[] = [];
    for (const key of ['c', 'd', 'e']) turns.wait(key, () => served.push(key));
    turns.giveBefore(5);
    expect(served).toEqual(['c']);
    turns.give(old);
    expect(served).toEqual(['c']);
    turns.give(young);
    expect(served).toEqual(['c', 'd']);
  });

  test('however they come and go, no more run than may, and all are served', () => {
    const key = fc.constantFrom('a', 'b', 'c');
    fc.assert(
      fc.property(fc.array(key, { maxLength: 60 }), fc.array(fc.nat(), { maxLength: 60 }), (keys, choices) => {
        const turns = createFairTurns({ running: 3, runningOfKey: 2, waiting: 100, waitingOfKey: 100 });
        const running: string[] = [];
        const given = new Map<string, Turn[]>();
        let served = 0;
        const start = (one: string, turn: Turn) => {
          running.push(one);
          given.set(one, [...(given.get(one) ?? []), turn]);
          served++;
          expect(running.length).toBeLessThanOrEqual(3);
          expect(running.filter((other) => other === one).length).toBeLessThanOrEqual(2);
        };
        for (const one of keys) {
          const turn = turns.take(one);
          if (turn) start(one, turn);
          else turns.wait(one, (turn) => start(one, turn));
        }
        for (let n = 0; running.length > 0; n++) {
          const [one] = running.splice((choices[n] ?? 0) % running.length, 1);
          turns.give(given.get(one as string)?.shift() as Turn);
        }
        expect(served).toBe(keys.length);
      }),
    );
  });
});

test('a fair admission runs a few at a time, and says so to those who would wait for too long', async () => {
  const admission = createFairAdmission({
    running: 1,
    runningOfKey: 1,
    waiting: 2,
    waitingOfKey: 1,
    maxWaitMs: 30,
    refusal: 'Too many.',
  });
  let end = () => {};
  const first = admission.run('a', () => new Promise<string>((resolve) => (end = () => resolve('first'))));
  const late = admission.run('b', async () => expect.unreachable());
  const full = admission.run('b', async () => expect.unreachable());
  await Promise.all([
    expect(full).rejects.toMatchObject({ code: 'UNAVAILABLE', message: 'Too many.' }),
    expect(late).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfter: 1 }),
  ]);
  const next = admission.run('b', async () => 'next');
  end();
  expect(await Promise.all([first, next])).toEqual(['first', 'next']);
  await expect(admission.run('a', () => Promise.reject(new Error('x')))).rejects.toThrow('x');
  expect(await admission.run('a', async () => 'again')).toBe('again');
});
