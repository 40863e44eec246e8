import fc from 'fast-check';
import { expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import type { Given } from '../../src/transfer/outcome.ts';
import { dataOf, type TestTenant } from '../app.ts';
import { createParticipant } from '../factories.ts';
import { call } from '../merging/histories.ts';
import { useApp } from '../use-app.ts';
import { written } from './batches.ts';

const service = useApp({ IMPORT_WORKERS: '0' });
/** The tenant's users with their identifiers, without what is new each time. */
async function stored(tenant: TestTenant): Promise<string[]> {
  const where = { tenantId: tenant.id };
  const users = await service.app.database.prisma.externalUser.findMany({ where });
  const identifiers = await service.app.database.prisma.externalUserIdentifier.findMany({ where });
  return users
    .map(({ tenantId: _, id, createdAt: __, modifiedAt: ___, ...user }) => {
      const own = identifiers
        .filter(({ externalUserId }) => externalUserId === id)
        .map(({ identifierKey, identifierValue, isPrimary }) => `${identifierKey} ${identifierValue} ${isPrimary}`);
      return JSON.stringify({ ...user, id: givenIds.includes(id) ? id : null, own: own.sort() });
    })
    .sort();
}

const givenIds = [1, 2].map((n) => `01941f29-7fe8-7001-8000-00000000000${n}`);
const maybe = <Value>(of: fc.Arbitrary<Value>) => fc.option(of, { nil: undefined, freq: 2 });
const email = fc.constantFrom('a@sets.example', 'A@sets.example', 'b@sets.example', 'c@sets.example', 'no address');
const phone = fc.constantFrom('+14155550101', '+1 415 555 0102', '0102');
const fkId = fc.constantFrom('k1', 'k2', 'k3');
const other = fc.oneof(
  email.map((identifierValue) => ({ identifierKey: 'emailaddress', identifierValue })),
  fkId.map((identifierValue) => ({ identifierKey: 'fkid', identifierValue })),
);
const fields = fc.record({
  id: fc.option(fc.constantFrom(...givenIds), { nil: undefined, freq: 4 }),
  firstName: maybe(fc.constantFrom('Ada', 'Bob')),
  email: maybe(email),
  phoneNumber: fc.option(phone, { nil: undefined, freq: 4 }),
  fkId: maybe(fkId),
  otherIdentifiers: fc.option(fc.array(other, { minLength: 1, maxLength: 2 }), { nil: undefined, freq: 3 }),
  metadata: fc.option(fc.constantFrom({ plan: 'gold' }, { crm: 1 }), { nil: undefined, freq: 4 }),
});

test('rows that are written set by set leave what the same rows leave one by one, and the same report', {
  timeout: 180_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fields, { minLength: 2, maxLength: 14 }),
      fc.constantFrom('SKIP' as const, 'UPDATE' as const, 'FAIL' as const),
      fc.integer({ min: 2, max: 14 }),
      async (given, onConflict, size) => {
        const rows: Given[] = given.map((each, n) => ({
          line: n + 2,
          fields: Object.fromEntries(Object.entries(each).filter(([, value]) => value !== undefined)),
        }));
        const [one, other] = [await service.createTenant(), await service.createTenant()];
        const apart = await written(service, one, rows, { size: 1, onConflict });
        const inSets = await written(service, other, rows, { size, onConflict });
        expect(inSets).toEqual(apart);
        expect(await stored(other)).toEqual(await stored(one));
      },
    ),
    { numRuns: 25 },
  );
});

test('a row does not come before one that waits for a row of the same user which changes nothing', async () => {
  const tenant = await service.createTenant();
  const id = newId();
  const rows = [
    { id, fkId: 'kept', phoneNumber: '+14155550101' },
    { id, fkId: 'kept' },
    { id, source: 'earlier', fkId: 'kept' },
    { phoneNumber: '+14155550101', source: 'later' },
  ].map((fields, n) => ({ line: n + 2, fields }));
  await written(service, tenant, rows.slice(0, 1), { size: 1, onConflict: 'UPDATE' });
  expect(await written(service, tenant, rows.slice(1), { size: 3, onConflict: 'UPDATE' })).toMatchObject({
    unchanged: 1,
    updated: 2,
  });
  expect(JSON.parse((await stored(tenant))[0] ?? '{}')).toMatchObject({ source: 'later' });
});

test('rows of participants who have others merged into them take as many statements as rows of anybody else', async () => {
  const tenant = await service.createTenant();
  const create = () => createParticipant(tenant, { displayName: 'Same' });
  const [survivors, others] = [
    [await create(), await create()],
    [await create(), await create()],
  ];
  for (const intoId of survivors)
    dataOf(await call(tenant, 'mergeParticipants', { intoId, fromIds: [await create()] }, 'merge { id }'));
  const statementsOf = async (ids: readonly string[]) => {
    const rows = ids.map((id, n) => ({ line: n + 1, fields: { id, displayName: 'Same' } }));
    const before = service.statements.length;
    expect(
      await written(service, tenant, rows, { size: 10, onConflict: 'UPDATE', kind: 'PARTICIPANTS' }),
    ).toMatchObject({ unchanged: ids.length });
    return service.statements.slice(before);
  };
  // The turn of the batch, who of it is there, and what is stored of each row.
  expect(await statementsOf(others)).toHaveLength(4);
  expect(await statementsOf(survivors)).toHaveLength(4);
  expect(await statementsOf([...survivors, ...others])).toHaveLength(6);
});

test('only rows with a foreign key that is not the user’s own one ask what merges have brought, all in one statement', async () => {
  const tenant = await service.createTenant();
  const besides = (n: number) => ({ identifierKey: 'fkid', identifierValue: `beside-${n}` });
  const users = [1, 2].map((n) => ({ fkId: `own-${n}`, otherIdentifiers: [besides(n)] }));
  const given = (all: readonly object[]) => all.map((fields, n) => ({ line: n + 2, fields: { ...fields } }));
  await written(service, tenant, given(users), { size: 10, onConflict: 'UPDATE' });
  const statementsOf = async (rows: readonly object[]) => {
    const before = service.statements.length;
    expect(await written(service, tenant, given(rows), { size: 10, onConflict: 'UPDATE' })).toMatchObject({
      unchanged: 2,
    });
    return service.statements.slice(before);
  };
  // The turn of the batch, who of it is blocked, and who is there.
  expect(await statementsOf([{ fkId: 'own-1' }, { fkId: 'own-2' }])).toHaveLength(3);
  expect(await statementsOf([{ fkId: 'beside-1' }, { fkId: 'beside-2' }])).toHaveLength(4);
});

test('many rows that share an address with one user take few statements', async () => {
  const tenant = await service.createTenant();
  const rows = Array.from({ length: 200 }, (_, n) => ({
    line: n + 2,
    fields: { fkId: `k${n}`, email: 'info@company.example' },
  }));
  const before = service.statements.length;
  expect(await written(service, tenant, rows, { size: 200, onConflict: 'UPDATE' })).toMatchObject({
    created: 1,
    rejected: { length: 199 },
  });
  // Each wave asks who of it is blocked and who is there, and comes on by fifty rows.
  expect(service.statements.length - before).toBeLessThan(20);
});
