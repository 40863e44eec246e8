import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportSPKI, generateKeyPair } from 'jose';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { openDatabase } from '../../src/database/database.ts';
import { connectEmbedded } from '../../src/database/embedded.ts';
import { newId } from '../../src/database/ids.ts';
import { migrate } from '../../src/database/migrations.ts';
import { connectPostgres } from '../../src/database/postgres.ts';
import type { Untyped } from '../app.ts';
import { audience, issuer, sign } from '../auth/tokens.ts';
import { until } from '../events/trigger.ts';
import { builtEntry } from '../setup/built.ts';
import { createOwnDatabase } from '../setup/database.ts';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-killed-'));
const tenantId = newId();
let own: Awaited<ReturnType<typeof createOwnDatabase>>;
let environment: Record<string, string>;
let token: string;
let child: ChildProcess | undefined;
let url: string;

/** Opens the database that the server uses; the embedded one only while no server runs. */
async function inDatabase<Result>(work: (prisma: ReturnType<typeof openDatabase>['prisma']) => Promise<Result>) {
  const connection =
    'url' in own.place
      ? connectPostgres(own.place.url, 2)
      : await connectEmbedded({ folder: join(folder, 'database') });
  await migrate(connection);
  const database = openDatabase(connection, () => {});
  try {
    return await work(database.prisma);
  } finally {
    await database.close();
  }
}

/** Starts the real service in a process of its own. */
async function start(): Promise<void> {
  const started = spawn(process.execPath, [await builtEntry('main')], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child = started;
  let output = '';
  started.stdout.on('data', (data) => {
    output += data;
  });
  const answering = /answers at (http:\S+)\/graphql/;
  await until(() => answering.test(output) || started.exitCode !== null);
  url = answering.exec(output)?.[1] ?? '';
  if (url === '') throw new Error(`It did not start: ${output}`);
}

async function end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child?.once('exit', resolve));
  child.kill(signal);
  await gone;
}

beforeAll(async () => {
  own = await createOwnDatabase(inject('database'));
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  token = await sign(privateKey, { tenant: tenantId, scope: 'admin' });
  environment = {
    LOG_LEVEL: 'info',
    DEMO: 'off',
    PORT: '0',
    SECRET_KEY: 's'.repeat(32),
    DATA_DIR: folder,
    JWT_PUBLIC_KEY: await exportSPKI(publicKey),
    JWT_ISSUER: issuer,
    JWT_AUDIENCE: audience,
    JOB_LEASE_MS: '1000',
    ...('url' in own.place && { DATABASE_URL: own.place.url }),
  };
  await inDatabase((prisma) => prisma.tenant.create({ data: { id: tenantId, name: 'Killed' } }));
});
afterAll(async () => {
  await end('SIGKILL');
  await own.drop();
  rmSync(folder, { recursive: true, force: true });
});

async function ask(body: BodyInit, headers: Record<string, string> = {}): Promise<Untyped> {
  const sent = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, ...headers },
    body,
  });
  const { data, errors } = (await sent.json()) as Untyped;
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

const job = async (id: string): Promise<Untyped> =>
  (
    await ask(
      JSON.stringify({
        query: 'query ($id: ID!) { import(id: $id) { state totalRows doneRows created updated unchanged rejected } }',
        variables: { id },
      }),
      { 'content-type': 'application/json' },
    )
  ).import;

test('a process that is killed in the middle of an import loses no row and writes none twice', {
  timeout: 180_000,
}, async () => {
  const count = 5_000;
  // Of the later rows every tenth names somebody who came two batches before, and every hundredth is wrong.
  const row = (n: number) =>
    n % 100 === 99
      ? ',nobody,'
      : n % 10 === 5 && n > 2_000
        ? `Again,,k-${n - 2_001}`
        : `P${n},p${n}@killed.example,k-${n}`;
  const rows = Array.from({ length: count }, (_, n) => row(n));
  const form = new FormData();
  const query =
    'mutation ($file: File!) { startImport(input: { kind: EXTERNAL_USERS, format: CSV, file: $file }) { import { id } } }';
  form.set('operations', JSON.stringify({ query, variables: { file: null } }));
  form.set('map', JSON.stringify({ 0: ['variables.file'] }));
  form.set('0', new File([`name,email,fkId\n${rows.join('\n')}\n`], 'people.csv'));
  await start();
  const { id } = (await ask(form)).startImport.import;
  await until(async () => (await job(id)).doneRows >= 2_000);
  await end('SIGKILL');
  await start();
  await until(async () => (await job(id)).state === 'DONE');
  const done = await job(id);
  await end('SIGTERM');
  const wrong = rows.filter((text) => text.startsWith(',')).length;
  const repeated = rows.filter((text) => text.startsWith('Again')).length;
  expect(done).toEqual({
    state: 'DONE',
    totalRows: count,
    doneRows: count,
    created: count - wrong - repeated,
    updated: 0,
    unchanged: repeated,
    rejected: wrong,
  });
  const stored = await inDatabase((prisma) => prisma.externalUser.findMany({ where: { tenantId } }));
  expect(stored.map(({ fkId }) => fkId).sort()).toEqual(
    rows.flatMap((text) => (/^P\d/.test(text) ? [text.split(',')[2]] : [])).sort(),
  );
  const tries = await inDatabase((prisma) =>
    prisma.historyEntry.count({ where: { tenantId, subjectType: 'ExternalUser' } }),
  );
  expect(tries).toBe(stored.length);
});
