import { expect, test } from 'vitest';
import { identifiersIn } from '../../src/transfer/cells.ts';
import { dataOf } from '../app.ts';
import { useAppAlone } from '../use-app.ts';
import { transfers } from './world.ts';

const service = useAppAlone({ IMPORT_WORKERS: '1', JOB_LEASE_MS: '2000' });
const { imported, importedRows, rejectedOf, exported, found } = transfers(service);

const values = (field: string, cell: string) =>
  identifiersIn(field, cell)?.map(({ identifierValue }) => identifierValue) ?? null;

test.each([
  ['email', 'ada@x.example', ['ada@x.example']],
  ['email', 'a/b|c@x.example', ['a/b|c@x.example']],
  ['email', 'mailto:ada@x.example', ['ada@x.example']],
  ['email', 'Ada Berg <ada@x.example>', ['ada@x.example']],
  ['email', 'Berg, Ada <ada@x.example>; bob@x.example', ['ada@x.example', 'bob@x.example']],
  ['email', 'ada@x.example bob@x.example', ['ada@x.example', 'bob@x.example']],
  ['email', 'ada@x.example,\nmailto:bob@x.example', ['ada@x.example', 'bob@x.example']],
  ['email', 'ada@x.example / bob@x.example', ['ada@x.example', 'bob@x.example']],
  ['email', 'ada@x.example/bob@x.example', ['ada@x.example', 'bob@x.example']],
  ['email', 'a/b@x.example; c/d@x.example', ['a/b@x.example', 'c/d@x.example']],
  ['email', 'none', ['none']],
  ['email', "'ada@x.example'", ['ada@x.example']],
  ['email', "'ada@x.example'; 'bob@x.example'", ['ada@x.example', 'bob@x.example']],
  ['email', "o'hara@x.example", ["o'hara@x.example"]],
  ['email', '"Berg, Ada" <ada@x.example>', ['ada@x.example']],
  ['email', '"Berg, Ada" <ada@x.example>; "Lee, Bob" <bob@x.example>', ['ada@x.example', 'bob@x.example']],
  ['email', 'Ada <ada@x.example> Bob <bob@x.example>', ['ada@x.example', 'bob@x.example']],
  ['email', 'ada@x.example and bob@x.example & cem@x.example', ['ada@x.example', 'bob@x.example', 'cem@x.example']],
  ['email', 'rock and roll ada@x.example', ['ada@x.example']],
  ['email', 'ada@x.example. ', ['ada@x.example']],
  ['email', 'ada@x,example', ['ada@x,example']],
  ['email', 'ada@here, bob@x.example', ['ada@here', 'bob@x.example']],
  ['email', '“ada@x.example”', ['ada@x.example']],
  ['phoneNumber', '+49 30 / 123456', ['+49 30 / 123456']],
  ['phoneNumber', '+1 415 555 0100/+1 415 555 0101', ['+1 415 555 0100', '+1 415 555 0101']],
  ['phoneNumber', '+1 415 555 0100  +1 415 555 0101', ['+1 415 555 0100', '+1 415 555 0101']],
  ['phoneNumber', '+1 415 555 0100 und 0049 30 123456', ['+1 415 555 0100', '0049 30 123456']],
  ['phoneNumber', 'Tel. +49 30 123456 (Büro)', ['+49 30 123456']],
  ['phoneNumber', 'fax: +49 30 123456', ['fax: +49 30 123456']],
  ['phoneNumber', '+49 30 123456 (ext. 12)', ['+49 30 123456 (ext. 12)']],
  ['phoneNumber', 'https://wa.me/14155550100', ['+14155550100']],
  ['phoneNumber', '+1 415 555 0100; +1 415 555 0101', ['+1 415 555 0100', '+1 415 555 0101']],
  ['phoneNumber', '+1 415 555 0100 / +1 415 555 0101', ['+1 415 555 0100', '+1 415 555 0101']],
  ['phoneNumber', '+1 415 555 0100 or\n(0415) 555', ['+1 415 555 0100', '(0415) 555']],
  ['phoneNumber', 'unknown', ['unknown']],
  ['fkId', 'a;b', null],
])('in a cell of %s %j are %j', (field, cell, expected) => {
  expect(values(field, cell)).toEqual(expected);
});

