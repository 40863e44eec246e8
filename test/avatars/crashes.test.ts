import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportSPKI, generateKeyPair } from 'jose';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { avatarKey } from '../../src/avatars/keys.ts';
import { avatarSizes } from '../../src/avatars/sizes.ts';
import { openDatabase } from '../../src/database/database.ts';
import { connectEmbedded } from '../../src/database/embedded.ts';
import { newId } from '../../src/database/ids.ts';
import { migrate } from '../../src/database/migrations.ts';
import { connectPostgres } from '../../src/database/postgres.ts';
import { dataOf, type TestTenant } from '../app.ts';
import { audience, issuer, sign } from '../auth/tokens.ts';
import { until } from '../events/trigger.ts';
import { createConfig, createParticipant } from '../factories.ts';
import { png } from '../fakes/images.ts';
import { type FakeSlack, type FakeSlackUser, startFakeSlack } from '../fakes/slack.ts';
import { builtEntry } from '../setup/built.ts';
import { createOwnDatabase } from '../setup/database.ts';
import { avatarOf } from './background.ts';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-crash-'));
const files = join(folder, 'files');
let own: Awaited<ReturnType<typeof createOwnDatabase>>;
let slack: FakeSlack;
let environment: Record<string, string>;
let tenant: TestTenant;
let config: string;
let count = 0;

/** Opens the database that the server uses; the embedded one only while no server runs. */
async function inDatabase<Result>(
  work: (database: ReturnType<typeof openDatabase>) => Promise<Result>,
): Promise<Result> {
  const connection =
    'url' in own.place
      ? connectPostgres(own.place.url, 2)
      : await connectEmbedded({ folder: join(folder, 'database') });
  await migrate(connection);
  const database = openDatabase(connection, () => {});
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

type Server = { url: string; kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> };
const running = new Set<ChildProcess>();

/** Starts the real server in a process of its own. */
async function start(more: Record<string, string> = {}): Promise<Server> {
  const child = spawn(process.execPath, [await builtEntry('main')], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment, ...more },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.add(child);
  const exit = new Promise<number | null>((resolve) => child.on('exit', resolve));
  void exit.then(() => running.delete(child));
  let output = '';
  child.stdout.on('data', (data) => {
    output += data;
  });
  await until(() => /answers at (http:\S+)\/graphql/.test(output) || child.exitCode !== null);
  const url = /answers at (http:\S+)\/graphql/.exec(output)?.[1];
  if (!url) throw new Error(`It did not start: ${output}`);
  server = {
    url,
    async kill(signal) {
      child.kill(signal);
      return exit;
    },
  };
  return server;
}
let server: Server;

beforeAll(async () => {
  slack = await startFakeSlack();
  own = await createOwnDatabase(inject('database'));
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  environment = {
    LOG_LEVEL: 'info',
    DEMO: 'off',
    PORT: '0',
    SECRET_KEY: 's'.repeat(32),
    DATA_DIR: folder,
    JWT_PUBLIC_KEY: await exportSPKI(publicKey),
    JWT_ISSUER: issuer,
    JWT_AUDIENCE: audience,
    SLACK_API_URL: slack.apiUrl,
    EGRESS_ALLOW: slack.host,
    JOB_LEASE_MS: '1000',
    ...('url' in own.place && { DATABASE_URL: own.place.url }),
  };
  const id = newId();
  await inDatabase(({ prisma }) => prisma.tenant.create({ data: { id, name: 'Crashes' } }));
  const authorization = `Bearer ${await sign(privateKey, { tenant: id })}`;
  tenant = {
    id,
    token: async () => authorization.slice(7),
    graphql: (async (query: string, variables: object) => {
      const response = await fetch(`${server.url}/graphql`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify({ query, variables }),
      });
      return response.json();
    }) as unknown as TestTenant['graphql'],
  };
  await start();
  config = await createConfig(tenant, 'slack', 'xoxb-good');
}, 120_000);
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  await slack.close();
  await own.drop();
  rmSync(folder, { recursive: true, force: true });
});

type Subject = { id: string; address: string; asked(part?: 'api' | 'images'): number };

/** Creates a participant whose avatar syncs by itself, and whose picture is like nobody else's. */
async function subject(user: Partial<FakeSlackUser> = {}): Promise<Subject> {
  count += 1;
  const address = `U0CRASH${count}`;
  slack.users.set(address, { image: await png(40, 40, { r: count * 9, g: 255 - count * 9, b: 7 }), ...user });
  const id = await createParticipant(tenant, { channels: [{ integrationConfigId: config, address }] });
  const asked = (part = 'api') =>
    slack.requests.filter(({ path, form }) =>
      part === 'api' ? form['user'] === address : path.startsWith(`/images/${address}/`),
    ).length;
  return { id, address, asked };
}

