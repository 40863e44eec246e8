import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Position } from '../../src/database/position.ts';
import { type Changes, createStandbyReads } from '../../src/database/standby.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const alone: Changes = { tellChange: async () => {}, onChange: () => {}, hears: () => true, isShared: false };

/** An answer that takes some time, in which more is written. */
const later = (position: Position) => new Promise<Position>((resolve) => setTimeout(() => resolve(position), 5));

/** A primary and a standby as their positions show them, and reads over them. */
function pair(changes = alone, maxLagMs = 1_000) {
  const primary: Position = { inRecovery: false, at: 0n, system: 'one', timeline: 1 };
  const standby: Position = { inRecovery: true, at: 0n, system: 'one', timeline: 1 };
  let isAway = false;
  const told: (string | null)[] = [];
  const reads = createStandbyReads(
    {
      primary: () => later({ ...primary }),
      standby: async () => {
        if (isAway) throw new Error('away');
        return later({ ...standby });
      },
    },
    changes,
    { maxLagMs, told: ({ reason }) => told.push(reason) },
  );
  return {
    primary,
    standby,
    reads,
    told,
    away: (now: boolean) => {
      isAway = now;
    },
    read: (tenant: string) =>
      reads.read(
        tenant,
        async () => 'standby',
        async () => 'primary',
      ),
    write(tenant: string) {
      primary.at = (primary.at ?? 0n) + 1n;
      return reads.wrote(tenant);
    },
    wait: (ms: number) => vi.advanceTimersByTimeAsync(ms),
  };
}

