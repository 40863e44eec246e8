import { expect, test } from 'vitest';
import { identifiersIn } from '../../src/transfer/cells.ts';
import { useAppAlone } from '../use-app.ts';
import { transfers } from './world.ts';

const service = useAppAlone({ IMPORT_WORKERS: '1', JOB_LEASE_MS: '2000' });
const { imported, importedRows, rejectedOf, exported, found } = transfers(service);

test('a cell of signs that divide is looked through in a time that grows with its length', () => {
  const begun = performance.now();
  for (const part of [' ', 'a ', ' +', ', ', '"', '" <', '(', ' and ', '/ '])
    for (const field of ['email', 'phoneNumber']) identifiersIn(field, part.repeat(4_000 / part.length));
  expect(performance.now() - begun).toBeLessThan(2_000);
});

test('the name in one cell is divided before the particles of a last name, and what follows it stays', async () => {
  const cells = {
    'Ludwig van der Rohe': ['Ludwig', 'van der Rohe'],
    'José María de la Cruz y Pérez': ['José María', 'de la Cruz y Pérez'],
    'van Rohe': ['van', 'Rohe'],
    'Hans von': ['Hans', 'von'],
    'Dr. Ada Lovelace, PhD': ['Dr. Ada', 'Lovelace, PhD'],
    'Smith, John, Jr.': ['John', 'Smith, Jr.'],
    'ACME, Inc.': ['ACME, Inc.', null],
    '山田　太郎': ['山田', '太郎'],
    Björk: ['Björk', null],
    '#N/A': [null, null],
    '-': [null, null],
    Null: ['Null', null],
    'Na Unknown': ['Na', 'Unknown'],
    None: ['None', null],
  };
  const rows = Object.keys(cells).map((name, n) => `"${name}",named-${n}\n`);
  expect(await imported(`name,fkId\n${rows.join('')}`)).toMatchObject({ rejected: 0 });
  for (const [n, [firstName, lastName]] of Object.values(cells).entries())
    expect(await found({ fkId: `named-${n}` })).toMatchObject({ firstName, lastName });
});

test('names that are words for nothing are exported and imported without a loss', async () => {
  const of = await service.createTenant();
  await importedRows('EXTERNAL_USERS', [{ fkId: '1', firstName: 'N/A', lastName: '-' }], {}, of);
  const [file, there] = [await exported('EXTERNAL_USERS', 'CSV', of), await service.createTenant()];
  expect(await imported(file, {}, there)).toMatchObject({ created: 1 });
  expect(await found({ fkId: '1' }, there)).toMatchObject({ firstName: 'N/A', lastName: '-' });
});

test('a formula of a text is the text, and a number that is shortened is refused', async () => {
  const file = [
    'Phone,Unique External ID,Other emails,Email,note',
    '"=""+4930100200""",text-1,b@help.example,a@help.example,"=""007"""',
    '+49 30 1234567 / 68,text-2,,,',
    '+49 30 1234567/68,text-3,,,',
    '+32 2/123.45.67,text-4,,,',
    '+33 4/72/12/34/56,text-5,,,',
  ];
  const job = await imported(file.join('\r\n'));
  expect(job).toMatchObject({ created: 3, rejected: 2 });
  const shortened = 'is two numbers of which one is shortened: write both in full, with a semicolon between them';
  expect(await rejectedOf(job)).toEqual([`3,phoneNumber,"${shortened}"`, `4,phoneNumber,"${shortened}"`]);
  const text = { phoneNumber: '+4930100200', email: 'a@help.example', context: '007' };
  expect(await found({ fkId: 'text-1' })).toMatchObject(text);
  expect(await found({ email: 'b@help.example' })).toMatchObject({ fkId: 'text-1' });
});

test('a number that has an extension, or that a spreadsheet has taken for a quantity, is refused in words for that', async () => {
  const extended = ['ext. 12', 'x12', '#12', ';ext=12', '(ext. 12)', 'Extension: 12', 'Durchwahl 5'];
  const cells = [
    ...extended.map((each) => `+49 30 100300 ${each}`),
    '491711234567.0',
    '+49 30 100300',
    '+49 30 100301 (ex)',
  ];
  const job = await imported(`Phone\tfkId\n${cells.map((cell, n) => `${cell}\textended-${n}\n`).join('')}`);
  expect(job).toMatchObject({ created: 2, rejected: extended.length + 1 });
  const report = await rejectedOf(job);
  for (const line of report.slice(0, -1)) expect(line).toMatch(/^\d,phoneNumber,"has an extension, .* without one"$/);
  expect(report.at(-1)).toMatch(/^9,phoneNumber,.* taken for a quantity: format the column as text/);
});

test('of a file in Windows’ encoding the rows that can be read are imported, and how to save the others is said', async () => {
  const rows = 'Vorname;Email\nAda;a@encoding.example\nJürgen;j@encoding.example\n';
  const job = await imported(Buffer.from(rows, 'latin1'));
  expect(job).toMatchObject({ state: 'DONE', created: 1, rejected: 1 });
  const how = 'save the file anew, in Excel as “CSV UTF-8 (Comma delimited)”, elsewhere with the encoding UTF-8';
  expect(await rejectedOf(job)).toEqual([`3,firstName,"has characters of another encoding than UTF-8: ${how}"`]);
});

test('a file whose names of columns cannot be read is refused, because nobody knows what is in them', async () => {
  const job = await imported(Buffer.from('Prénom;Email\nAda;ada@encoding.example\n', 'latin1'));
  expect(job).toMatchObject({ state: 'FAILED', created: 0, error: { code: 'UNPROCESSABLE' } });
  expect(job.error.detail).toMatch(/^The file’s first line has characters of another encoding .*“CSV UTF-8/);
  expect(await found({ email: 'ada@encoding.example' })).toBeNull();
});