/** What must hold after a restart, however the sync was interrupted. */
async function completes({ id, address, asked }: Subject): Promise<void> {
  slack.users.set(address, { image: slack.users.get(address)!.image! });
  await until(async () => (await avatarOf(tenant, id)).avatarAutoSync !== null);
  const participant = await avatarOf(tenant, id);
  expect(participant).toMatchObject({
    avatarSource: 'CHANNEL',
    avatarSourceAddress: address,
    avatarAutoSync: { synced: true, address, error: null },
  });
  const image = await fetch(participant.avatarUrl);
  expect(image.status).toBe(200);
  expect((await image.arrayBuffer()).byteLength).toBeGreaterThan(50);
  // Once by the one that was killed, once by the next.
  expect(asked()).toBeLessThanOrEqual(2);
  const failures = dataOf(await tenant.graphql('{ avatarSyncFailuresConnection { totalCount } }', {}));
  expect(failures.avatarSyncFailuresConnection.totalCount).toBe(0);
}

describe('a server that is killed', () => {
  const restarted = async (victim: Server, more: Record<string, string> = {}) => {
    await victim.kill('SIGKILL');
    await start(more);
  };

  test('when the job is queued and nobody has begun it', async () => {
    await server.kill('SIGTERM');
    await start({ AVATAR_WORKERS: '0' });
    const ada = await subject();
    expect(ada.asked()).toBe(0);
    await restarted(server);
    await completes(ada);
    expect(ada.asked()).toBe(1);
  }, 120_000);

  test('when Slack has been asked', async () => {
    slack.apiTrouble = 'hang';
    const ada = await subject();
    await until(() => ada.asked() === 1);
    await server.kill('SIGKILL');
    slack.apiTrouble = null;
    await start();
    await completes(ada);
    expect(ada.asked()).toBe(2);
  }, 120_000);

  test.each(['hang', 'trickle'] as const)(
    'when the image has been asked for (%s)',
    async (imageTrouble) => {
      const ada = await subject({ imageTrouble });
      await until(() => ada.asked('images') === 1);
      // Until some of the body has come.
      await new Promise((resolve) => setTimeout(resolve, 100));
      await restarted(server);
      await completes(ada);
    },
    120_000,
  );

  test('while the images are being stored', async () => {
    mkdirSync(join(files, '.incoming'), { recursive: true });
    const watcher = watch(join(files, '.incoming'));
    const written = new Promise<void>((resolve) => watcher.once('change', () => resolve()));
    const ada = await subject();
    await written;
    await restarted(server);
    watcher.close();
    await completes(ada);
  }, 120_000);

  test.skipIf(!('url' in inject('database')))(
    'when everything is stored, and the row is about to be changed',
    async () => {
      const connectionString = 'url' in own.place ? own.place.url : '';
      const [holder, watcher] = [new pg.Client({ connectionString }), new pg.Client({ connectionString })];
      await Promise.all([holder.connect(), watcher.connect()]);
      const ada = await subject({ imageTrouble: 'hang' });
      await until(() => ada.asked('images') === 1);
      await holder.query('begin');
      await holder.query('select from participant where id = $1 for update', [ada.id]);
      // The server waits for the row from now on, when the image has come with the next attempt.
      await server.kill('SIGKILL');
      slack.users.set(ada.address, { image: slack.users.get(ada.address)!.image! });
      await start();
      const waiting = `select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`;
      // Not by the holder: a transaction sees what others wait for as it was when it first looked.
      await until(async () => (await watcher.query(waiting)).rows[0].n > 0);
      await server.kill('SIGKILL');
      await holder.query('rollback');
      await Promise.all([holder.end(), watcher.end()]);
      await start();
      await until(async () => (await avatarOf(tenant, ada.id)).avatarAutoSync !== null);
      expect(ada.asked()).toBe(3);
      await completes({ ...ada, asked: () => 0 });
    },
    120_000,
  );

  test('when it has just been done, and hardly told', async () => {
    const ada = await subject();
    await until(async () => (await avatarOf(tenant, ada.id)).avatarFileId !== null);
    await restarted(server);
    await completes(ada);
    expect(ada.asked()).toBe(1);
  }, 120_000);

  test('by SIGTERM, in the middle of a sync: it hands the job back, and exits with 0', async () => {
    const ada = await subject({ imageTrouble: 'hang' });
    await until(() => ada.asked('images') === 1);
    expect(await server.kill('SIGTERM')).toBe(0);
    const [job] = await inDatabase(({ prisma }) => prisma.avatarSyncJob.findMany({ where: { participantId: ada.id } }));
    expect(job).toMatchObject({ state: 'QUEUED', attempts: 0, workerId: null });
    await start();
    await completes(ada);
  }, 120_000);

  test('leaves nothing running, and no row without its files', async () => {
    expect(await server.kill('SIGTERM')).toBe(0);
    await inDatabase(async ({ prisma }) => {
      const jobs = await prisma.avatarSyncJob.findMany();
      expect(jobs).toHaveLength(count);
      expect(jobs.filter(({ state }) => state !== 'DONE')).toEqual([]);
      const participants = await prisma.participant.findMany({ include: { avatarFile: true } });
      expect(participants).toHaveLength(count);
      for (const { avatarFile } of participants) {
        for (const size of avatarSizes) expect(existsSync(join(files, avatarKey(avatarFile!.path, size)))).toBe(true);
      }
    });
  }, 120_000);
});
