import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { dataOf, type Untyped } from '../app.ts';
import { rowsOf } from '../tenants/world.ts';
import { importFile } from '../uploads.ts';
import { useAppAlone } from '../use-app.ts';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-imported-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const logged: string[] = [];
// Alone, so that its worker takes no job of another file.
const service = useAppAlone(
  { STORAGE_URL: `file:${folder}`, LOG_LEVEL: 'debug', IMPORT_WORKERS: '1', RATE_LIMIT: '100000' },
  undefined,
  { logTo: { write: (line) => void logged.push(line) } },
);

const mark = 'xq7mark';
const email = `${mark}@example.com`;

/** The names and the bytes of all files in the storage. */
const stored = () =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [{ name: entry.name, text: readFileSync(join(entry.parentPath, entry.name), 'utf8') }] : [],
  );
const tablesWithMark = async () =>
  Object.entries(await rowsOf(service.app.database, service.tenant.id)).flatMap(([table, rows]) =>
    JSON.stringify(rows).includes(mark) ? [table] : [],
  );

/** Imports a file and waits for the end of the job. */
async function imported(content: string, input: object = {}): Promise<Untyped> {
  const given = { kind: 'EXTERNAL_USERS', format: 'CSV', ...input };
  const { startImport } = dataOf(await importFile(service, service.tenant, content, given, `${mark}.csv`));
  const job = `query ($id: ID!) { import(id: $id) { state created rejected rejectedRowsUrl unreadColumns error { code detail } } }`;
  for (;;) {
    const found = dataOf(await service.tenant.graphql(job, { id: startImport.import.id })).import;
    if (found.state === 'DONE' || found.state === 'FAILED') return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('an erasure leaves nothing of a person in what was imported, in its refused rows, or in what is known of the jobs', async () => {
  const rows = [
    'first name,last name,email,phone number',
    `Ada ${mark},Byron,${email},+14155550155`,
    `Ada ${mark},Byron,not an address ${mark},`,
    `Grace,Hopper,grace@example.com,number of ${mark}`,
  ];
  const done = await imported(rows.join('\r\n'));
  expect(done).toMatchObject({ state: 'DONE', created: 1, rejected: 2 });
  expect(await imported(rows.join('\r\n'), { dryRun: true })).toMatchObject({ state: 'DONE' });
  // A file without a header, of which somebody took the person's row for one.
  const headless = [`Ada ${mark},${email}`, 'Grace,grace@example.com'].join('\n');
  const mapping = { firstName: `Ada ${mark}`, email };
  expect(await imported(headless, { mapping })).toMatchObject({ state: 'DONE' });
  // Or whose first row has one column's name by chance.
  const unread = await imported(`email,Ada ${mark}\nmary@example.com,Mary\n`);
  expect(unread.unreadColumns).toEqual([`Ada ${mark}`]);
  const failed = await imported(rows.join('\n'), { mapping: { email: `e-mail of ${mark}` } });
  expect(failed.error.detail).toContain(mark);
  expect(stored().filter(({ text }) => text.includes(mark)).length).toBeGreaterThan(3);
  expect(await tablesWithMark()).toContain('data_job');
  const refused = await service.app.fetch(new Request(done.rejectedRowsUrl));
  expect(refused.status).toBe(200);
  expect(await refused.text()).not.toContain(mark);

  dataOf(
    await service.tenant.graphql(
      'mutation ($email: String!) { erasePerson(input: { by: { email: $email }, confirm: true }) { erased { files } } }',
      { email },
    ),
  );
  expect(stored()).toEqual([]);
  expect(await tablesWithMark()).toEqual([]);
  expect((await service.app.fetch(new Request(done.rejectedRowsUrl))).status).toBe(404);
  service.app.log.debug('the log is watched');
  expect(logged.join('')).toContain('the log is watched');
  expect(logged.join('')).not.toContain(mark);
});
