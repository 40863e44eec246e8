import { expect, test } from 'vitest';
import { dataOf, problemOf } from '../app.ts';
import { importFile } from '../uploads.ts';
import { useAppAlone } from '../use-app.ts';
import { transfers } from './world.ts';

const service = useAppAlone({ IMPORT_WORKERS: '1', JOB_LEASE_MS: '2000' });

const { over, imported, rejectedOf, found } = transfers(service);

test('columns are guessed, refused rows are listed, and the same file again changes nothing', async () => {
  const file = [
    'Full Name;E-Mail;Telephone;Notes;metadata.plan',
    'Ada Lovelace;ada@import.example;+44 20 7946 0000;"two\r\nlines; and a ""quote""";gold',
    'Nobody;;;no identifier;',
    'Bad;not an address;;;',
    ';only@import.example;;;',
  ].join('\r\n');
  const first = await imported(file);
  expect(first).toMatchObject({ state: 'DONE', totalRows: 4, doneRows: 4, created: 2, rejected: 2, error: null });
  expect(first.estimatedSecondsLeft).toBe(0);
  const lines = await rejectedOf(first);
  expect(lines.map((line) => line.split(',').slice(0, 2))).toEqual([
    ['4', ''],
    ['5', 'email'],
  ]);
  expect(await found({ email: 'ADA@import.example' })).toMatchObject({
    firstName: 'Ada',
    lastName: 'Lovelace',
    phoneNumber: '+442079460000',
    context: 'two\r\nlines; and a "quote"',
    metadata: { plan: 'gold' },
  });
  expect(await imported(file)).toMatchObject({ created: 0, updated: 0, unchanged: 2, rejected: 2 });
});

test('a row that exists is left, changed or refused, and a dry run writes nothing', async () => {
  const row = (name: string) => `firstName,lastName,fkId\r\n${name},Hopper,conflict-1\r\n`;
  expect(await imported(row('Grace'), { dryRun: true })).toMatchObject({ created: 1 });
  expect(await found({ fkId: 'conflict-1' })).toBeNull();
  expect(await imported(row('Grace'))).toMatchObject({ created: 1 });
  expect(await imported(row('Gracie'))).toMatchObject({ unchanged: 1 });
  expect(await imported(row('Gracie'), { onConflict: 'FAIL' })).toMatchObject({ rejected: 1 });
  expect(await imported(row('Gracie'), { onConflict: 'UPDATE', dryRun: true })).toMatchObject({ updated: 1 });
  expect(await found({ fkId: 'conflict-1' })).toMatchObject({ firstName: 'Grace' });
  expect(await imported(row('Gracie'), { onConflict: 'UPDATE' })).toMatchObject({ updated: 1 });
  expect(await found({ fkId: 'conflict-1' })).toMatchObject({ firstName: 'Gracie', lastName: 'Hopper' });
});

test('rows of one file that name the same user are one user', async () => {
  const file = 'firstName,email,fkId\nA,same@import.example,\n,SAME@import.example,same-1\n,,same-1\n';
  expect(await imported(file, { onConflict: 'UPDATE' })).toMatchObject({ created: 1, updated: 1, unchanged: 1 });
  expect(await found({ fkId: 'same-1' })).toMatchObject({ firstName: 'A', email: 'same@import.example' });
});

const utf16 = (text: string, big: boolean, marked: boolean) => {
  const bytes = Buffer.from(`${marked ? '\ufeff' : ''}${text}`, 'utf16le');
  return big ? bytes.swap16() : bytes;
};

test.each([
  ['UTF-8 with a mark', (text: string) => Buffer.from(`\ufeff${text}`)],
  ['UTF-16 LE with a mark', (text: string) => utf16(text, false, true)],
  ['UTF-16 BE with a mark', (text: string) => utf16(text, true, true)],
  ['UTF-16 LE', (text: string) => utf16(text, false, false)],
] as const)('%s is read', async (name, encode) => {
  const fkId = `encoded ${name}`;
  expect(await imported(encode(`First Name\tfk id\nZoë\t${fkId}\n`))).toMatchObject({ created: 1 });
  expect(await found({ fkId })).toMatchObject({ firstName: 'Zoë' });
});

test.each([
  ['nothing at all', '', /empty/],
  ['a zip', new Uint8Array([0x50, 0x4b, 3, 4, 1, 2]), /zipped/],
  ['no known column', 'one,two\n1,2\n', /No column/],
  ['too many columns', `${Array.from({ length: 10_000 }, (_, n) => `c${n}`).join(',')}\n1\n`, /more than 1000/],
])('a file of %s fails, and says why', async (_, content, detail) => {
  const job = await imported(content);
  expect(job).toMatchObject({ state: 'FAILED', created: 0, error: { code: 'UNPROCESSABLE' } });
  expect(job.error.detail).toMatch(detail);
});

