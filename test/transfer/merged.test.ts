import { expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { dataOf, type Untyped } from '../app.ts';
import { createConfig } from '../factories.ts';
import { call, undo } from '../merging/histories.ts';
import { allRows, demandInvariants } from '../merging/invariants.ts';
import { useAppAlone } from '../use-app.ts';
import { comesAgain } from './merged-rows.ts';
import { transfers } from './world.ts';

const service = useAppAlone({ IMPORT_WORKERS: '1', JOB_LEASE_MS: '2000' });
const { importedRows, rejectedOf, found } = transfers(service);

const ids = async (of: typeof service.tenant): Promise<string[]> =>
  dataOf(await of.graphql('{ participants { id } }')).participants.map(({ id }: { id: string }) => id);

test.each(['SKIP', 'UPDATE', 'FAIL'])(
  'a file whose participants were merged since brings nobody back, with %s',
  async (onConflict) => {
    const of = await service.createTenant();
    const config = await createConfig(of, 'slack');
    const channel = (address: string) => [{ integrationConfigId: config, address }];
    const rows = [
      { id: 'kept', displayName: 'Kept', email: 'kept@example.com', channels: channel('U1') },
      { id: 'gone', displayName: 'Gone', email: 'gone@example.com', channels: channel('U2') },
    ];
    expect(await importedRows('PARTICIPANTS', rows, {}, of)).toMatchObject({ created: 2 });
    const { participants } = dataOf(await of.graphql('{ participants { id displayName } }'));
    const idOf = (name: string) => participants.find((each: { displayName: string }) => each.displayName === name).id;
    const input = { intoId: idOf('Kept'), fromIds: [idOf('Gone')] };
    const { merge } = dataOf(await call(of, 'mergeParticipants', input, 'merge { id }')).mergeParticipants;
    const before = await allRows(service, of);
    const again = await importedRows('PARTICIPANTS', rows, { onConflict }, of);
    expect(again).toMatchObject({ state: 'DONE', created: 0, updated: 0 });
    expect(await ids(of)).toEqual([idOf('Kept')]);
    const after = await allRows(service, of);
    for (const table of ['participant', 'channel', 'merged_id', 'merge']) expect(after[table]).toEqual(before[table]);
    expect(dataOf(await undo(of, merge.id)).undoMerge.notRestored).toEqual([]);
  },
);

test.each(comesAgain('id'))(
  'a file whose external users were merged since leaves the survivor as it is: $onConflict, $order',
  async ({ onConflict, order, refused }) => {
    const of = await service.createTenant();
    const byName = {
      kept: { id: newId(), firstName: 'Kept', email: 'kept@example.com', source: 'kept', metadata: { plan: 'kept' } },
      gone: { id: newId(), firstName: 'Gone', email: 'gone@example.com', source: 'gone', metadata: { plan: 'gone' } },
    };
    const rows = order.map((name) => byName[name as 'kept' | 'gone']);
    expect(await importedRows('EXTERNAL_USERS', rows, {}, of)).toMatchObject({ created: 2 });
    const input = { intoId: byName.kept.id, fromIds: [byName.gone.id] };
    const { merge } = dataOf(await call(of, 'mergeExternalUsers', input, 'merge { id }')).mergeExternalUsers;
    const before = await allRows(service, of);
    const more = { identifierKey: 'fkid', identifierValue: 'more' };
    // Somebody has edited the file since.
    const again = rows.map((row) => (row === byName.gone ? { ...row, context: 'new', otherIdentifiers: [more] } : row));
    for (const dryRun of [true, false]) {
      const job = await importedRows('EXTERNAL_USERS', again, { onConflict, dryRun }, of);
      const counts = { created: 0, updated: 0, unchanged: 2 - refused.length, rejected: refused.length };
      expect(job).toMatchObject({ state: 'DONE', ...counts });
      expect(await rejectedOf(job)).toEqual(refused);
    }
    const after = await allRows(service, of);
    for (const table of ['external_user', 'external_user_identifier', 'merged_id', 'merge'])
      expect(after[table]).toEqual(before[table]);
    expect(dataOf(await undo(of, merge.id)).undoMerge.notRestored).toEqual([]);
    // Who is there again is changed by their row again.
    expect(await importedRows('EXTERNAL_USERS', again, { onConflict: 'UPDATE' }, of)).toMatchObject({ updated: 1 });
  },
);

test('a row of a merged external user with an identifier of somebody else is refused', async () => {
  const of = await service.createTenant();
  const users = ['into', 'gone', 'else'].map((name) => ({ id: newId(), fkId: name }));
  const [into, gone] = users;
  await importedRows('EXTERNAL_USERS', users, {}, of);
  dataOf(await call(of, 'mergeExternalUsers', { intoId: into?.id, fromIds: [gone?.id] }, 'merge { id }'));
  const row = { id: gone?.id, fkId: 'else', source: 'file' };
  const job = await importedRows('EXTERNAL_USERS', [row], { onConflict: 'UPDATE' }, of);
  expect(await rejectedOf(job)).toEqual(['1,,has identifiers of several external users']);
});

test('what an import has changed of a survivor stays when the merge is undone, and is named', async () => {
  const of = await service.createTenant();
  const [kept, gone] = [newId(), newId()];
  const rows = [
    { id: kept, firstName: 'Kept', fkId: 'kept' },
    { id: gone, firstName: 'Gone', email: 'gone@example.com', fkId: 'gone', source: 'gone', context: 'gone' },
  ];
  await importedRows('EXTERNAL_USERS', rows, {}, of);
  const input = { intoId: kept, fromIds: [gone] };
  const { merge } = dataOf(await call(of, 'mergeExternalUsers', input, 'merge { id }')).mergeExternalUsers;
  const changed = { id: kept, firstName: 'Kept', email: 'new@example.com', source: 'file' };
  expect(await importedRows('EXTERNAL_USERS', [changed], { onConflict: 'UPDATE' }, of)).toMatchObject({ updated: 1 });
  const { notRestored } = dataOf(await undo(of, merge.id)).undoMerge;
  expect(
    notRestored.map(({ subjectId, field }: Untyped) => `${subjectId === kept ? 'kept' : 'gone'} ${field}`),
  ).toEqual(['kept source', 'kept email']);
  expect(await found({ fkId: 'kept' }, of)).toMatchObject({
    id: kept,
    email: 'new@example.com',
    source: 'file',
    context: null,
  });
  const back = { id: gone, email: 'gone@example.com', source: 'gone', context: 'gone' };
  expect(await found({ fkId: 'gone' }, of)).toMatchObject(back);
});

const graphChange = (of: typeof service.tenant, id: string, { otherIdentifiers: _, ...fields }: Untyped) =>
  call(of, 'updateExternalUser', { externalUserId: id, ...fields }, 'externalUser { id }');

test.each([
  ['an import', { email: 'new@example.com' }, false],
  ['an import', { phoneNumber: '+14155550199' }, false],
  ['an import that has the one before beside it', { email: 'new@example.com' }, true],
  ['updateExternalUser', { email: 'new@example.com' }, false],
  ['updateExternalUser', { phoneNumber: '+14155550199' }, false],
])(
  '%s that replaces the only identifier of who was merged keeps it beside the new one: %j',
  async (by, fields, beside) => {
    const of = await service.createTenant();
    const [kept, gone] = [newId(), newId()];
    const [key, own] = Object.hasOwn(fields, 'email')
      ? ['emailaddress', { email: 'gone@example.com' }]
      : ['phonenumber', { phoneNumber: '+14155550100' }];
    const [replaced = '', next = ''] = [...Object.values(own), ...Object.values(fields)];
    const rows = [
      { id: kept, fkId: 'kept' },
      { id: gone, ...own },
    ];
    await importedRows('EXTERNAL_USERS', rows, {}, of);
    const before = await allRows(service, of);
    const input = { intoId: kept, fromIds: [gone] };
    const { merge } = dataOf(await call(of, 'mergeExternalUsers', input, 'merge { id }')).mergeExternalUsers;
    const otherIdentifiers = beside ? [{ identifierKey: key, identifierValue: replaced }] : undefined;
    const row = { id: kept, fkId: 'kept', ...fields, otherIdentifiers };
    if (by === 'updateExternalUser') dataOf(await graphChange(of, kept, fields));
    else
      for (const updated of [1, 0]) {
        const job = await importedRows('EXTERNAL_USERS', [row], { onConflict: 'UPDATE' }, of);
        expect(job).toMatchObject({ updated, unchanged: 1 - updated, rejected: 0 });
      }
    const after = await allRows(service, of);
    demandInvariants(after);
    const listed = (after['external_user_identifier'] ?? []).map((its) => [its['identifier_value'], its['is_primary']]);
    expect(listed).toEqual(
      expect.arrayContaining([
        [replaced, false],
        [next, true],
        ['kept', true],
      ]),
    );
    expect(listed).toHaveLength(3);
    const { notRestored } = dataOf(await undo(of, merge.id)).undoMerge;
    expect(notRestored.map(({ subjectId, field }: Untyped) => [subjectId, field])).toEqual([
      [kept, Object.keys(fields)[0]],
    ]);
    const [theirs] = (await allRows(service, of))['external_user']?.filter(({ id }) => id === gone) ?? [];
    expect(theirs).toEqual({
      ...before['external_user']?.find(({ id }) => id === gone),
      modified_at: expect.anything(),
    });
  },
);

/** Two users of a tenant of their own, by their rows but for the ids. The second is merged into the first. */
async function mergedUsers(survivor: object, other: object) {
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

test('another spelling of what a merge has brought is given back', async () => {
  const { of, kept, gone, mergeId } = await mergedUsers({ fkId: 'kept' }, { email: 'gone@example.com' });
  dataOf(await graphChange(of, kept, { email: 'Gone@Example.com' }));
  expect(dataOf(await undo(of, mergeId)).undoMerge.notRestored).toEqual([]);
  expect(await found({ email: 'gone@example.com' }, of)).toMatchObject({ id: gone, email: 'gone@example.com' });
  expect(await found({ fkId: 'kept' }, of)).toMatchObject({ id: kept, email: null });
});

test.each(['import', 'updateExternalUser'])('an identifier that no merge has brought is replaced: %s', async (by) => {
  const { of, kept } = await mergedUsers({ email: 'kept@example.com' }, { email: 'gone@example.com' });
  const fields = { email: 'new@example.com' };
  if (by === 'import') await importedRows('EXTERNAL_USERS', [{ id: kept, ...fields }], { onConflict: 'UPDATE' }, of);
  else dataOf(await graphChange(of, kept, fields));
  expect(await found({ email: 'kept@example.com' }, of)).toBeNull();
  expect(await found({ email: 'gone@example.com' }, of)).toMatchObject({ id: kept, email: 'new@example.com' });
});

test('what a merge has brought is replaced like any other once the merge is undone', async () => {
  const { of, kept, mergeId } = await mergedUsers(
    { email: 'kept@example.com' },
    { email: 'gone@example.com', fkId: 'gone' },
  );
  const chosen = { identifierKey: 'emailaddress', identifierValue: 'gone@example.com', primary: true };
  dataOf(await call(of, 'addExternalUserIdentifier', { externalUserId: kept, ...chosen }, 'created'));
  dataOf(await undo(of, mergeId));
  expect(await found({ email: 'gone@example.com' }, of)).toMatchObject({ id: kept });
  dataOf(await graphChange(of, kept, { email: 'new@example.com' }));
  expect(await found({ email: 'gone@example.com' }, of)).toBeNull();
});

test('the same of participants: each has what is theirs again, and the survivor what the file brought', async () => {
  const of = await service.createTenant();
  const config = await createConfig(of, 'slack');
  const channel = (address: string) => ({ integrationConfigId: config, address });
  const [kept, gone] = [newId(), newId()];
  const rows = [
    { id: kept, displayName: 'Kept', channels: [channel('U1')] },
    { id: gone, displayName: 'Gone', email: 'gone@example.com', channels: [channel('U2')] },
  ];
  await importedRows('PARTICIPANTS', rows, {}, of);
  const input = { intoId: kept, fromIds: [gone] };
  const { merge } = dataOf(await call(of, 'mergeParticipants', input, 'merge { id }')).mergeParticipants;
  const changed = { id: kept, displayName: 'Renamed', email: 'new@example.com', channels: [channel('U3')] };
  expect(await importedRows('PARTICIPANTS', [changed], { onConflict: 'UPDATE' }, of)).toMatchObject({ updated: 1 });
  const { notRestored } = dataOf(await undo(of, merge.id)).undoMerge;
  expect(notRestored.map(({ subjectId, field }: Untyped) => [subjectId, field])).toEqual([[kept, 'email']]);
  const { participants } = dataOf(await of.graphql('{ participants { id displayName email channels { address } } }'));
  const byId = Object.fromEntries(participants.map(({ id, ...its }: Untyped) => [id, its]));
  expect(byId[gone]).toEqual({ displayName: 'Gone', email: 'gone@example.com', channels: [{ address: 'U2' }] });
  expect(byId[kept]).toMatchObject({ displayName: 'Renamed', email: 'new@example.com' });
  expect(byId[kept].channels.map(({ address }: Untyped) => address).sort()).toEqual(['U1', 'U3']);
});

test('a merge of external users says nothing of participants with the same ids', async () => {
  const of = await service.createTenant();
  const config = await createConfig(of, 'slack');
  const [kept, gone] = [newId(), newId()];
  await importedRows(
    'EXTERNAL_USERS',
    [kept, gone].map((id) => ({ id, fkId: id })),
    {},
    of,
  );
  dataOf(await call(of, 'mergeExternalUsers', { intoId: kept, fromIds: [gone] }, 'merge { id }'));
  const row = (id: string, address: string) => ({
    id,
    displayName: address,
    channels: [{ integrationConfigId: config, address }],
  });
  const job = await importedRows('PARTICIPANTS', [row(kept, 'U1'), row(gone, 'U2')], {}, of);
  expect(job).toMatchObject({ created: 2, unchanged: 0 });
  await importedRows('PARTICIPANTS', [row(kept, 'U3')], { onConflict: 'UPDATE' }, of);
  const { participants } = dataOf(await of.graphql('{ participants { channels { address } } }'));
  expect(participants).toEqual(['U2', 'U3'].map((address) => ({ channels: [{ address }] })));
});
