import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { until } from '../events/trigger.ts';
import { builtEntry } from '../setup/built.ts';
import { createOwnDatabase } from '../setup/database.ts';

const redisUrl = process.env['REDIS_URL'];
const folder = mkdtempSync(join(tmpdir(), 'rollcall-processes-'));

describe.skipIf(!redisUrl || !('url' in inject('database')))('several processes behind one port', () => {
  let own: Awaited<ReturnType<typeof createOwnDatabase>>;
  let server: ChildProcess;
  let exited: Promise<number | null>;
  let output = '';
  const lines = () =>
    output
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as { pid: number; msg: string });
  const up = () => lines().filter(({ msg }) => /answers at/.test(msg));
  const url = () => /answers at (http:\S+)\/graphql/.exec(output)?.[1] as string;

  beforeAll(async () => {
    own = await createOwnDatabase(inject('database'));
    server = spawn(process.execPath, [await builtEntry('main')], {
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        NODE_ENV: 'test',
        DEMO: 'off',
        PORT: '0',
        PROCESSES: '2',
        DATABASE_URL: (own.place as { url: string }).url,
        DATABASE_POOL_SIZE: '2',
        REDIS_URL: redisUrl,
        DATA_DIR: folder,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    exited = new Promise((resolve) => server.once('exit', resolve));
    server.stdout?.on('data', (data) => {
      output += data;
    });
    await until(() => up().length === 2);
  });
  afterAll(async () => {
    server?.kill('SIGKILL');
    await own?.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  const answered = async () => {
    const response = await fetch(`${url()}/graphql`, { method: 'POST', headers: { connection: 'close' } });
    await response.arrayBuffer();
    return response.status;
  };

  test('answer in turn, add up their metrics, replace one that dies, and stop with the service', async () => {
    const before = up().map(({ pid }) => pid);
    expect(new Set(before).size).toBe(2);
    for (let request = 0; request < 6; request++) expect(await answered()).toBeGreaterThanOrEqual(400);
    const metrics = await (await fetch(`${url()}/metrics`)).text();
    const counts = [...metrics.matchAll(/^rollcall_http_request_duration_seconds_count\{.*\} (\d+)$/gm)].map(([, n]) =>
      Number(n),
    );
    expect(counts.reduce((sum, n) => sum + n, 0)).toBeGreaterThanOrEqual(6);

    process.kill(before[0] as number, 'SIGKILL');
    await until(() => up().length === 3);
    for (let request = 0; request < 4; request++) expect(await answered()).toBeGreaterThanOrEqual(400);

    server.kill('SIGTERM');
    expect(await exited).toBe(0);
  });
});
