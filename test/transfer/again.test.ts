import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Kind } from '../../src/transfer/fields.ts';
import type { Given } from '../../src/transfer/outcome.ts';
import { overlapsOf } from '../../src/transfer/write.ts';
import type { TestTenant } from '../app.ts';
import { useApp } from '../use-app.ts';
import { written } from './batches.ts';

const service = useApp({ IMPORT_WORKERS: '0' });
/** Imports a file with UPDATE, as a job does, in batches of that size. */
async function imported(tenant: TestTenant, rows: readonly Given[], size: number, kind: Kind = 'EXTERNAL_USERS') {
  const file = overlapsOf(kind, tenant.id);
  for (const row of rows) file.note(row);
  for (const row of rows) file.keep(row);
  return written(service, tenant, rows, { size, onConflict: 'UPDATE', kind, file });
}

const of = (tenant: TestTenant) => ({ where: { tenantId: tenant.id } });
const historyOf = (tenant: TestTenant) => service.app.database.prisma.historyEntry.count(of(tenant));

/** The tenant's users with their identifiers, without what is new each time. */
async function stored(tenant: TestTenant): Promise<string[]> {
  const users = await service.app.database.prisma.externalUser.findMany(of(tenant));
  const identifiers = await service.app.database.prisma.externalUserIdentifier.findMany(of(tenant));
  return users
    .map(({ tenantId: _, id, createdAt: __, modifiedAt: ___, ...user }) => {
      const own = identifiers
        .filter(({ externalUserId }) => externalUserId === id)
        .map(({ identifierKey, identifierValue, isPrimary }) => `${identifierKey} ${identifierValue} ${isPrimary}`);
      return JSON.stringify({ ...user, own: own.sort() });
    })
    .sort();
}

const maybe = <Value>(value: fc.Arbitrary<Value>, freq = 2) => fc.option(value, { nil: undefined, freq });
const email = fc.constantFrom('a@again.example', 'A@again.example', 'b@again.example', 'c@again.example');
const phone = fc.constantFrom('+14155550101', '+1 415 555 0102');
const other = fc.oneof(
  email.map((identifierValue) => ({ identifierKey: 'emailaddress', identifierValue })),
  phone.map((identifierValue) => ({ identifierKey: 'phonenumber', identifierValue })),
);
const fields = fc.record({
  firstName: maybe(fc.constantFrom('Ada', 'Bob', 'Cem')),
  source: maybe(fc.constantFrom('one', 'two')),
  email: maybe(email, 4),
  phoneNumber: maybe(phone),
  fkId: fc.option(fc.constantFrom('k1', 'k2'), { nil: undefined, freq: 1 }),
  otherIdentifiers: fc.option(fc.array(other, { minLength: 1, maxLength: 2 }), { nil: undefined, freq: 1 }),
  metadata: fc.option(fc.constantFrom({ plan: 'gold' }, { plan: 'lead' }, { crm: 1 }), { nil: undefined, freq: 1 }),
});
const asRows = (all: readonly object[]): Given[] =>
  all.map((each, n) => ({
    line: n + 2,
    fields: Object.fromEntries(Object.entries(each).filter(([, value]) => value !== undefined)),
  }));

test('the same file a second time updates nobody and writes no history, in batches of any size', {
  timeout: 180_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fields, { minLength: 2, maxLength: 12 }),
      fc.integer({ min: 1, max: 6 }),
      async (given, size) => {
        const rows = asRows(given);
        const [one, whole] = [await service.createTenant(), await service.createTenant()];
        const first = await imported(one, rows, size);
        const { created, rejected } = first;
        expect(await imported(whole, rows, rows.length)).toMatchObject({ created, rejected });
        const before = await stored(one);
        expect(await stored(whole)).toEqual(before);
        const entries = await historyOf(one);
        const again = await imported(one, rows, size);
        expect(again).toMatchObject({ created: 0, updated: 0 });
        expect(again.rejected.map(({ line }) => line)).toEqual(first.rejected.map(({ line }) => line));
        expect(await historyOf(one)).toBe(entries);
        expect(await stored(one)).toEqual(before);
      },
    ),
    { numRuns: 30 },
  );
});

test('rows about one participant, in batches of their own, change nothing the second time', async () => {
  const tenant = await service.createTenant();
  const rows = asRows([
    { id: '1', displayName: 'Ada' },
    { id: '2', displayName: 'Bob', email: 'bob@again.example' },
    { id: '1', displayName: 'Ada Berg' },
    { id: '2', kind: 'GROUP', displayName: 'Bob' },
    { id: '2', email: 'robert@again.example' },
  ]);
  for (const size of [1, 2, 5]) {
    const first = await imported(tenant, rows, size, 'PARTICIPANTS');
    expect(first).toMatchObject({ created: size === 1 ? 2 : 0, updated: size === 1 ? 2 : 0, rejected: [{ line: 5 }] });
    expect(await namesOf(tenant)).toEqual(['Ada Berg', 'Bob']);
  }
  expect(await historyOf(tenant)).toBe(4);
});

const namesOf = async (tenant: TestTenant) =>
  (await service.app.database.prisma.participant.findMany(of(tenant))).map(({ displayName }) => displayName).sort();

test('a row that somebody else has changed since is written again, and of one user all rows', async () => {
  const tenant = await service.createTenant();
  const rows = asRows([
    { email: 'a@again.example', firstName: 'Ada' },
    { email: 'b@again.example', firstName: 'Bob' },
    { email: 'b@again.example', firstName: 'Cem' },
    { email: 'a@again.example', firstName: 'Ada Maria' },
  ]);
  await imported(tenant, rows, 2);
  const { prisma } = service.app.database;
  await prisma.externalUser.updateMany({
    where: { tenantId: tenant.id, firstName: 'Cem' },
    data: { firstName: 'Dora' },
  });
  expect(await imported(tenant, rows, 2)).toMatchObject({ unchanged: 2, updated: 2 });
  expect((await stored(tenant)).map((row) => JSON.parse(row).firstName).sort()).toEqual(['Ada Maria', 'Cem']);
});

test('an address that the file has of a user stays beside the one that takes its place', async () => {
  const tenant = await service.createTenant();
  const [email, phoneNumber] = ['a@again.example', '+14155550101'];
  await imported(tenant, asRows([{ email: 'old@again.example', phoneNumber }]), 1);
  const rows = asRows([
    { email, phoneNumber },
    { email: 'b@again.example', phoneNumber },
    { email, firstName: 'Ada' },
  ]);
  expect(await imported(tenant, rows, 1)).toMatchObject({ created: 0, updated: 3 });
  const [user, ...others] = (await stored(tenant)).map((row) => JSON.parse(row));
  expect(others).toEqual([]);
  expect(user).toMatchObject({ email: 'b@again.example', firstName: 'Ada' });
  // The one from before the file is gone.
  expect(user.own).toEqual([
    'emailaddress a@again.example false',
    'emailaddress b@again.example true',
    'phonenumber +14155550101 true',
  ]);
});

test('rows that change nothing take no more statements for being one of several of the file', async () => {
  const tenant = await service.createTenant();
  const rows = asRows([1, 2, 3].flatMap((n) => [1, 2].map(() => ({ email: `${n}@again.example`, firstName: 'Ada' }))));
  await imported(tenant, rows, 6);
  const before = service.statements.length;
  expect(await imported(tenant, rows, 6)).toMatchObject({ unchanged: 6 });
  // The turn of the batch, who is there, and who of it is blocked: of the first rows, with those that come behind them.
  expect(service.statements.length - before).toBe(3);
});
