import { expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { idOfRow } from '../../src/transfer/one-by-one.ts';
import { createOverlaps } from '../../src/transfer/overlaps.ts';

test('earlier rows that name the same are found through others, too, and come in their order', () => {
  const rows = [['a', 'b'], ['alone'], ['b', 'c'], ['c', 'd'], ['d']];
  const overlaps = createOverlaps<string[]>((row) => row);
  for (const row of rows) overlaps.note(row);
  const [first = [], alone = [], second = [], third = [], last = []] = rows;
  for (const row of [first, alone, second, third]) overlaps.keep(row);
  expect(overlaps.before([last])).toEqual([first, second, third]);
  expect(overlaps.before([alone, ['unknown']])).toEqual([]);
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