describe('a tenant is read from the standby', () => {
  test('only when that has replayed what was written in it, in any order of things', async () => {
    const tenant = fc.constantFrom('a', 'b', 'c');
    const step = fc.oneof(
      fc.record({ do: fc.constant('write' as const), tenant }),
      fc.record({ do: fc.constant('read' as const), tenant }),
      fc.record({ do: fc.constant('replay' as const), by: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 4, 8, 30, 60, 300, 2_000) }),
      fc.record({ do: fc.constant('away' as const), now: fc.boolean() }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const it = pair();
        const written = new Map<string, bigint>();
        for (const each of steps) {
          if (each.do === 'write') {
            await it.write(each.tenant);
            written.set(each.tenant, it.primary.at as bigint);
          } else if (each.do === 'replay') {
            const by = BigInt(each.by);
            const [at, end] = [it.standby.at as bigint, it.primary.at as bigint];
            it.standby.at = at + by < end ? at + by : end;
          } else if (each.do === 'away') it.away(each.now);
          else if (each.do === 'wait') await it.wait(each.ms);
          else if ((await it.read(each.tenant)) === 'standby')
            expect(it.standby.at as bigint).toBeGreaterThanOrEqual(written.get(each.tenant) ?? 0n);
        }
        // In the end it is used again.
        it.away(false);
        it.standby.at = it.primary.at;
        await it.wait(5_000);
        for (const name of ['a', 'b', 'c']) expect(await it.read(name)).toBe('standby');
        it.reads.close();
      }),
      { numRuns: 200 },
    );
  });

  test('not while it lags, is away, is of another cluster or timeline, or has been promoted', async () => {
    const it = pair();
    await it.wait(100);
    expect(await it.read('a')).toBe('standby');
    const faults: [string, () => void, () => void][] = [
      ['lags', () => void it.write('b'), () => Object.assign(it.standby, { at: it.primary.at })],
      ['cannot be used', () => it.away(true), () => it.away(false)],
      ['is of another cluster', () => (it.standby.system = 'two'), () => (it.standby.system = 'one')],
      ['follows another primary', () => (it.primary.timeline = 2), () => (it.standby.timeline = 2)],
      ['is not a standby any more', () => (it.standby.inRecovery = false), () => (it.standby.inRecovery = true)],
    ];
    for (const [reason, begin, end] of faults) {
      begin();
      await it.wait(3_000);
      expect([reason, await it.read('a')]).toEqual([reason, 'primary']);
      await expect(it.reads.check()).rejects.toThrow(reason);
      end();
      await it.wait(3_000);
      expect([reason, await it.read('a')]).toEqual([reason, 'standby']);
      await it.reads.check();
    }
    // One line each time that it changes.
    expect(it.told).toEqual([null, ...faults.flatMap(([reason]) => [reason, null])]);
  });

  test('only when that has replayed what was written while both were asked', async () => {
    const it = pair();
    await it.wait(100);
    await it.write('a');
    await it.wait(52);
    await it.write('b');
    it.standby.at = 1n;
    await it.wait(10);
    expect([await it.read('a'), await it.read('b')]).toEqual(['standby', 'primary']);
    it.standby.at = 2n;
    await it.wait(200);
    expect(await it.read('b')).toBe('standby');
  });

  test('only when that has replayed what was written before it was left out', async () => {
    const it = pair(alone, 10_000);
    await it.wait(100);
    await it.write('a');
    await it.wait(200);
    await it.write('b');
    await it.reads.read(
      'c',
      () => Promise.reject(new Error('Connection terminated')),
      async () => 'primary',
    );
    await it.wait(1_200);
    it.standby.at = 1n;
    await it.wait(210);
    await it.reads.check();
    expect(await it.read('b')).toBe('primary');
    it.standby.at = 2n;
    await it.wait(500);
    expect(await it.read('b')).toBe('standby');
  });

  test('that is always later than it may is not taken in and left out again and again', async () => {
    const it = pair(alone, 500);
    await it.wait(100);
    for (let second = 0; second < 20; second++) {
      const behind = it.primary.at;
      await it.write('a');
      await it.wait(1_000);
      it.standby.at = behind;
    }
    expect(it.told).toEqual([null, 'lags']);
  });

  test('or from the primary, where the standby cannot answer it', async () => {
    const it = pair();
    await it.wait(100);
    const failing = (error: object) =>
      it.reads.read(
        'a',
        () => Promise.reject(error),
        async () => 'primary',
      );
    // In conflict with what is replayed: others are still read there.
    expect(await failing({ code: '40001' })).toBe('primary');
    expect(await it.read('a')).toBe('standby');
    // It took all of its time.
    await expect(failing({ code: '57014' })).rejects.toEqual({ code: '57014' });
    expect(await failing(new Error('Connection terminated'))).toBe('primary');
    expect(await it.read('a')).toBe('primary');
    await it.wait(1_500);
    expect(await it.read('a')).toBe('standby');
    // It answers questions, and fails reads: it is tried less and less.
    it.told.length = 0;
    for (let second = 0; second < 60; second++) {
      await failing(new Error('Connection terminated'));
      await it.wait(1_000);
    }
    expect(it.told.length).toBeLessThan(15);
  });

  test('not while other replicas are not heard, nor before what they may have written is replayed', async () => {
    let hears = true;
    let changed: (tenantId: string | null) => void = () => {};
    const told: string[] = [];
    const it = pair({
      tellChange: async (tenantId) => void told.push(tenantId),
      onChange: (handle) => {
        changed = handle;
      },
      hears: () => hears,
      isShared: true,
    });
    const read = async (tenant: string) => {
      const answer = it.read(tenant);
      await it.wait(1);
      return answer;
    };
    await it.wait(100);
    expect(await read('a')).toBe('standby');
    await it.write('a');
    expect(told).toEqual(['a']);
    it.standby.at = it.primary.at;
    await it.wait(200);

    // Another replica has written.
    it.primary.at = (it.primary.at as bigint) + 1n;
    changed('b');
    expect([await read('a'), await read('b')]).toEqual(['standby', 'primary']);
    // Its message comes in the same turn as the request that follows it.
    const answer = it.read('a');
    changed('a');
    await it.wait(1);
    expect(await answer).toBe('primary');

    hears = false;
    expect(await read('c')).toBe('primary');
    hears = true;
    changed(null);
    expect(await read('c')).toBe('primary');
    it.standby.at = it.primary.at;
    await it.wait(200);
    expect([await read('a'), await read('b'), await read('c')]).toEqual(['standby', 'standby', 'standby']);
  });
});
