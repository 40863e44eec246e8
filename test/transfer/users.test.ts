import { expect, inject, test, vi } from 'vitest';
import { dataOf } from '../app.ts';
import { prepared } from '../prepared.ts';
import { useAppAlone } from '../use-app.ts';
import { transfers } from './world.ts';

const service = useAppAlone({ IMPORT_WORKERS: '2', JOB_LEASE_MS: '2000' });
const { imported, importedRows, rejectedOf, found, exported } = transfers(service);
const run = async (document: string, variables = {}) => dataOf(await service.tenant.graphql(document, variables));

const create = async (user: object): Promise<string> =>
  (
    await run(
      'mutation ($input: CreateExternalUserInput!) { createExternalUser(input: $input) { externalUser { id } } }',
      { input: { firstName: 'A', lastName: 'B', ...user } },
    )
  ).createExternalUser.externalUser.id;
const addIdentifier = (externalUserId: string, identifierKey: string, identifierValue: string) =>
  run(
    'mutation ($input: AddExternalUserIdentifierInput!) { addExternalUserIdentifier(input: $input) { externalUser { id } } }',
    {
      input: { externalUserId, identifierKey, identifierValue },
    },
  );
const identifiersOf = async (id: string): Promise<string[]> =>
  (
    await run('query ($id: ID!) { externalUser(id: $id) { identifiers { identifierValue primary } } }', { id })
  ).externalUser.identifiers.map(
    ({ identifierValue, primary }: { identifierValue: string; primary: boolean }) =>
      `${identifierValue}${primary ? ' *' : ''}`,
  );

test('a row is matched by an identifier that a user has beside its primary one', async () => {
  const id = await create({ email: 'first@beside.example' });
  await addIdentifier(id, 'emailaddress', 'second@beside.example');
  const file = 'firstName,email\nChanged,Second@beside.example\nNew,third@beside.example\n';
  expect(await imported(file)).toMatchObject({ state: 'DONE', created: 1, unchanged: 1, rejected: 0 });
  expect(await imported(file, { onConflict: 'FAIL' })).toMatchObject({ created: 0, rejected: 2 });
  expect(await imported(file, { onConflict: 'UPDATE' })).toMatchObject({ updated: 1, unchanged: 1 });
  expect(await found({ email: 'second@beside.example' })).toMatchObject({ id, firstName: 'Changed' });
  expect(await identifiersOf(id)).toEqual(['first@beside.example *', 'second@beside.example']);
});

test('an export from before a merge is imported into the survivor, and the merge can be undone', async () => {
  const into = await create({ email: 'into@merge.example' });
  const from = await create({ email: 'from@merge.example', fkId: 'merge-1' });
  const before = await exported('EXTERNAL_USERS', 'NDJSON');
  const merged = await run(
    'mutation ($input: MergeExternalUsersInput!) { mergeExternalUsers(input: $input) { merge { id } } }',
    { input: { intoId: into, fromIds: [from] } },
  );
  const again = await imported(before, { format: 'NDJSON', onConflict: 'UPDATE' });
  expect(again).toMatchObject({ state: 'DONE', created: 0, rejected: 0 });
  expect(await identifiersOf(into)).toEqual(['into@merge.example *', 'from@merge.example', 'merge-1 *']);
  const row = { id: from, email: 'new@merge.example' };
  expect(await importedRows('EXTERNAL_USERS', [row])).toMatchObject({ created: 0, unchanged: 1 });
  await run('mutation ($id: ID!) { undoMerge(input: { mergeId: $id }) { merge { id } } }', {
    id: merged.mergeExternalUsers.merge.id,
  });
  expect(await found({ fkId: 'merge-1' })).toMatchObject({ id: from });
});

test('an identifier that a row names twice, or beside the one that takes its place, is there once', async () => {
  const other = (identifierValue: string) => ({ identifierKey: 'emailaddress', identifierValue });
  const rows = (row: object) => importedRows('EXTERNAL_USERS', [row], { onConflict: 'UPDATE' });
  const twice = { fkId: 'twice-1', email: 'one@twice.example' };
  const others = [other('ONE@twice.example'), other('two@twice.example'), other('Two@twice.example')];
  expect(await rows({ ...twice, otherIdentifiers: others })).toMatchObject({ created: 1, rejected: 0 });
  const { id } = await found({ fkId: 'twice-1' });
  const kept = ['one@twice.example *', 'twice-1 *', 'Two@twice.example'];
  expect((await identifiersOf(id)).sort()).toEqual(kept.sort());
  const moved = { ...twice, email: 'three@twice.example', otherIdentifiers: [other('one@twice.example')] };
  expect(await rows(moved)).toMatchObject({ updated: 1 });
  expect((await identifiersOf(id)).sort()).toEqual(
    ['one@twice.example', 'three@twice.example *', 'twice-1 *', 'Two@twice.example'].sort(),
  );
  expect(await rows(moved)).toMatchObject({ updated: 0, unchanged: 1 });
});

