import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFairAdmission } from '../../src/database/admission.ts';
import { createFairTurns } from '../../src/database/fair-turns.ts';

describe('fair turns', () => {
  test('one key never has all, and does not keep the others waiting', () => {
    const turns = createFairTurns({ running: 3, runningOfKey: 2, waiting: 10, waitingOfKey: 5 });
    const served: string[] = [];
    const wait = (key: string, name: string) => turns.wait(key, () => served.push(name));
    expect([turns.take('a'), turns.take('a'), turns.take('a')]).toEqual([true, true, false]);
    for (let n = 0; n < 5; n++) expect(wait('a', `a${n}`)).not.toBeNull();
    expect(wait('a', 'too many')).toBeNull();
    expect([turns.take('b'), turns.take('c')]).toEqual([true, false]);
    wait('c', 'c0');
    wait('b', 'b0');
    wait('c', 'c1');
    expect(served).toEqual([]);
    // Those who came later are served though the key that came first has many waiting.
    for (const key of ['b', 'b', 'c']) turns.give(key);
    expect(served).toEqual(['b0', 'c0', 'c1']);
    for (const key of ['c', 'a', 'a']) turns.give(key);
    expect(served).toEqual(['b0', 'c0', 'c1', 'a0', 'a1']);
  });

  test('who comes later does not overtake those who wait for the same key, when it may have more turns', () => {
    let most = 1;
    const turns = createFairTurns({ running: 3, runningOfKey: () => most, waiting: 10, waitingOfKey: 5 });
    const served: string[] = [];
    expect([turns.take('a'), turns.take('b')]).toEqual([true, true]);
    turns.wait('a', () => served.push('a0'));
    turns.wait('a', () => served.push('a1'));
    most = 3;
    expect(turns.take('a')).toBe(false);
    turns.give('b');
    expect(served).toEqual(['a0', 'a1']);
  });

  test('a wish that was taken back is not served', () => {
    const turns = createFairTurns({ running: 1, runningOfKey: 1, waiting: 1, waitingOfKey: 1 });
    turns.take('a');
    const takeBack = turns.wait('b', () => expect.unreachable());
    expect(takeBack?.()).toBe(true);
    expect(takeBack?.()).toBe(false);
    turns.give('a');
    expect(turns.take('b')).toBe(true);
  });

  test('however they come and go, no more run than may, and all are served', () => {
    const key = fc.constantFrom('a', 'b', 'c');
    fc.assert(
      fc.property(fc.array(key, { maxLength: 60 }), fc.array(fc.nat(), { maxLength: 60 }), (keys, choices) => {
        const turns = createFairTurns({ running: 3, runningOfKey: 2, waiting: 100, waitingOfKey: 100 });
        const running: string[] = [];
        let served = 0;
        const start = (one: string) => {
          running.push(one);
          served++;
          expect(running.length).toBeLessThanOrEqual(3);
          expect(running.filter((other) => other === one).length).toBeLessThanOrEqual(2);
        };
        for (const one of keys) {
          if (turns.take(one)) start(one);
          else turns.wait(one, () => start(one));
        }
        for (let n = 0; running.length > 0; n++) {
          const [one] = running.splice((choices[n] ?? 0) % running.length, 1);
          turns.give(one as string);
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
