import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportSPKI, generateKeyPair } from 'jose';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { startApp, type TestApp } from '../app.ts';
import { audience, issuer, sign } from '../auth/tokens.ts';
import { createAccessKey } from '../factories.ts';
import { builtEntry } from '../setup/built.ts';
import { openStream, subscribe } from '../streams.ts';
import { createSubject, revoke, subscription, until } from './trigger.ts';

const redisUrl = process.env['REDIS_URL'];
const database = inject('database');

/** A door in front of Redis that can be shut. */
async function door(to: URL): Promise<{ url: string; shut(): void; open(): void; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  let shut = false;
  const server: Server = createServer((socket) => {
    if (shut) return void socket.destroy();
    const beyond = connect(Number(to.port || 6_379), to.hostname);
    for (const [one, other] of [
      [socket, beyond],
      [beyond, socket],
    ] as const) {
      sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  return {
    url: `redis://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    shut() {
      shut = true;
      for (const socket of sockets) socket.destroy();
    },
    open() {
      shut = false;
    },
    close: () =>
      new Promise((closed) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => closed());
      }),
  };
}

// Replicas share a database and a Redis, which not every machine has.
describe.skipIf(!redisUrl || !('url' in database))('two replicas', () => {
  let keys: Awaited<ReturnType<typeof generateKeyPair>>;
  let environment: Record<string, string>;
  let redis: Awaited<ReturnType<typeof door>>;
  let here: TestApp;
  let there: TestApp;
  beforeAll(async () => {
    keys = await generateKeyPair('ES256', { extractable: true });
    redis = await door(new URL(redisUrl as string));
    environment = {
      JWT_PUBLIC_KEY: await exportSPKI(keys.publicKey),
      JWT_ISSUER: issuer,
      JWT_AUDIENCE: audience,
      LOG_LEVEL: 'silent',
    };
    here = await startApp({ ...environment, REDIS_URL: redis.url });
    there = await startApp({ ...environment, REDIS_URL: redis.url });
  });
  afterAll(async () => {
    await here.close();
    await there.close();
    await redis.close();
  });

  /** A token of the first replica's tenant, good at either. */
  const token = () => sign(keys.privateKey, { tenant: here.tenant.id });
  const tenant = async () => {
    const authorization = `Bearer ${await token()}`;
    return {
      ...here.tenant,
      graphql: ((document: string, variables?: object) =>
        here.tenant.graphql(document, variables, { authorization })) as typeof here.tenant.graphql,
    };
  };

  test('hear each other’s events, once', async () => {
    const ada = await createSubject(await tenant());
    const bo = await createSubject(await tenant());
    const stream = await subscribe(there.app, await token(), subscription);
    await ada.sync();
    await bo.sync();
    expect((await stream.next())?.data.participantAvatarSynced.participant.id).toBe(ada.id);
    expect((await stream.next())?.data.participantAvatarSynced.participant.id).toBe(bo.id);
    await stream.leave();
  });

  test('forget a key that the other revoked, and end its streams', async () => {
    const administrator = await tenant();
    const { id, headers } = await createAccessKey(administrator, ['ADMIN']);
    const kind = async () => (await there.tenant.graphql('{ viewer { kind } }', {}, headers)).status;
    expect(await kind()).toBe(200);
    const stream = await openStream(there.app.fetch, 'http://localhost/graphql', headers, subscription);
    await revoke(administrator, id);
    expect((await stream.next())?.errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
    await until(async () => (await kind()) === 401);
  });

  test('go on by themselves while Redis is away, and together again after', async () => {
    const joined = async ({ app }: TestApp) => {
      const response = await app.fetch(new Request('http://localhost/readyz'));
      const { ready, degraded } = (await response.json()) as { ready: boolean; degraded: string[] };
      // A replica without Redis answers: nobody must take it away.
      expect([response.status, ready]).toEqual([200, true]);
      return !degraded.includes('events');
    };
    const ada = await createSubject(await tenant());
    const [near, far] = [
      await subscribe(here.app, await token(), subscription),
      await subscribe(there.app, await token(), subscription),
    ];
    redis.shut();
    await until(async () => !(await joined(there)));
    await ada.sync();
    expect((await near.next())?.data.participantAvatarSynced.participant.id).toBe(ada.id);

    redis.open();
    await until(async () => (await joined(there)) && (await joined(here)));
    const bo = await createSubject(await tenant());
    await bo.sync();
    expect((await far.next())?.data.participantAvatarSynced.participant.id).toBe(bo.id);
    await near.leave();
    await far.leave();
  });

  test('are processes of their own, and stop in good order', async () => {
    const running: ChildProcess[] = [];
    const start = async (): Promise<{ url: string; stop(): Promise<number | null> }> => {
      const child = spawn(process.execPath, [await builtEntry('main')], {
        env: {
          ...process.env,
          ...environment,
          LOG_LEVEL: 'info',
          DEMO: 'off',
          PORT: '0',
          DATABASE_URL: 'url' in database ? database.url : '',
          REDIS_URL: redis.url,
          SECRET_KEY: 's'.repeat(32),
          DATA_DIR: mkdtempSync(join(tmpdir(), 'rollcall-replica-')),
        },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      running.push(child);
      const exit = new Promise<number | null>((resolve) => child.on('exit', resolve));
      let output = '';
      child.stdout.on('data', (data) => {
        output += data;
      });
      await until(() => /answers at (http:\S+)\/graphql/.test(output) || child.exitCode !== null);
      const url = /answers at (http:\S+)\/graphql/.exec(output)?.[1];
      if (!url) throw new Error(`It did not start: ${output}`);
      return {
        url,
        async stop() {
          child.kill('SIGTERM');
          return exit;
        },
      };
    };
    try {
      const [first, second] = await Promise.all([start(), start()]);
      const headers = { authorization: `Bearer ${await token()}` };
      const stream = await openStream(fetch, `${first.url}/graphql`, headers, subscription);
      const ada = await createSubject({
        ...here.tenant,
        graphql: (async (query: string, variables: object) => {
          const response = await fetch(`${second.url}/graphql`, {
            method: 'POST',
            headers: { ...headers, 'content-type': 'application/json' },
            body: JSON.stringify({ query, variables }),
          });
          return response.json();
        }) as unknown as typeof here.tenant.graphql,
      });
      await ada.sync();
      expect((await stream.next())?.data.participantAvatarSynced.participant.id).toBe(ada.id);

      const stopped = first.stop();
      expect((await stream.next())?.errors?.[0]?.extensions.code).toBe('UNAVAILABLE');
      expect(await stopped).toBe(0);
      expect(await second.stop()).toBe(0);
    } finally {
      for (const child of running) child.kill('SIGKILL');
    }
  });
});
