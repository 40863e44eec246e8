import { expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { idOfRow } from '../../src/transfer/one-by-one.ts';
import { createOverlaps } from '../../src/transfer/overlaps.ts';

type Row = { line: number; keys: string[] };

/** The overlaps of rows with these keys. */
function overlapsOf(keys: readonly string[][], weight = 1) {
  const rows = keys.map((its, n) => ({ line: n + 1, keys: its }));
  const overlaps = createOverlaps<Row>({ keysOf: (row) => row.keys, weightOf: () => weight });
  for (const row of rows) overlaps.note(row);
  for (const row of rows) overlaps.keep(row);
  return { rows, overlaps };
}

const chain = [['a', 'b'], ['alone'], ['b', 'c'], ['c', 'd'], ['d', 'd']];

test('earlier rows that name the same are found through others, too, and come in their order', () => {
  const { rows, overlaps } = overlapsOf(chain);
  const [first, alone, second, third, last] = rows;
  expect(overlaps.before(rows.slice(4))).toEqual([first, second, third]);
  expect(overlaps.before(rows.slice(2, 3))).toEqual([first]);
  expect(overlaps.before([{ line: 9, keys: ['alone'] }])).toEqual([]);
  expect(overlaps.around(rows.slice(1, 3))).toEqual({ rows: [first, alone, second, third, last], cut: new Set() });
  expect(overlaps.around(rows.slice(1, 2))).toEqual({ rows: [alone], cut: new Set() });
  expect(overlaps.hasAny).toBe(true);
  expect(overlapsOf([['a', 'a'], ['b']]).overlaps.hasAny).toBe(false);
});

test('rows that hang together with too many are cut, and no others', () => {
  const { rows, overlaps } = overlapsOf(
    [...Array.from({ length: 5 }, () => ['many']), ['few'], ['few', 'more'], ['more']],
    1_000,
  );
  const { rows: around, cut } = overlaps.around(rows.filter(({ line }) => [1, 2, 6].includes(line)));
  expect(around.map(({ line }) => line)).toEqual([1, 2, 6, 7, 8]);
  expect([...cut]).toEqual([1, 2]);
});

test('rows that hang together with one that was not kept are cut', () => {
  const long = 'x'.repeat(30_000_000);
  const { rows, overlaps } = overlapsOf([['a'], ['b', `1${long}`], ['a', `2${long}`], ['b']]);
  expect(overlaps.around(rows).cut).toEqual(new Set([1, 3]));
});

test('the id of a row is the same for the same id in a file, or else for the same row', () => {
  const [here, there] = [newId(), newId()];
  const idOf = (fields: Record<string, unknown>, kind = 'PARTICIPANTS', tenantId = here) =>
    idOfRow(kind, { fields }, tenantId);
  expect(idOf({ id: here.toUpperCase() })).toBe(here);
  expect(new Set([7, '7', ' 7 '].map((id) => idOf({ id, displayName: 'Ada' }))).size).toBe(1);
  expect(idOf({ id: 7 })).toBe(idOf({ id: 7, displayName: 'Renamed' }));
  expect(idOf({ displayName: 'Ada', email: 'a' })).toBe(idOf({ email: 'a', displayName: 'Ada' }));
  const different = [
    idOf({ id: '7' }),
    idOf({ id: '8' }),
    idOf({ id: '7' }, 'CONVERSATIONS'),
    idOf({ id: '7' }, 'PARTICIPANTS', there),
    idOf({ displayName: 'Ada' }),
    idOf({ displayName: 'Ada' }, 'PARTICIPANTS', there),
  ];
  expect(new Set(different).size).toBe(different.length);
});
