import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, inject, test } from 'vitest';
import { connectPostgres } from '../../src/database/postgres.ts';
import { builtEntry } from '../setup/built.ts';
import { createOwnDatabase } from '../setup/database.ts';

const run = promisify(execFile);
/** As the chart's job runs it: with the database's address and nothing else of the service. */
const migrate = async (variables: Record<string, string>) =>
  run(process.execPath, [await builtEntry('commands/migrate')], {
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', ...variables },
  });
/** What the last line of the log names. A slow machine says before it that it waits. */
const applied = ({ stdout }: { stdout: string }): string[] =>
  JSON.parse(stdout.trim().split('\n').at(-1) ?? '').applied;

test.skipIf(!('url' in inject('database')))(
  'migrates an empty database, and does nothing the second time',
  async () => {
    const { place, drop } = await createOwnDatabase(inject('database'), { empty: true });
    const { url } = place as { url: string };
    try {
      const folders = readdirSync('prisma/migrations', { withFileTypes: true }).filter((entry) => entry.isDirectory());
      expect(applied(await migrate({ DATABASE_URL: url }))).toEqual(folders.map(({ name }) => name).sort());
      expect(applied(await migrate({ DATABASE_URL: url }))).toEqual([]);

      const connection = connectPostgres(url, 1);
      await connection.script(async (query) => {
        await query(`update "_prisma_migrations" set migration_name = '29990101000000_newer'
      where migration_name = '${folders.at(-1)?.name}'`);
      });
      await connection.close();
      const failure = await migrate({ DATABASE_URL: url }).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 1, stderr: expect.stringContaining('a newer version has been here') });
    } finally {
      await drop();
    }
  },
  180_000,
);

test('says what is missing without a server', async () => {
  const failure = await migrate({}).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 1, stderr: expect.stringMatching(/^DATABASE_URL is not set/) });
}, 60_000);
