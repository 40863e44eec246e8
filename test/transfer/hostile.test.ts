import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { type FileForm, type FileRow, rowsIn } from '../../src/transfer/records.ts';

const csv: FileForm = { kind: 'EXTERNAL_USERS', format: 'CSV', mapping: null };
const json: FileForm = { ...csv, format: 'NDJSON' };

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** The bytes that the process holds, garbage aside. */
function held(): number {
  collect();
  // V8 gives back the bytes of buffers in the background, and is done with it before it collects again.
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function read(form: FileForm, pieces: Iterable<Uint8Array>): Promise<FileRow[]> {
  const rows: FileRow[] = [];
  async function* slowly() {
    yield* pieces;
  }
  for await (const row of rowsIn(form, slowly())) rows.push(row);
  return rows;
}

/** A file with one line of 100 MB between two that are good. Calls `atItsEnd` when all of that line has been taken. */
function* large(before: string, after: string, atItsEnd: () => void) {
  yield Buffer.from(before);
  for (let n = 0; n < 100; n += 1) yield Buffer.alloc(1_000_000, 'x');
  atItsEnd();
  yield Buffer.from(after);
}

test.each([
  ['of values', csv, 'fkId\nfirst\n', '\nlast\n', 3],
  ['in quotes', csv, 'fkId\nfirst\n"', '"\nlast\n', 3],
  ['of JSON', json, '{"fkId":"first"}\n', '\n{"fkId":"last"}\n', 2],
] as const)(
  'one line %s of 100 MB is refused without being held, and the others are read',
  async (_, form, a, b, line) => {
    const before = held();
    let after = Number.NaN;
    const rows = await read(
      form,
      large(a, b, () => {
        after = held();
      }),
    );
    expect(rows).toEqual([
      { line: line - 1, fields: { fkId: 'first' } },
      { line, field: null, reason: 'is longer than 1000000 characters' },
      { line: line + 1, fields: { fkId: 'last' } },
    ]);
    // Streams hold some pieces of a megabyte at a time. Memory that V8 has not given back yet is not counted.
    expect(after - before).toBeLessThan(50_000_000);
  },
);

test.each([
  [
    'Latin-1 that says it is UTF-8',
    Buffer.from([0xef, 0xbb, 0xbf, ...Buffer.from('fkId,firstName\n1,Zo'), 0xeb, 0x0a]),
    'firstName',
  ],
  [
    'UTF-8 in which an odd byte is missing',
    Buffer.concat([Buffer.from('fkId,firstName\n1,Zo'), Buffer.from([0xc3]), Buffer.from('\n')]),
    'firstName',
  ],
])('of a file of %s the row is refused by its field', async (_, bytes, field) => {
  const rows = await read(csv, [bytes]);
  expect(rows).toEqual([
    { line: 2, field, reason: expect.stringMatching(/another encoding than UTF-8: .*“CSV UTF-8/) },
  ]);
});

test('a mark of UTF-8 before text in UTF-16 makes a file without a known column', async () => {
  const bytes = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('fkId\n1\n')]);
  await expect(read(csv, [bytes])).rejects.toMatchObject({ code: 'UNPROCESSABLE' });
});

test('a record of 10,000 cells is refused, and the next is read', async () => {
  const rows = await read(csv, [Buffer.from(`fkId,firstName\n${','.repeat(10_000)}\ngood,Ada\n`)]);
  expect(rows).toEqual([
    { line: 2, field: null, reason: 'has more than 1000 cells' },
    { line: 3, fields: { fkId: 'good', firstName: 'Ada' } },
  ]);
});

test('an encoding, a line end and a character may stand at the border of two pieces', async () => {
  const bytes = Buffer.from('fkId;firstName\r\n1;Zoë 👩‍💻\r\n2;"a\r\nb"\r\n');
  const whole = await read(csv, [bytes]);
  for (let at = 1; at < bytes.length; at += 1)
    expect(await read(csv, [bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole);
  expect(whole).toHaveLength(2);
});