test('a long line, a NUL and another encoding cost only their own rows', async () => {
  const file = Buffer.concat([
    Buffer.from(`fkId,firstName\nlong,"${'x'.repeat(1_100_000)}"\nnul,a\0b\nlatin,`),
    Buffer.from([0x5a, 0xeb]),
    Buffer.from('\ngood,Good\n'),
  ]);
  const job = await imported(file);
  expect(job).toMatchObject({ state: 'DONE', created: 1, rejected: 3 });
  expect((await rejectedOf(job)).map((line) => line.split(',')[0])).toEqual(['2', '3', '4']);
});

test('what would be guessed is told before a file is sent', async () => {
  const document =
    'query ($columns: [String!]!) { importMapping(kind: EXTERNAL_USERS, columns: $columns) { field column otherColumns } }';
  const guess = async (columns: string[]) => service.tenant.graphql(document, { columns });
  const { importMapping } = dataOf(
    await guess(['Vorname', 'E-Mail-Adresse', 'Kunden-Nr.', 'metadata.plan', 'Shoe size', 'mail', 'Vorname']),
  );
  expect(importMapping.filter(({ column }: { column: string | null }) => column)).toEqual([
    { field: 'firstName', column: 'Vorname', otherColumns: [] },
    { field: 'email', column: 'mail', otherColumns: ['E-Mail-Adresse'] },
    { field: 'fkId', column: 'Kunden-Nr.', otherColumns: [] },
    { field: 'metadata.plan', column: 'metadata.plan', otherColumns: [] },
  ]);
  expect(importMapping).toContainEqual({ field: 'phoneNumber', column: null, otherColumns: [] });
  expect(problemOf(await guess(['x'.repeat(1_001)]))).toMatchObject({ code: 'VALIDATION_FAILED', status: 400 });
});

test.each([
  {
    name: 'a spreadsheet, of which names are cut and characters that cannot be stored are left out',
    content: `email,Shoe size,,"NUL\0",${'x'.repeat(300)},Shoe size,metadata.plan\nunread@example.com,44,nothing,,,,\n`,
    unread: ['Shoe size', 'NUL', 'x'.repeat(200)],
  },
  {
    name: 'a mapping',
    content: 'mail,first name\nunread@example.com,Eva\n',
    more: { mapping: { email: 'mail' } },
    unread: ['first name'],
  },
  {
    name: 'objects',
    content: '{"mail":"unread@example.com","age":44}\n\n{"age":45,"email":null,"size":1}\n',
    more: { format: 'NDJSON', mapping: { email: 'mail' } },
    unread: ['age', 'email', 'size'],
  },
  { name: 'participants', content: 'name,shoe\nEva,44\n', more: { kind: 'PARTICIPANTS' }, unread: ['shoe'] },
  {
    name: 'many columns',
    content: `email,${Array.from({ length: 300 }, (_, n) => `c${n}`)}\nunread@example.com\n`,
    unread: Array.from({ length: 100 }, (_, n) => `c${n}`),
  },
])('an import says which columns it has not read: $name', async ({ content, more, unread }) => {
  for (const dryRun of [true, false]) {
    const job = await imported(content, { ...more, dryRun });
    expect(job.state).toBe('DONE');
    expect((await over('import', job.id, 'state unreadColumns')).unreadColumns).toEqual(unread);
  }
});

test('a mapping says which column is which, and one of unknown fields or columns is refused', async () => {
  const file = 'Vorname,Kundennummer\nEva,mapped-1\n';
  expect(await imported(file, { mapping: { firstName: 'vorname', fkId: 'Kundennummer' } })).toMatchObject({
    created: 1,
  });
  expect(await imported(file, { mapping: { fkId: 'No column' } })).toMatchObject({ state: 'FAILED' });
  for (const mapping of [{ shoeSize: 'a' }, { fkId: 'half of a pair: \ud800' }, { fkId: 'NUL \0' }]) {
    const input = { kind: 'EXTERNAL_USERS', format: 'CSV', mapping };
    expect(problemOf(await importFile(service, service.tenant, file, input)).code).toBe('VALIDATION_FAILED');
  }
});

