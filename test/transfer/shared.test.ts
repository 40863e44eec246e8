import { expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { dataOf, type TestTenant } from '../app.ts';
import { call, undo } from '../merging/histories.ts';
import { allRows } from '../merging/invariants.ts';
import { useAppAlone } from '../use-app.ts';
import { comesAgain } from './merged-rows.ts';
import { transfers } from './world.ts';

const service = useAppAlone({ IMPORT_WORKERS: '1', JOB_LEASE_MS: '2000' });
const { imported, importedRows, rejectedOf, found } = transfers(service);

const ofAnother = 'is that of an external user with another foreign key: leave it out of this row';
const ofAnyOther = 'is another external user’s: leave it out of this row';

const people = async (of: TestTenant) => {
  const { external_user: users, external_user_identifier: identifiers } = await allRows(service, of);
  return { users, identifiers };
};

test.each([
  { onConflict: 'UPDATE', order: ['A', 'B'] },
  { onConflict: 'UPDATE', order: ['B', 'A'] },
  { onConflict: 'SKIP', order: ['A', 'B'] },
  { onConflict: 'FAIL', order: ['B', 'A'] },
])('of two new people with one address the later one is refused: $onConflict $order', async ({ onConflict, order }) => {
  const of = await service.createTenant();
  const rows = order.map((fkId) => `${fkId},Name ${fkId},info@company.example\n`);
  const file = `fkId,firstName,email\n${rows.join('')}C,Name C,c@company.example\n`;
  for (const dryRun of [true, false]) {
    const job = await imported(file, { onConflict, dryRun }, of);
    expect(job).toMatchObject({ state: 'DONE', created: 2, updated: 0, unchanged: 0, rejected: 1 });
    expect(await rejectedOf(job)).toEqual([`3,email,${ofAnother}`]);
  }
  const first = { fkId: order[0], firstName: `Name ${order[0]}` };
  expect(await found({ email: 'info@company.example' }, of)).toMatchObject(first);
  const before = await people(of);
  const again = await imported(file, { onConflict }, of);
  expect(again).toMatchObject(onConflict === 'FAIL' ? { rejected: 3 } : { unchanged: 2, rejected: 1 });
  expect((await rejectedOf(again)).at(onConflict === 'FAIL' ? 1 : 0)).toBe(`3,email,${ofAnother}`);
  // In another order, too.
  await imported(file.replace(rows.join(''), rows.toReversed().join('')), { onConflict }, of);
  expect(await people(of)).toEqual(before);
});

test('the column that has what another user has is named', async () => {
  const of = await service.createTenant();
  const rows = [
    { fkId: 'A', firstName: 'A', email: 'a@company.example', phoneNumber: '+14155550100' },
    { fkId: 'B', firstName: 'B' },
  ];
  await importedRows('EXTERNAL_USERS', rows, {}, of);
  const before = await people(of);
  const number = { identifierKey: 'phonenumber', identifierValue: '+1 415 555 0100' };
  const own = { identifierKey: 'emailaddress', identifierValue: 'own@company.example' };
  const refused = [
    { fkId: 'C', firstName: 'C', phoneNumber: '(415) 555-0100', email: 'c@company.example' },
    { fkId: 'C', firstName: 'C', phoneNumber: '+14155550100', email: 'c@company.example' },
    { fkId: 'C', firstName: 'C', otherIdentifiers: [own, number] },
    // Who is there already does not get the other's.
    { fkId: 'B', firstName: 'Changed', email: 'A@company.example' },
    { fkId: 'B', firstName: 'Changed', otherIdentifiers: [own, number] },
    // Either may be meant.
    { fkId: 'A', otherIdentifiers: [{ identifierKey: 'fkid', identifierValue: 'B' }] },
  ];
  const job = await importedRows('EXTERNAL_USERS', refused, { onConflict: 'UPDATE' }, of);
  expect((await rejectedOf(job)).slice(1)).toEqual([
    `2,phoneNumber,${ofAnother}`,
    `3,otherIdentifiers.1.identifierValue,${ofAnother}`,
    `4,email,${ofAnyOther}`,
    `5,otherIdentifiers.1.identifierValue,${ofAnyOther}`,
    '6,,has identifiers of several external users',
  ]);
  expect(await people(of)).toEqual(before);
  // One of several in a cell.
  const cells = await imported('fkId,email\nC,c@company.example; a@company.example\n', { onConflict: 'UPDATE' }, of);
  expect(await rejectedOf(cells)).toEqual([`2,email,${ofAnother}`]);
});

test('a row is of the user with its address where nothing says that it is another person', async () => {
  const of = await service.createTenant();
  const [a, b] = [newId(), newId()];
  const rows = [
    { id: a, fkId: 'A', email: 'a@company.example' },
    { id: b, email: 'b@company.example' },
  ];
  await importedRows('EXTERNAL_USERS', rows, {}, of);
  const more = { identifierKey: 'fkid', identifierValue: 'A2' };
  const input = { externalUserId: a, ...more };
  dataOf(await call(of, 'addExternalUserIdentifier', input, 'created'));
  const taken = [
    // Without a foreign key, by one beside the user's own, and for a user who has none.
    { email: 'a@company.example', source: 'one' },
    { fkId: 'A2', email: 'a@company.example', context: 'two' },
    { fkId: 'B', email: 'b@company.example', source: 'three' },
    // By its id a user gets another foreign key.
    { id: b, fkId: 'B2', email: 'b@company.example', context: 'four' },
  ];
  const job = await importedRows('EXTERNAL_USERS', taken, { onConflict: 'UPDATE' }, of);
  expect(job).toMatchObject({ updated: 4, rejected: 0 });
  expect(await found({ fkId: 'A' }, of)).toMatchObject({ id: a, source: 'one', context: 'two' });
  expect(await found({ fkId: 'B2' }, of)).toMatchObject({ id: b, source: 'three', context: 'four' });
});

/** Two users of a tenant of their own: the second is merged into the first. */
async function merged(survivor: object, other: object) {
  const of = await service.createTenant();
  const [kept, gone] = [newId(), newId()];
  const rows = [
    { id: kept, ...survivor },
    { id: gone, ...other },
  ];
  await importedRows('EXTERNAL_USERS', rows, {}, of);
  const input = { intoId: kept, fromIds: [gone] };
  const { merge } = dataOf(await call(of, 'mergeExternalUsers', input, 'merge { id }')).mergeExternalUsers;
  return { of, kept, gone, mergeId: merge.id as string };
}

test.each(comesAgain('fkId'))(
  'a row with the foreign key of who was merged leaves the survivor as it is: $onConflict $order',
  async ({ onConflict, order, refused }) => {
    const byName = {
      kept: { fkId: 'kept', firstName: 'Kept', email: 'kept@example.com' },
      gone: { fkId: 'gone', firstName: 'Gone', email: 'gone@example.com', source: 'gone' },
    };
    const { of, mergeId } = await merged(byName.kept, byName.gone);
    const before = await people(of);
    // Without ids, and changed since: as the system that they come from has them.
    const rows = order.map((name) => byName[name as 'kept' | 'gone']);
    const changed = rows.map((row) => (row === byName.gone ? { ...row, firstName: 'New', context: 'new' } : row));
    for (const dryRun of [true, false]) {
      const job = await importedRows('EXTERNAL_USERS', changed, { onConflict, dryRun }, of);
      const counts = { created: 0, updated: 0, unchanged: 2 - refused.length, rejected: refused.length };
      expect(job).toMatchObject({ state: 'DONE', ...counts });
      expect(await rejectedOf(job)).toEqual(refused);
    }
    expect(await people(of)).toEqual(before);
    dataOf(await undo(of, mergeId));
    expect(await importedRows('EXTERNAL_USERS', changed, { onConflict: 'UPDATE' }, of)).toMatchObject({ updated: 1 });
    expect(await found({ fkId: 'gone' }, of)).toMatchObject({ firstName: 'New' });
  },
);

test('a row of the survivor may have the foreign keys of those who were merged into it', async () => {
  const { of, kept } = await merged({ fkId: 'kept' }, { fkId: 'gone' });
  const theirs = { identifierKey: 'fkid', identifierValue: 'gone' };
  const own = { identifierKey: 'fkid', identifierValue: 'own' };
  dataOf(await call(of, 'addExternalUserIdentifier', { externalUserId: kept, ...own }, 'created'));
  const rows = [
    { fkId: 'kept', otherIdentifiers: [theirs], source: 'by its own' },
    { id: kept, fkId: 'gone', context: 'by its id' },
    { fkId: 'gone', otherIdentifiers: [own], firstName: 'By another of its own' },
  ];
  const job = await importedRows('EXTERNAL_USERS', rows, { onConflict: 'UPDATE' }, of);
  expect(job).toMatchObject({ updated: 3 });
  const all = { fkId: 'kept', source: 'by its own', context: 'by its id', firstName: 'By another of its own' };
  expect(await found({ fkId: 'gone' }, of)).toMatchObject(all);
});

test('the foreign key that a merge has brought to who had none is the survivor’s own', async () => {
  const { of, kept } = await merged({ email: 'kept@example.com' }, { fkId: 'gone' });
  const row = { fkId: 'gone', source: 'the customers’ system' };
  expect(await importedRows('EXTERNAL_USERS', [row], { onConflict: 'UPDATE' }, of)).toMatchObject({ updated: 1 });
  expect(await found({ fkId: 'gone' }, of)).toMatchObject({ id: kept, ...row });
  // With another one of its own it is that of who was merged.
  dataOf(await call(of, 'updateExternalUser', { externalUserId: kept, fkId: 'new' }, 'externalUser { id }'));
  const later = { ...row, source: 'later' };
  expect(await importedRows('EXTERNAL_USERS', [later], { onConflict: 'UPDATE' }, of)).toMatchObject({ unchanged: 1 });
});

test('a merge of participants says nothing of external users with the same ids', async () => {
  const of = await service.createTenant();
  const [kept, gone] = [newId(), newId()];
  const row = (id: string) => ({ id, displayName: 'Same' });
  await importedRows('PARTICIPANTS', [row(kept), row(gone)], {}, of);
  dataOf(await call(of, 'mergeParticipants', { intoId: kept, fromIds: [gone] }, 'merge { id }'));
  await importedRows('EXTERNAL_USERS', [{ id: kept, fkId: 'kept' }], {}, of);
  const job = await importedRows('EXTERNAL_USERS', [{ id: gone, fkId: 'gone' }], { onConflict: 'UPDATE' }, of);
  expect(job).toMatchObject({ created: 1, unchanged: 0 });
});
