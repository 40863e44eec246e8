import { once } from 'node:events';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { createRedisBus } from '../../src/events/bus.ts';
import type { EventBus } from '../../src/events/events.ts';
import { openRedis } from '../../src/events/redis.ts';
import { createRateLimit } from '../../src/http/rate-limit.ts';
import { startApp } from '../app.ts';
import { until } from '../events/trigger.ts';
import { type FaultProxy, startProxy } from './proxy.ts';
import { noRedis, startRedis } from './redis-server.ts';

/** A log that is kept. */
function keptLog() {
  const lines: { msg: string }[] = [];
  return { lines, log: pino({ level: 'info' }, { write: (text: string) => void lines.push(JSON.parse(text)) }) };
}

describe.skipIf(noRedis)('Redis', () => {
  let redis: Awaited<ReturnType<typeof startRedis>>;
  let proxy: FaultProxy;
  let url: string;
  const open: EventBus[] = [];
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis?.stop());
  const behindProxy = async () => {
    proxy = await startProxy({ target: { host: '127.0.0.1', port: redis.port } });
    url = `redis://127.0.0.1:${proxy.port}`;
  };
  afterEach(async () => {
    await Promise.all(open.splice(0).map((bus) => bus.close()));
    void proxy.close();
  });

  const revoked = (bus: EventBus) => {
    const heard: string[] = [];
    bus.onAny('keyRevoked', ({ keyId }) => void heard.push(keyId));
    return heard;
  };
  const joined = (bus: EventBus) =>
    bus.check().then(
      () => true,
      () => false,
    );

  test.each(['refuse', 'cut', 'fin', 'silent', 'requests-only', 'answers-only'] as const)(
    'away (%s): a replica hears itself, and all again when it is back',
    async (mode) => {
      await behindProxy();
      const { lines, log } = keptLog();
      const here = await createRedisBus(url, log);
      const there = await createRedisBus(`redis://127.0.0.1:${redis.port}`, log);
      open.push(here, there);
      const [near, far] = [revoked(here), revoked(there)];
      const tenantId = newId();
      here.announce(tenantId, 'keyRevoked', { keyId: 'before' });
      await until(() => far.includes('before'));

      await proxy.mode(mode);
      await until(async () => !(await joined(here)));
      here.announce(tenantId, 'keyRevoked', { keyId: 'alone' });
      expect(near).toEqual(['before', 'alone']);

      await proxy.mode('pass');
      await until(() => joined(here));
      // The subscription is in force when it says so: what the other announces from now on is heard, and the other way
      // round.
      there.announce(tenantId, 'keyRevoked', { keyId: 'from there' });
      here.announce(tenantId, 'keyRevoked', { keyId: 'from here' });
      await until(() => near.includes('from there') && far.includes('from here'));
      // Once each: nothing is subscribed twice, and nothing sent again.
      expect(near.filter((keyId) => keyId === 'from there')).toHaveLength(1);
      expect(far.filter((keyId) => keyId === 'from here')).toHaveLength(1);
      // One line for the publisher and one for the subscriber, for any number of tries.
      expect(lines.filter(({ msg }) => /Redis is away/.test(msg))).toHaveLength(2);
      expect(lines.filter(({ msg }) => msg === 'Redis is back')).toHaveLength(2);
    },
  );

  test('left by the service itself is not called away', async () => {
    await behindProxy();
    const { lines, log } = keptLog();
    const connection = await openRedis(url, { purpose: 'test', log });
    await until(() => connection.status === 'ready');
    const ended = once(connection, 'end');
    await connection.quit();
    await ended;
    expect(lines).toEqual([]);
  });

  test('killed and started again on an empty memory is joined again', async () => {
    await behindProxy();
    const own = await startRedis();
    const { log } = keptLog();
    const ownUrl = `redis://127.0.0.1:${own.port}`;
    const here = await createRedisBus(ownUrl, log);
    const there = await createRedisBus(ownUrl, log);
    open.push(here, there);
    await own.stop();
    await until(async () => !(await joined(here)) && !(await joined(there)));
    const again = await startRedis(own.port);
    try {
      await until(async () => (await joined(here)) && (await joined(there)));
      const far = revoked(there);
      here.announce(newId(), 'keyRevoked', { keyId: 'k' });
      await until(() => far.length > 0);
      expect(far).toEqual(['k']);
    } finally {
      await again.stop();
    }
  });

  test.each(['silent', 'refuse', 'cut'] as const)(
    'away (%s): each replica counts requests for itself',
    async (mode) => {
      await behindProxy();
      const { lines, log } = keptLog();
      const limit = await createRateLimit(3, await openRedis(url, { purpose: 'test', log, timeoutMs: 200 }), log);
      const viewer = (id: string) =>
        ({ kind: 'USER', tenantId: newId(), id, agentId: null, scopes: new Set<never>(), expiresAt: null }) as const;
      const admitted = async (who: ReturnType<typeof viewer>) => {
        const outcomes = [];
        for (let request = 0; request < 5; request++) {
          outcomes.push(
            await Promise.resolve(limit.admit(who)).then(
              () => 'ok',
              (error: { code: string }) => error.code,
            ),
          );
        }
        return outcomes;
      };
      const three = ['ok', 'ok', 'ok', 'RATE_LIMITED', 'RATE_LIMITED'];
      const counted = async () => (await admitted(viewer('first'))).join() === three.join();
      await until(counted);
      await proxy.mode(mode);
      expect(await admitted(viewer('second'))).toEqual(three);
      expect(await admitted(viewer('third'))).toEqual(three);
      expect(lines.filter(({ msg }) => /counted by each replica/.test(msg))).toHaveLength(1);
      limit.close();
    },
  );

  test('silent: requests are answered, and readiness says degraded', async () => {
    await behindProxy();
    const service = await startApp({ REDIS_URL: url, RATE_LIMIT: '2', LOG_LEVEL: 'silent' });
    await proxy.mode('silent');
    const statuses = [];
    for (let request = 0; request < 3; request++)
      statuses.push((await service.tenant.graphql('{ viewer { kind } }')).status);
    expect(statuses).toEqual([200, 200, 429]);
    const readyz = async () => {
      const response = await service.app.fetch(new Request('http://localhost/readyz'));
      return { status: response.status, ...((await response.json()) as { degraded: string[] }) };
    };
    await until(async () => (await readyz()).degraded.length > 0);
    expect(await readyz()).toEqual({
      status: 200,
      ready: true,
      parts: { database: null, events: 'cannot be used', storage: null },
      degraded: ['events'],
    });
    await service.close();
  });
});
