import { expect, test } from 'vitest';
import type { Viewer } from '../../src/auth/viewer.ts';
import type { TenantDatabase } from '../../src/database/database.ts';
import type { Loader } from '../../src/database/loaders.ts';
import { ResultLimit } from '../../src/errors/catalogue.ts';
import { createBudget } from '../../src/operations/budget.ts';
import { limits } from '../../src/operations/limits.ts';
import { type Below, type CountBelow, noPrice } from '../../src/operations/price.ts';
import { ResultSize } from '../../src/operations/result-size.ts';
import { Uncounted } from '../../src/schema/uncounted.ts';

const viewer = { scopes: new Set() } as unknown as Viewer;
const later = () => new Promise<void>((resolve) => setTimeout(resolve, 5));

/** Two long lists below one row each, of which one can have at most `max` rows, and how many are read at once. */
function twoLists(max: number, counted: Readonly<Record<string, { rows: number; bytes: number }>>) {
  const size = new ResultSize(createBudget(), null);
  const uncounted = new Uncounted(viewer, {} as TenantDatabase, size);
  let [reading, maxReading] = [0, 0];
  const lists = Object.entries(counted).map(([id, found], n) => {
    const count: CountBelow = () => later().then(() => found);
    const below: Below = { count, scope: undefined, by: 'id', args: {}, maxRowsPerParent: max, work: 1 };
    uncounted.add({ id }, { ...noPrice, below: [below] });
    const loader: Loader<string, number> = {
      lists: { counted: count, parentOf: (key) => key, short: async () => null },
      async load(_, keys) {
        maxReading = Math.max(maxReading, ++reading);
        await later();
        reading--;
        return keys.map(() => n);
      },
    };
    return { read: () => uncounted.read(loader, [id]) };
  });
  return { lists, size, maxReading: () => maxReading };
}

const everything = { rows: limits.work, bytes: 0 };
const half = { rows: limits.work / 2, bytes: 0 };

test('lists that fit together are read at once', async () => {
  const { lists, maxReading } = twoLists(Number.POSITIVE_INFINITY, { a: half, b: half });
  expect(await Promise.all(lists.map(({ read }) => read()))).toEqual([[0], [1]]);
  expect(maxReading()).toBe(2);
});

test('a list waits for one that may need its room, whose rows are then counted', async () => {
  // Each of them is less than may be below its row.
  const { lists, maxReading } = twoLists(limits.work * 0.7, { a: { rows: 5, bytes: 0 }, b: half });
  expect(await Promise.all(lists.map(({ read }) => read()))).toEqual([[0], [1]]);
  expect(maxReading()).toBe(1);
});

test('a list that waited has no room where what was read before has taken it', async () => {
  const { lists, size } = twoLists(limits.work * 0.7, { a: half, b: half });
  const place = { path: { prev: undefined, key: 'a', typename: undefined }, fieldNodes: [] };
  const first = lists[0]?.read().then(async (read) => {
    // The rows are counted some promises later.
    for (let n = 0; n < 5; n++) await null;
    return size.countLeaf(Array(limits.work * 0.7).fill(read), place);
  });
  const second = lists[1]?.read();
  await expect(second).rejects.toThrow(ResultLimit);
  expect(await first).toHaveLength(limits.work * 0.7);
});

test.each([
  ['rows', everything, everything],
  ['bytes', { rows: 1, bytes: limits.resultBytes }, { rows: 1, bytes: limits.resultBytes }],
])('lists that are counted at the same time do not take the same room, of %s', async (_, a, b) => {
  const { lists, maxReading } = twoLists(Number.POSITIVE_INFINITY, { a, b });
  expect(await Promise.all(lists.map(({ read }) => read()))).toEqual([[0], [1]]);
  expect(maxReading()).toBe(1);
});

test('a list that has no room alone is refused', async () => {
  const { lists } = twoLists(Number.POSITIVE_INFINITY, { a: { rows: limits.work + 1, bytes: 0 } });
  await expect(lists[0]?.read()).rejects.toThrow(ResultLimit);
});