// A spreadsheet of a help desk: rows of these forms, over and over.
const forms: readonly ((n: number) => { row: string; refused?: string })[] = [
  (n) => ({ row: `Ada Berg ${n};a${n}@messy.example;+49 30 ${1_000_000 + n};;` }),
  (n) => ({ row: `"Berg, Bea ${n}";" B${n}@Messy.example ";;;` }),
  (n) => ({ row: `Cem ${n};mailto:c${n}@messy.example;"+49 30 ${2_000_000 + n}; +49 30 ${3_000_000 + n}";;` }),
  () => ({ row: ';;;;' }),
  (n) => ({ row: `Dora ${n};;030 ${4_000_000 + n};;`, refused: 'phoneNumber' }),
  (n) => ({ row: `Emil ${n};e${n}@messy.example;"+49 30 ${5_000_000 + n} ; 0171";;`, refused: 'phoneNumber' }),
  (n) => ({ row: `Ada B. ${n};A${n}@MESSY.example;;;` }),
  () => ({ row: '' }),
  (n) => ({ row: `Fay ${n};fay at messy;;;`, refused: 'email' }),
  (n) => ({ row: `Gil ${n};;;"called\r\ntwice; no number";`, refused: '' }),
  (n) => ({ row: `Hana ${n};Hana <h${n}@messy.example>, h${n}@home.example;;;;;;;` }),
];

test('of a messy spreadsheet every row is imported, or in the report with its line and its column', async () => {
  const lines: string[] = ['Customer NAME;e-MAIL;Telephone;Notes;'];
  const expected: string[] = [];
  let line = 2;
  const rows = 8;
  for (let n = 0; n < rows; n += 1)
    for (const form of forms) {
      const { row, refused } = form(n);
      if (refused !== undefined) expected.push(`${line},${refused}`);
      lines.push(row);
      line += row.split('\r\n').length;
    }
  // It begins with empty lines, and its last one has no end.
  const job = await imported(`\ufeff\r\n;;;;\r\n${lines.join('\r\n')}`, { onConflict: 'UPDATE' });
  expect(job).toMatchObject({ state: 'DONE', created: 4 * rows, updated: rows, rejected: 4 * rows });
  const report = await rejectedOf(job);
  expect(report.map((each) => each.split(',').slice(0, 2).join(','))).toEqual(
    expected.map((each) => each.replace(/^\d+/, (number) => String(Number(number) + 2))),
  );
  expect(report.join('\n')).toMatch(/must be an international telephone number, for example \+14155550100/);
  expect(await found({ email: 'A1@messy.example' })).toMatchObject({ firstName: 'Ada B.', lastName: '1' });
  const { externalUser } = dataOf(
    await service.tenant.graphql('query ($id: ID!) { externalUser(id: $id) { identifiers { identifierValue } } }', {
      id: (await found({ phoneNumber: '+49303000002' })).id,
    }),
  );
  const identifiers = externalUser.identifiers.map(
    ({ identifierValue }: { identifierValue: string }) => identifierValue,
  );
  expect(identifiers.sort()).toEqual(['+49302000002', '+49303000002', 'c2@messy.example']);
});

test('a title above the names of the columns is said to be no known column', async () => {
  const job = await imported('Contacts of 2026\r\n\r\nName,E-Mail\r\nAda,ada@title.example\r\n');
  expect(job).toMatchObject({ state: 'FAILED', error: { code: 'UNPROCESSABLE' } });
  expect(job.error.detail).toMatch(/No column of the file is known/);
});

test.each([';', ',', '\t', '|'])('a first line that says sep=%s names the delimiter, as Excel has it', async (sep) => {
  const mark = sep.charCodeAt(0);
  const rows = [`E-Mail${sep}Vorname`, `s${mark}@sep.example${sep}"A, B; C | D"`, `nobody${sep}`];
  const job = await imported(`\ufeffSEP=${sep}\r\n${rows.join('\r\n')}`);
  expect(job).toMatchObject({ state: 'DONE', created: 1, rejected: 1 });
  expect((await rejectedOf(job))[0]).toMatch(/^4,email/);
  expect(await found({ email: `s${mark}@sep.example` })).toMatchObject({ firstName: 'A, B; C | D' });
});

