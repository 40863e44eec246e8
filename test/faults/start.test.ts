import { createServer, type Server, type Socket } from 'node:net';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { until } from '../events/trigger.ts';
import { createOwnDatabase } from '../setup/database.ts';
import { type FaultProxy, startProxy } from './proxy.ts';
import { freePort, noRedis, startRedis } from './redis-server.ts';
import { type Service, startService } from './service.ts';

// Processes that start on a busy machine.
vi.setConfig({ testTimeout: 300_000 });

const database = inject('database');
const needsServer = !('url' in database);

const running: { end(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.end()));
});
async function start(environment: Record<string, string>): Promise<Service> {
  const service = await startService(environment);
  running.push(service);
  return service;
}

/** A server that does that with each connection. */
async function fakeServer(handle: (socket: Socket) => void): Promise<{ server: Server; port: number }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    handle(socket);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  running.push({
    end: () =>
      new Promise((closed) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => closed());
      }),
  });
  const address = server.address();
  return { server, port: typeof address === 'object' && address ? address.port : 0 };
}

/** What PostgreSQL says when it ends a start-up packet with that error. */
function refusal(code: string, message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${message}\0\0`);
  const head = Buffer.alloc(5);
  head.write('E');
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
}
const refusing = (code: string, message: string) =>
  fakeServer((socket) => socket.once('data', () => socket.end(refusal(code, message))));

const waiting = (service: Service) => service.lines().filter(({ msg }) => msg === 'the start waits for the database');

describe('a start without its database', () => {
  test('answers health, readiness and operations, says each try in one line, and stops with 0', async () => {
    const service = await start({ DATABASE_URL: `postgresql://nobody@127.0.0.1:${await freePort()}/none` });
    expect(await service.healthz()).toBe(200);
    await until(() => waiting(service).length >= 2);
    expect(await service.readyz()).toEqual({
      status: 503,
      ready: false,
      starting: true,
      parts: { database: 'cannot be used' },
      degraded: [],
    });
    const response = await service.graphql('{ viewer { kind } }', { accept: 'application/graphql-response+json' });
    expect(response.status).toBe(503);
    expect(response.headers.get('content-type')).toMatch(/^application\/graphql-response\+json/);
    expect(response.headers.get('retry-after')).toBe('2');
    const { errors } = (await response.json()) as { errors: { extensions: object }[] };
    expect(errors[0]?.extensions).toMatchObject({ code: 'UNAVAILABLE', status: 503, retryAfter: 2 });
    const file = await fetch(`${service.url}/files/x`);
    expect([file.status, file.headers.get('content-type')]).toEqual([503, 'application/problem+json; charset=utf-8']);

    expect(waiting(service)[0]?.reason).toMatch(/ECONNREFUSED/);
    // Nothing but those lines: no stack, no line that is no JSON.
    expect(service.output().trim().split('\n')).toHaveLength(waiting(service).length);
    expect(await service.stop()).toBe(0);
  });

  test('that accepts connections and is silent, answers and stops all the same', async () => {
    const { port } = await fakeServer(() => {});
    const service = await start({ DATABASE_URL: `postgresql://nobody@127.0.0.1:${port}/none` });
    expect(await service.healthz()).toBe(200);
    expect(await service.readyz()).toMatchObject({ status: 503, starting: true });
    expect(await service.stop()).toBe(0);
  });

  test('that is itself starting is waited for', async () => {
    const { port } = await refusing('57P03', 'the database system is starting up');
    const service = await start({ DATABASE_URL: `postgresql://nobody@127.0.0.1:${port}/none` });
    await until(() => waiting(service).length >= 2);
    expect(waiting(service)[0]?.reason).toContain('the database system is starting up');
  });

  test.each([
    ['28P01', 'password authentication failed for user "nobody"', /password/],
    ['28000', 'no pg_hba.conf entry for host', /may not connect|pg_hba/],
    ['3D000', 'database "none" does not exist', /no database|does not exist/],
    ['53300', 'sorry, too many clients already', /connection|clients/],
  ])('that refuses with %s is waited for, and why is said in a line a try', async (code, message, words) => {
    const { port } = await refusing(code, message);
    const service = await start({ DATABASE_URL: `postgresql://nobody:hunter2@127.0.0.1:${port}/none` });
    expect(await service.healthz()).toBe(200);
    await until(() => waiting(service).length >= 2);
    expect(await service.readyz()).toMatchObject({
      status: 503,
      starting: true,
      parts: { database: 'cannot be used' },
    });
    expect(waiting(service)[0]?.reason).toMatch(words);
    expect(service.output().trim().split('\n')).toHaveLength(waiting(service).length);
    expect(service.output()).not.toContain('hunter2');
    expect(await service.stop()).toBe(0);
  });
});