test('two rows of a file that match one user by different keys are both written', async () => {
  await create({ email: 'both@wave.example', fkId: 'wave-1', phoneNumber: '+14155550133' });
  const file =
    'email,fkId,phoneNumber,context,source\nboth@wave.example,,,one,\n,wave-1,,,two\n,,+14155550133,three,\n';
  expect(await imported(file, { onConflict: 'UPDATE' })).toMatchObject({ updated: 3, rejected: 0 });
  expect(await found({ fkId: 'wave-1' })).toMatchObject({ context: 'three', source: 'two' });
});

test('a row may have what an earlier row of the file takes from somebody else', async () => {
  const [one, other] = [await create({ fkId: 'take-1' }), await create({ fkId: 'take-2', email: 'old@take.example' })];
  const rows = [
    { fkId: 'take-2', email: 'new@take.example' },
    { fkId: 'take-1', email: 'old@take.example' },
    { fkId: 'take-1', email: 'last@take.example' },
  ];
  const job = await importedRows('EXTERNAL_USERS', rows, { onConflict: 'UPDATE' });
  expect(job).toMatchObject({ updated: 3, rejected: 0 });
  expect(await found({ fkId: 'take-1' })).toMatchObject({ id: one, email: 'last@take.example' });
  expect(await found({ fkId: 'take-2' })).toMatchObject({ id: other, email: 'new@take.example' });
});

test('a row of two users is refused before a later row makes them one another’s', async () => {
  await create({ fkId: 'order-1', email: 'a@order.example', source: 'one' });
  await create({ fkId: 'order-2', email: 'b@order.example' });
  const b = { identifierKey: 'emailaddress', identifierValue: 'b@order.example' };
  const rows = [
    { fkId: 'order-1', source: 'two' },
    { email: 'a@order.example', phoneNumber: '+14155550144', otherIdentifiers: [b] },
    { fkId: 'order-2', email: 'c@order.example' },
  ];
  const job = await importedRows('EXTERNAL_USERS', rows, { onConflict: 'UPDATE' });
  expect(job).toMatchObject({ updated: 2, rejected: 1 });
  expect(await rejectedOf(job)).toEqual(['2,,has identifiers of several external users']);
});

test('members of the metadata that a row does not have stay, and numbers that cannot be kept are refused', async () => {
  await importedRows('EXTERNAL_USERS', [{ fkId: 'meta-1', metadata: { plan: 'gold', crm: 1 } }]);
  expect(await imported('fkId,metadata.plan\nmeta-1,silver\n', { onConflict: 'UPDATE' })).toMatchObject({ updated: 1 });
  expect(await found({ fkId: 'meta-1' })).toMatchObject({ metadata: { plan: 'silver', crm: 1 } });
  expect(await imported('fkId,metadata.plan\nmeta-1,silver\n', { onConflict: 'UPDATE' })).toMatchObject({
    unchanged: 1,
  });
  const large = '12345678901234567890';
  const job = await importedRows('EXTERNAL_USERS', [`{"fkId":"meta-2","metadata":{"n":${large}}}`, { fkId: 'meta-3' }]);
  expect(job).toMatchObject({ created: 1, rejected: 1 });
  expect(await imported(`fkId,metadata\nmeta-4,"{""n"":${large}}"\nmeta-5,5\n`)).toMatchObject({ rejected: 2 });
});

test('one row that the database refuses costs only itself', async () => {
  await service.app.database.prisma.$executeRawUnsafe(
    `alter table external_user add constraint "test_refused" check (first_name <> 'refused by the database') not valid`,
  );
  const file =
    'firstName,email\nfine,one@row.example\nrefused by the database,two@row.example\nfine,three@row.example\n';
  const job = await imported(file);
  await service.app.database.prisma.$executeRawUnsafe('alter table external_user drop constraint "test_refused"');
  expect(job).toMatchObject({ state: 'DONE', created: 2, rejected: 1 });
  expect((await rejectedOf(job))[0]).toMatch(/^3,,/);
});

