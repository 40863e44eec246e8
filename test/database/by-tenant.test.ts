import { expect, test } from 'vitest';
import { sweepByTenant } from '../../src/database/by-tenant.ts';

const rows = [{ tenantId: 'a' }, { tenantId: 'b' }, { tenantId: 'a' }];

test('a sweep goes on while it finds as many as it asked for, and takes any', async () => {
  const taken: [string, number][] = [];
  const found = [rows, rows, []];
  await sweepByTenant(
    3,
    async () => found.shift() ?? [],
    async (tenantId, { length }) => {
      taken.push([tenantId, length]);
      return length;
    },
  );
  expect(taken).toEqual([
    ['a', 2],
    ['b', 1],
    ['a', 2],
    ['b', 1],
  ]);
});

test('a sweep ends where another replica has all that it finds', async () => {
  let reads = 0;
  await sweepByTenant(
    3,
    async () => {
      reads += 1;
      if (reads > 1) throw new Error('It read the same again.');
      return rows;
    },
    async () => 0,
  );
  expect(reads).toBe(1);
});

test('a sweep that is stopped takes nothing of the next tenant', async () => {
  const taken: string[] = [];
  await sweepByTenant(
    3,
    async () => rows,
    async (tenantId, { length }) => {
      taken.push(tenantId);
      return length;
    },
    () => taken.length > 0,
  );
  expect(taken).toEqual(['a']);
});

test('a tenant whose rows cannot be taken keeps none of the others waiting', async () => {
  const taken: string[] = [];
  const found = [rows, rows, []];
  const sweep = sweepByTenant(
    3,
    async () => found.shift() ?? [],
    async (tenantId, { length }) => {
      if (tenantId === 'a') throw new Error('It has an index that is broken.');
      taken.push(tenantId);
      return length;
    },
  );
  await expect(sweep).rejects.toThrow('the work of tenants failed 2 times');
  expect([taken, found]).toEqual([['b', 'b'], []]);
});
