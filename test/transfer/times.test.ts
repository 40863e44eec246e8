import { expect, test } from 'vitest';
import { timeOf } from '../../src/transfer/remote.ts';
import { dataOf } from '../app.ts';
import { useAppAlone } from '../use-app.ts';
import { transfers } from './world.ts';

const service = useAppAlone({ IMPORT_WORKERS: '1', JOB_LEASE_MS: '2000' });
const { importedRows } = transfers(service);

const day = '2024-02-29T12:00:00.000Z';

test.each([
  [Date.parse(day), day],
  [Date.parse(day) / 1_000, day],
  [day, day],
  ['2024-02-29T13:00:00+01:00', day],
  [0, undefined],
  [-1, undefined],
  [Number.NaN, undefined],
  [1e300, undefined],
  [Date.now() + 86_400_000, undefined],
  ['yesterday', undefined],
  [null, undefined],
  [{}, undefined],
])('a face that tells %j as a time means %s', (given, expected) => {
  expect(timeOf(given)?.toISOString()).toBe(expected);
});

test('a file gives no row an age', async () => {
  for (const [kind, row, list] of [
    ['PARTICIPANTS', { displayName: 'Aged' }, 'participants { createdAt }'],
    ['CONVERSATIONS', { name: 'Aged' }, 'conversationsConnection { nodes { createdAt } }'],
    ['EXTERNAL_USERS', { fkId: 'aged' }, 'externalUsersConnection { nodes { createdAt } }'],
  ] as const) {
    const job = await importedRows(kind, [{ ...row, createdAt: day, created_at: day }]);
    expect(job).toMatchObject({ state: 'DONE', created: 1 });
    expect(JSON.stringify(dataOf(await service.tenant.graphql(`{ ${list} }`)))).not.toContain('2024');
  }
});