describe('a start that only an operator can mend', () => {
  const words = async (environment: Record<string, string>) => {
    const service = await start(environment);
    expect(await service.exited).toBe(1);
    expect(service.output()).toMatch(/^Rollcall cannot start:\n/);
    expect(service.output()).not.toMatch(/\bat .*\.(ts|js):\d+/);
    return service.output();
  };

  test('ends with 1 and says every fault of the configuration', async () => {
    const output = await words({ PORT: 'x', DATABASE_URL: 'mysql://db', RATE_LIMIT: '-1' });
    for (const name of ['PORT', 'DATABASE_URL', 'RATE_LIMIT']) expect(output).toContain(name);
  });

  test('ends with 1 and says that the port is in use', async () => {
    const { port } = await fakeServer(() => {});
    expect(await words({ PORT: String(port) })).toContain(`Port ${port} is in use`);
  });

  test('ends with 1 and says what cannot be written', async () => {
    expect(await words({ DATA_DIR: 'package.json/data' })).toMatch(
      /package\.json.* cannot be used: a part of the path is no folder/,
    );
  });
});

describe.skipIf(needsServer)('a start while a server’s database', () => {
  let own: Awaited<ReturnType<typeof createOwnDatabase>>;
  let proxy: FaultProxy;
  let url: string;
  beforeAll(async () => {
    own = await createOwnDatabase(database);
    const server = new URL((own.place as { url: string }).url);
    proxy = await startProxy({ target: { host: server.hostname, port: Number(server.port || 5_432) } });
    server.host = `127.0.0.1:${proxy.port}`;
    url = server.href;
  });
  afterAll(async () => {
    // Not waited for: of a connection that it has ended itself it may never hear the end.
    void proxy?.close();
    await own?.drop();
  });

  test.each(['refuse', 'cut', 'fin', 'silent'] as const)('is away (%s) serves once it is back', async (mode) => {
    await proxy.mode(mode);
    const service = await start({ DATABASE_URL: url });
    expect(await service.healthz()).toBe(200);
    await until(async () => (await service.readyz()).parts['database'] === 'cannot be used');
    expect(await service.readyz()).toMatchObject({ status: 503, starting: true });
    await proxy.mode('pass');
    await service.up();
    expect(await service.readyz()).toMatchObject({ status: 200, ready: true, degraded: [] });
    expect((await service.graphql('{ viewer { kind } }')).status).toBe(401);
    expect(await service.stop()).toBe(0);
  });

  test('is being migrated by another process says so, and goes on after', async () => {
    // One that has been migrated takes no lock.
    const fresh = await createOwnDatabase(database, { empty: true });
    const freshUrl = (fresh.place as { url: string }).url;
    const holder = new pg.Client({ connectionString: freshUrl });
    await holder.connect();
    await holder.query(`select pg_advisory_lock(hashtext('rollcall'))`);
    const service = await start({ DATABASE_URL: freshUrl });
    expect(await service.healthz()).toBe(200);
    expect(await service.readyz()).toMatchObject({ status: 503, starting: true });
    await until(() => waiting(service).some(({ reason }) => /another process/.test(reason ?? '')));
    await holder.end();
    await service.up();
    expect(await service.readyz()).toMatchObject({ status: 200, ready: true });
    expect(await service.stop()).toBe(0);
    await fresh.drop();
  });
});

describe('a start without its Redis', () => {
  const join = async (service: Service) => until(async () => (await service.readyz()).degraded.length === 0);
  const alone = { status: 200, ready: true, parts: { database: null, events: 'cannot be used' }, degraded: ['events'] };

  test.skipIf(noRedis)('goes on, says so, and joins when Redis comes', async () => {
    const port = await freePort();
    const service = await start({ REDIS_URL: `redis://127.0.0.1:${port}`, RATE_LIMIT: '1000' });
    await service.up();
    expect(await service.readyz()).toMatchObject(alone);
    const redis = await startRedis(port);
    running.push({ end: () => redis.stop() });
    await join(service);
    // Said when it began and when it ended, for each of the three connections, not at each try.
    expect(service.lines().filter(({ msg }) => /Redis is away/.test(msg))).toHaveLength(3);
    await until(() => service.lines().filter(({ msg }) => msg === 'Redis is back').length === 3);
    expect(await service.stop()).toBe(0);
  });

  test('that accepts connections and is silent goes on, answers, and stops with 0', async () => {
    const { port } = await fakeServer(() => {});
    const service = await start({ REDIS_URL: `redis://127.0.0.1:${port}`, RATE_LIMIT: '1000' });
    await service.up();
    expect(await service.readyz()).toMatchObject(alone);
    expect((await service.graphql('{ viewer { kind } }')).status).toBe(401);
    expect(await service.stop()).toBe(0);
  });
});