test('a dry run gives the same report as the import, also of rows in different batches', async () => {
  const rows = Array.from({ length: 1_400 }, (_, n) => ({
    firstName: `Row ${n}`,
    // Every seventh row names somebody who came before, and some of these by another key.
    ...(n % 7 === 6 ? { email: `dry-${n - 3}@dry.example` } : { email: `dry-${n}@dry.example` }),
    ...(n % 11 === 0 && { fkId: `dry-${n % 33}` }),
  }));
  for (const onConflict of ['SKIP', 'FAIL', 'UPDATE']) {
    const tenant = await service.createTenant();
    const numbers = ({ created, updated, unchanged, rejected }: Record<string, unknown>) => ({
      created,
      updated,
      unchanged,
      rejected,
    });
    const dry = await importedRows('EXTERNAL_USERS', rows, { onConflict, dryRun: true }, tenant);
    expect(await found({ email: 'dry-0@dry.example' }, tenant)).toBeNull();
    const real = await importedRows('EXTERNAL_USERS', rows, { onConflict }, tenant);
    expect(numbers(dry)).toEqual(numbers(real));
    expect(await rejectedOf(dry)).toEqual(await rejectedOf(real));
    expect(dry.created).toBeGreaterThan(900);
  }
});

test('rows about one user in different batches change nothing the second time, and a trial says so', async () => {
  const tenant = await service.createTenant();
  const rows = Array.from({ length: 1_010 }, (_, n) => ({
    firstName: `Row ${n}`,
    email: `again-${n % 1_000}@again.example`,
  }));
  const update = { onConflict: 'UPDATE' };
  expect(await importedRows('EXTERNAL_USERS', rows, update, tenant)).toMatchObject({ created: 1_000, updated: 10 });
  for (const dryRun of [true, false])
    expect(await importedRows('EXTERNAL_USERS', rows, { ...update, dryRun }, tenant)).toMatchObject({
      created: 0,
      updated: 0,
      unchanged: 1_010,
    });
  expect(await found({ email: 'again-0@again.example' }, tenant)).toMatchObject({ firstName: 'Row 1000' });
});

test('what was exported is imported elsewhere without a loss', async () => {
  const id = await create({
    email: 'whole@loss.example',
    fkId: ' loss 1 ',
    context: ' \n two lines ',
    source: '',
    fkUserId: "'",
  });
  await addIdentifier(id, 'emailaddress', 'other@loss.example');
  await addIdentifier(id, 'phonenumber', '+14155550177');
  await addIdentifier(id, 'phonenumber', '+14155550178');
  await create({
    fkId: 'loss-2',
    metadata: { list: [1, { a: null }], text: '=1' },
    context: "''",
  });
  for (const format of ['CSV', 'NDJSON'] as const) {
    const there = await service.createTenant();
    const file = await exported('EXTERNAL_USERS', format);
    expect(await imported(file, { format }, there)).toMatchObject({ state: 'DONE', rejected: 0, unchanged: 0 });
    expect(await exported('EXTERNAL_USERS', format, there)).toBe(file);
  }
});

// The embedded database has one session: nobody waits there.
test.skipIf(!('url' in inject('database')))('a row keeps what another transaction changes meanwhile', async () => {
  const id = await create({ email: 'locked@example.com' });
  const { database } = service.app;
  let commit = () => {};
  const committed = new Promise<void>((resolve) => {
    commit = resolve;
  });
  let change = Promise.resolve();
  await new Promise<void>((changed) => {
    change = database.forTenant(service.tenant.id).transaction(async (tx) => {
      await tx.externalUser.updateMany({ where: { tenantId: service.tenant.id, id }, data: { firstName: 'Changed' } });
      changed();
      await committed;
    });
  });
  const job = imported('email,lastName\nlocked@example.com,Imported\n', { onConflict: 'UPDATE' });
  const waiting = prepared(
    `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  );
  await vi.waitFor(async () => expect(await database.connection.query(waiting, [])).toHaveLength(1), 10_000);
  commit();
  await change;
  expect(await job).toMatchObject({ state: 'DONE', updated: 1 });
  expect(await found({ email: 'locked@example.com' })).toMatchObject({ firstName: 'Changed', lastName: 'Imported' });
});