test.each([
  ['nothing but a mark', '\ufeff', /empty/],
  ['empty lines', '\r\n\r\n;;;\r\n', /empty/],
  ['nothing but its delimiter', 'sep=;\r\n', /empty/],
  ['a spreadsheet of before 2007', Buffer.from('d0cf11e0a1b11ae1', 'hex'), /save it as CSV/],
])('a file of %s is refused', async (_, content, detail) => {
  const { state, error } = await imported(content);
  expect({ state, error }).toEqual({
    state: 'FAILED',
    error: { code: 'UNPROCESSABLE', detail: expect.stringMatching(detail) },
  });
});

test('a telephone number that was taken for a quantity becomes nobody’s number', async () => {
  const cells = ['4.9E+11', '"4,9E+11"', '491711234567.0', '+491711234567.0', '+491711234567.00'];
  const job = await imported(`phone,fkId\n${cells.map((cell, n) => `${cell},quantity-${n}`).join('\n')}\n`);
  expect(job).toMatchObject({ state: 'DONE', created: 0, rejected: 5 });
  for (const line of await rejectedOf(job)) expect(line).toMatch(/^\d,phoneNumber,/);
  expect(await found({ phoneNumber: '+49.171.1234560' })).toBeNull();
});

test('several columns of addresses or numbers are identifiers of one user, and the first one with a value is primary', async () => {
  const header = 'Email,Phone,E-Mail,Mobile,email';
  const rows = [
    'a@columns.example,+49301110000,b@columns.example; a@columns.example,+49302220000,',
    ',,,+49303330000,c@columns.example',
    'd@columns.example,,not an address,,',
  ];
  for (const mapping of [null, { email: 'EMAIL', phoneNumber: 'MOBILE' }]) {
    const job = await imported([header, ...rows].join('\n'), { mapping, onConflict: 'UPDATE' });
    expect(await rejectedOf(job)).toEqual([expect.stringMatching(/^4,email,/)]);
  }
  const identifiersOf = async (by: object) => {
    const { externalUser } = dataOf(
      await service.tenant.graphql(
        'query ($id: ID!) { externalUser(id: $id) { identifiers { identifierValue primary } } }',
        { id: (await found(by)).id },
      ),
    );
    return externalUser.identifiers
      .map(
        (each: { identifierValue: string; primary: boolean }) => `${each.identifierValue}${each.primary ? ' *' : ''}`,
      )
      .sort();
  };
  expect(await identifiersOf({ email: 'b@columns.example' })).toEqual([
    '+49301110000 *',
    '+49302220000',
    'a@columns.example *',
    'b@columns.example',
  ]);
  expect(await identifiersOf({ phoneNumber: '+49303330000' })).toEqual(['+49303330000 *', 'c@columns.example *']);
});

test.each([
  ['EXTERNAL_USERS', 'fkId,Notes,NOTES', null, 'Notes'],
  ['EXTERNAL_USERS', 'fkId,metadata.plan,metadata.plan', null, 'metadata.plan'],
  ['EXTERNAL_USERS', 'Key,Key,x', { fkId: 'key' }, 'Key'],
  ['PARTICIPANTS', 'displayName,email,email', null, 'email'],
])('%s with the columns %s are refused, because one of them would not be read', async (kind, header, mapping, name) => {
  const job = await imported(`${header}\na,b,c\n`, { kind, mapping });
  expect(job).toMatchObject({ state: 'FAILED', error: { code: 'UNPROCESSABLE' } });
  expect(job.error.detail).toContain(`Several columns of the file are called ${name},`);
});

test('columns of one field with different names are one: the name of the field itself comes first', async () => {
  expect(await imported('comment,context,fkId\nnot read,read,names-1\n')).toMatchObject({ created: 1 });
  expect(await found({ fkId: 'names-1' })).toMatchObject({ context: 'read' });
});

test('a name that is broken in its cell is one line, and the same file again changes nothing', async () => {
  const file = 'firstName,lastName,email,context\r\n"Ada\r\nMaria","King\nNoel",broken@messy.example,"a\r\nb"\r\n';
  expect(await imported(file)).toMatchObject({ created: 1, rejected: 0 });
  expect(await found({ email: 'broken@messy.example' })).toMatchObject({
    firstName: 'Ada Maria',
    lastName: 'King Noel',
    context: 'a\r\nb',
  });
  expect(await imported(file, { onConflict: 'UPDATE' })).toMatchObject({ unchanged: 1 });
});

