import { expect, test } from 'vitest';
import { sampleOf } from '../../console/src/screens/imports/sample.ts';

const table = async (text: string | Uint8Array<ArrayBuffer>) => {
  const { columns, rows } = await sampleOf(new File([text], 'people.csv'));
  return [columns, ...rows];
};

const people = [
  ['Name', 'Mail'],
  ['Ada, Countess', 'ada@example.com'],
];

test.each([
  ['commas', 'Name,Mail\n"Ada, Countess",ada@example.com\n'],
  ['semicolons and carriage returns', 'Name;Mail\rAda, Countess;ada@example.com\r'],
  ['tabs', 'Name\tMail\r\nAda, Countess\tada@example.com'],
  ['a line that names the delimiter', 'sep=;\r\nName;Mail\r\nAda, Countess;ada@example.com\r\n'],
  ['a quoted line that names another', '"sep=|"\nName|Mail\nAda, Countess|ada@example.com\n'],
  ['empty lines before', '\n \r\nName;Mail\nAda, Countess;ada@example.com\n'],
  ['names between blanks', ' Name , Mail \n"Ada, Countess",ada@example.com\n'],
  ['empty lines behind the line that names it', 'sep=;\n\n \r\nName;Mail\nAda, Countess;ada@example.com\n'],
  ['a byte order mark', '\ufeffName;Mail\nAda, Countess;ada@example.com\n'],
])('columns and rows are read from a table with %s', async (_, text) => {
  expect(await table(text)).toEqual(people);
});

test('UTF-16 is read, and an empty name of the first column is one', async () => {
  expect(await table(new Uint8Array(Buffer.from('\ufeff\tMail\n1\ta@example.com', 'utf16le')))).toEqual([
    ['', 'Mail'],
    ['1', 'a@example.com'],
  ]);
});

test('an empty file has no columns', async () => {
  expect(await table('')).toEqual([[]]);
});

test('UTF-16 of the other byte order is read', async () => {
  const bytes = Buffer.from('\ufeffName,Mail\n"Ada, Countess",ada@example.com', 'utf16le').swap16();
  expect(await table(new Uint8Array(bytes))).toEqual(people);
});

test('quotes are read in quotes, and a delimiter in a quoted name divides nothing', async () => {
  expect(await table('"Name; full; as said",Mail\n"Ada ""the"" Countess",\n')).toEqual([
    ['Name; full; as said', 'Mail'],
    ['Ada "the" Countess', ''],
  ]);
});

test('three rows of the beginning of a file are shown', async () => {
  expect(await table('Name\n1\n2\n3\n4\n')).toEqual([['Name'], ['1'], ['2'], ['3']]);
  const [, [cell] = []] = await table(`Name\n${'x'.repeat(200_000)}\n`);
  expect(cell?.length).toBeLessThan(70_000);
});

test.each(['people.ndjson', 'people.JSONL', 'people.json'])('%s is read as lines of JSON', async (name) => {
  const lines = ['{"name":"Ada","tags":{"a":1}}', '', '{"tags":2,"mail":null}', '{"late":1}'];
  expect(await sampleOf(new File([lines.join('\n')], name))).toEqual({
    format: 'NDJSON',
    columns: ['name', 'tags', 'mail'],
    rows: [
      ['Ada', '{"a":1}', ''],
      ['', '2', 'null'],
    ],
  });
});

test('a table is a table, though its name has JSON in it', async () => {
  expect(await sampleOf(new File(['a\n1\n'], 'json.csv'))).toMatchObject({ format: 'CSV', columns: ['a'] });
});