test('what is exported runs in no spreadsheet, and is the same when it is imported elsewhere', async () => {
  const formula = '=cmd|calc!A1';
  await imported(`firstName,fkId,context\n"${formula}",formula-1,"'=already quoted"\n`);
  expect(await found({ fkId: 'formula-1' })).toMatchObject({ firstName: formula });
  for (const format of ['CSV', 'NDJSON']) {
    const { startExport } = dataOf(
      await service.tenant.graphql(
        'mutation ($input: StartExportInput!) { startExport(input: $input) { export { id } } }',
        { input: { kind: 'EXTERNAL_USERS', format } },
      ),
    );
    const job = await over('export', startExport.export.id, 'state rows url expiresAt');
    const text = await (await service.app.fetch(new Request(job.url))).text();
    if (format === 'CSV') expect(text).not.toMatch(/(^|[,\n"])=/m);
    const again = await imported(text, { format, onConflict: 'UPDATE' });
    expect(again).toMatchObject({ state: 'DONE', unchanged: job.rows, created: 0, updated: 0, rejected: 0 });
  }
});

test('a file of data is told its size without being read, and is sent piece by piece', async () => {
  await imported(
    `fkId,context\n${Array.from({ length: 900 }, (_, n) => `sized-${n},${'x'.repeat(300)}`).join('\n')}\n`,
  );
  const start = 'mutation { startExport(input: { kind: EXTERNAL_USERS, format: CSV }) { export { id } } }';
  const { startExport } = dataOf(await service.tenant.graphql(start));
  const { url } = await over('export', startExport.export.id, 'state url');
  const head = await service.app.fetch(new Request(url, { method: 'HEAD' }));
  const whole = await service.app.fetch(new Request(url));
  const text = await whole.text();
  expect(text.length).toBeGreaterThan(250_000);
  expect(head.status).toBe(200);
  for (const { headers } of [head, whole]) expect(headers.get('content-length')).toBe(String(Buffer.byteLength(text)));
  expect(await head.text()).toBe('');
});

test('participants and conversations go out and come in again', async () => {
  const people = 'kind,displayName,email\nPERSON,Imported,p@import.example\nAI_AGENT,Bot,\n';
  expect(await imported(people, { kind: 'PARTICIPANTS' })).toMatchObject({ created: 1, rejected: 1 });
  expect(await imported(people, { kind: 'PARTICIPANTS' })).toMatchObject({ created: 0, unchanged: 1, rejected: 1 });
  const talks =
    '{"name":"Imported talk","status":"CLOSED","participants":[{"participant":{"flow":{"id":"a flow"}}}]}\n';
  expect(await imported(talks, { kind: 'CONVERSATIONS', format: 'NDJSON' })).toMatchObject({ created: 1 });
  expect(await imported(talks, { kind: 'CONVERSATIONS', format: 'NDJSON' })).toMatchObject({ unchanged: 1 });
});

test('an import that was begun by a worker that died goes on after its last batch', async () => {
  const { prisma } = service.app.database;
  const rows = Array.from({ length: 1_500 }, (_, n) => `resumed-${n}`);
  const input = { kind: 'EXTERNAL_USERS', format: 'CSV' };
  const { startImport } = dataOf(await importFile(service, service.tenant, `fkId\n${rows.join('\n')}\n`, input));
  const { id } = startImport.import;
  const first = await over('import', id);
  expect(first).toMatchObject({ created: 1_500 });
  // As it was when the first batch was done, in the hands of a worker that is gone.
  await prisma.externalUser.deleteMany({ where: { tenantId: service.tenant.id, fkId: { in: rows.slice(1_000) } } });
  await prisma.dataJob.update({
    where: { tenantId_id: { tenantId: service.tenant.id, id } },
    data: {
      state: 'RUNNING',
      doneRows: 1_000,
      createdRows: 1_000,
      finishedAt: null,
      workerId: crypto.randomUUID(),
      leaseUntil: new Date(0),
    },
  });
  expect(await over('import', id)).toMatchObject({ state: 'DONE', doneRows: 1_500, created: 1_500, unchanged: 0 });
});

test('an erased person who is blocked is not brought back', async () => {
  await imported('fkId,email\nblocked-1,blocked@import.example\n');
  dataOf(
    await service.tenant.graphql(
      'mutation { erasePerson(input: { by: { fkId: "blocked-1" }, confirm: true, block: true }) { erased { externalUsers } } }',
    ),
  );
  const job = await imported('firstName,email\nBack,Blocked@import.example\n');
  expect(job).toMatchObject({ created: 0, rejected: 1 });
  expect(await found({ email: 'blocked@import.example' })).toBeNull();
});

test('an import is nothing of others, and one that is over is not cancelled', async () => {
  const job = await imported('fkId\nown-1\n');
  const other = await service.createTenant();
  expect(dataOf(await other.graphql('query ($id: ID!) { import(id: $id) { id } }', { id: job.id })).import).toBeNull();
  const cancel = 'mutation ($id: ID!) { cancelImport(input: { id: $id }) { import { state } } }';
  expect(problemOf(await other.graphql(cancel, { id: job.id })).code).toBe('FILE_NOT_FOUND');
  expect(dataOf(await service.tenant.graphql(cancel, { id: job.id })).cancelImport.import.state).toBe('DONE');
});
