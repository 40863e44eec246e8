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