test.each([
  ['Berg, Ada', 'Ada', 'Berg'],
  ['von der Leyen, Heinz-Günther', 'Heinz-Günther', 'von der Leyen'],
  ['Acme, Inc.', 'Acme, Inc.', null],
  ['Berg, Ada, Dr.', 'Berg, Ada,', 'Dr.'],
  ['Ada Berg,', 'Ada', 'Berg,'],
  ['王小明', '王小明', null],
])('the name %s has a first and a last one', async (name, firstName, lastName) => {
  const fkId = `name of ${name}`;
  expect(await imported(`Name\tKundennummer\n${name}\t${fkId}\n`)).toMatchObject({ created: 1 });
  expect(await found({ fkId })).toMatchObject({ firstName, lastName });
});

const spreadsheets = ['N/A', '-', '–', 'null', '#N/A', '#REF!', '#DIV/0!'];
const nothings = [...spreadsheets, 'None', 'NaN', 'n.a.', 'Unknown', 'undefined', '?', '(blank)'];

test('words for nothing are no identifiers, so rows that have them are different people', async () => {
  const rows = nothings.map((word, n) => `${word};person-${n}@nothing.example;${word}`);
  const file = `Kunden-Nr.;E-Mail-Adresse;Mobil\n${rows.join('\n')}\nN/A;-;null\n`;
  const job = await imported(file, { onConflict: 'UPDATE' });
  expect(job).toMatchObject({ created: nothings.length, updated: 0, rejected: 1 });
  expect(await rejectedOf(job)).toEqual([
    `${nothings.length + 2},,"must have at least one of email, phoneNumber, fkId"`,
  ]);
});

test('a foreign key that is a word for nothing is exported and imported without a loss', async () => {
  const [here, there] = [await service.createTenant(), await service.createTenant()];
  const users = [...nothings, "'N/A", "''null", "'quoted'", '  ', "' ", '\u3000', '4.1E+11', "'4,1E+11"].map(
    (fkId) => ({
      fkId,
      context: fkId,
    }),
  );
  await importedRows('EXTERNAL_USERS', users, {}, here);
  const file = await exported('EXTERNAL_USERS', 'CSV', here);
  expect(await imported(file, {}, there)).toMatchObject({ created: users.length, rejected: 0 });
  for (const user of users) expect(await found({ fkId: user.fkId }, there)).toMatchObject(user);
});

test.each(['4.91512E+11', '4,91512E+11', '4E11', "''4.91512E+11", 'tel:4.91512 E+11', '4.91512×10^11', '4915E8'])(
  'that %s was rounded is said',
  async (cell) => {
    const job = await imported(`phone;fkId\n${cell};rounded\n`);
    expect(await rejectedOf(job)).toEqual([expect.stringMatching(/^2,phoneNumber,.*a spreadsheet has rounded/)]);
  },
);

test('a key that was rounded is nobody’s, and one that looks a little like it is somebody’s', async () => {
  const job = await imported('fkId;fkUserId\n4.12346E+11;a\n1E+12;b\n12E4;c\nk1;4,1E+11\n4.1E+1;d\n');
  expect(job).toMatchObject({ created: 2, rejected: 3 });
  expect(await rejectedOf(job)).toEqual([
    expect.stringMatching(/^2,fkId,.*a spreadsheet has rounded/),
    expect.stringMatching(/^3,fkId,.*a spreadsheet has rounded/),
    expect.stringMatching(/^5,fkUserId,.*a spreadsheet has rounded/),
  ]);
});

test('a row with more values than columns is refused: one of them was divided', async () => {
  const job = await imported(
    'firstName,email,context\nAda,cut1@wide.example,Hello, world\nAda,cut2@wide.example,x,,\n',
  );
  expect(job).toMatchObject({ created: 1, rejected: 1 });
  expect(await rejectedOf(job)).toEqual([expect.stringMatching(/^2,,"has 4 cells, the first line 3: .* quotes"/)]);
  expect(await found({ email: 'cut1@wide.example' })).toBeNull();
});

test.each(['Adresse e-mail', 'E-posta', 'Courriel', 'Correo electrónico'])(
  'the column %s is of addresses',
  async (name) => {
    const email = `${Buffer.from(name).toString('hex')}@column.example`;
    await imported(`${name},Mobile No.\n${email},+49 1512 3456789\n`, { onConflict: 'UPDATE' });
    expect(await found({ email })).not.toBeNull();
  },
);
