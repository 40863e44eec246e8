import { expect, test } from 'vitest';
import { dataOf, problemOf, type TestTenant, type Untyped } from '../app.ts';
import { prepared } from '../prepared.ts';
import { useApp } from '../use-app.ts';
import { stored as storedIn } from './stored.ts';

const service = useApp();

const change = (of: TestTenant, name: string, input: object, fields: string) => {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
  return of.graphql(`mutation ($input: ${type}!) { ${name}(input: $input) { ${fields} } }`, { input });
};
const create = async (of: TestTenant, input: object): Promise<string> =>
  dataOf(
    await change(of, 'createExternalUser', { firstName: 'Ada', lastName: 'Byron', ...input }, 'externalUser { id }'),
  ).createExternalUser.externalUser.id;
const merged = async (of: TestTenant, intoId: string, ...fromIds: string[]): Promise<string> =>
  dataOf(await change(of, 'mergeExternalUsers', { intoId, fromIds }, 'merge { id }')).mergeExternalUsers.merge.id;
const undo = (of: TestTenant, mergeId: string) =>
  change(of, 'undoMerge', { mergeId }, 'externalUsers { id } notRestored { subjectId field detail }');
const found = async (of: TestTenant, id: string): Promise<Untyped> =>
  dataOf(
    await of.graphql(
      'query ($id: ID!) { externalUser(id: $id) { id source email phoneNumber fkId identifiers { id identifierValue primary } } }',
      { id },
    ),
  ).externalUser;
const removeIdentifier = async (of: TestTenant, id: string, value: string) => {
  const its = (await found(of, id)).identifiers.find((one: Untyped) => one.identifierValue === value);
  dataOf(await change(of, 'removeExternalUserIdentifier', { identifierId: its.id }, 'removed'));
};

test('the first of two merges is undone: what the second had to give stands in for it', async () => {
  const of = await service.createTenant();
  const into = await create(of, { fkId: 'into' });
  const first = await create(of, { email: 'first@example.com', source: 'first' });
  const second = await create(of, { email: 'second@example.com', source: 'second' });
  const before = await storedIn(service, of);
  const [one, two] = [await merged(of, into, first), await merged(of, into, second)];
  expect(await found(of, into)).toMatchObject({ email: 'first@example.com', source: 'first' });
  expect(dataOf(await undo(of, one)).undoMerge).toEqual({
    externalUsers: [{ id: into }, { id: first }],
    notRestored: [],
  });
  expect(await found(of, into)).toMatchObject({
    email: 'second@example.com',
    source: 'second',
    identifiers: [
      { identifierValue: 'second@example.com', primary: true },
      { identifierValue: 'into', primary: true },
    ],
  });
  expect((await found(of, second)).id).toBe(into);
  expect(dataOf(await undo(of, two)).undoMerge).toEqual({
    externalUsers: [{ id: into }, { id: second }],
    notRestored: [],
  });
  expect(await storedIn(service, of)).toEqual(before);
});

test('what an earlier undo has found to be changed is told by the later one, too', async () => {
  const of = await service.createTenant();
  const into = await create(of, { fkId: 'into' });
  const first = await create(of, { email: 'first@example.com' });
  const second = await create(of, { email: 'second@example.com', phoneNumber: '+14155550100', source: 'second' });
  const [one, two] = [await merged(of, into, first), await merged(of, into, second)];
  dataOf(await change(of, 'updateExternalUser', { externalUserId: into, source: 'changed' }, 'externalUser { id }'));
  await removeIdentifier(of, into, 'second@example.com');
  expect(dataOf(await undo(of, one)).undoMerge.notRestored).toEqual([]);
  const { notRestored } = dataOf(await undo(of, two)).undoMerge;
  expect(notRestored.map((its: Untyped) => [its.subjectId, its.field])).toEqual([
    [into, 'source'],
    [second, 'identifiers'],
  ]);
  expect(await found(of, into)).toMatchObject({ source: 'changed', email: null, phoneNumber: null });
  expect(await found(of, second)).toMatchObject({ source: 'second', email: null, phoneNumber: '+14155550100' });
});

test('a merge whose survivor was merged away names the merge to undo first', async () => {
  const of = await service.createTenant();
  const [one, two, three] = [
    await create(of, { fkId: '1' }),
    await create(of, { fkId: '2' }),
    await create(of, { fkId: '3' }),
  ];
  const first = await merged(of, two, one);
  const second = await merged(of, three, two);
  const refused = await undo(of, first);
  expect(problemOf(refused).code).toBe('CONFLICT');
  expect(refused.errors?.[0]?.message).toContain(`Undo the merge ${second} first.`);
  dataOf(await undo(of, second));
  dataOf(await undo(of, first));
  expect((await found(of, one)).id).toBe(one);
});

test('an undo that would leave the survivor without an identifier is refused, until it has one', async () => {
  const of = await service.createTenant();
  const [into, from] = [await create(of, { fkId: 'into' }), await create(of, { email: 'from@example.com' })];
  const id = await merged(of, into, from);
  await removeIdentifier(of, into, 'into');
  const before = await storedIn(service, of);
  expect(problemOf(await undo(of, id))).toEqual({ code: 'CONFLICT', status: 409 });
  expect(await storedIn(service, of)).toEqual(before);
  const added = { externalUserId: into, identifierKey: 'fkid', identifierValue: 'again' };
  dataOf(await change(of, 'addExternalUserIdentifier', added, 'created'));
  expect(dataOf(await undo(of, id)).undoMerge.notRestored).toEqual([]);
  expect(await found(of, into)).toMatchObject({ fkId: 'again', email: null });
  expect(await found(of, from)).toMatchObject({ fkId: null, email: 'from@example.com' });
});

test('a merge of which nobody has an identifier left is not undone, and keeps what it has filled', async () => {
  const of = await service.createTenant();
  const [into, from] = [
    await create(of, { fkId: 'into' }),
    await create(of, { email: 'from@example.com', source: 'from' }),
  ];
  const id = await merged(of, into, from);
  await removeIdentifier(of, into, 'from@example.com');
  expect(problemOf(await undo(of, id)).code).toBe('CONFLICT');
  expect(await found(of, into)).toMatchObject({ source: 'from', email: null });
  // A later merge that cannot be undone does not keep an earlier one from it.
  const other = await create(of, { email: 'other@example.com' });
  const last = await merged(of, into, other);
  expect(dataOf(await undo(of, last)).undoMerge.notRestored).toEqual([]);
});

test('who stays merged leaves what it has filled to the survivor', async () => {
  const of = await service.createTenant();
  const into = await create(of, { fkId: 'into' });
  const gone = await create(of, { email: 'gone@example.com', source: 'gone' });
  const back = await create(of, { phoneNumber: '+14155550100', context: 'back' });
  const id = await merged(of, into, gone, back);
  await removeIdentifier(of, into, 'gone@example.com');
  const { externalUsers, notRestored } = dataOf(await undo(of, id)).undoMerge;
  expect(externalUsers).toEqual([{ id: into }, { id: back }]);
  expect(notRestored).toContainEqual({ subjectId: gone, field: 'id', detail: expect.any(String) });
  expect(await found(of, into)).toMatchObject({ source: 'gone', phoneNumber: null });
  expect(await found(of, back)).toMatchObject({ phoneNumber: '+14155550100' });
});

test('users whose identifiers are no rows yet get them when they are merged', async () => {
  const of = await service.createTenant();
  const into = await create(of, { email: 'into@example.com' });
  const from = await create(of, { email: 'from@example.com', phoneNumber: '+14155550100' });
  // As they were before the migration.
  const forget = () =>
    service.app.database.connection.query(prepared('delete from external_user_identifier where tenant_id = $1::uuid'), [
      of.id,
    ]);
  await forget();
  const elsewhere = { externalUserId: into, identifierKey: 'phonenumber', identifierValue: '+1 415 555 0100' };
  expect(problemOf(await change(of, 'addExternalUserIdentifier', elsewhere, 'created')).code).toBe(
    'USER_ALREADY_EXISTS',
  );
  const id = await merged(of, into, from);
  const values = async (of_: string) =>
    (await found(of, of_)).identifiers.map((its: Untyped) => its.identifierValue).sort();
  expect(await values(into)).toEqual(['+14155550100', 'from@example.com', 'into@example.com']);
  expect(dataOf(await undo(of, id)).undoMerge.notRestored).toEqual([]);
  expect(await values(from)).toEqual(['+14155550100', 'from@example.com']);
  expect(await values(into)).toEqual(['into@example.com']);
});

test('two undos at once: one is done, the other refused; of two merges both are undone', async () => {
  const of = await service.createTenant();
  for (let round = 0; round < 3; round += 1) {
    const ids = [1, 2, 3].map((n) => create(of, { fkId: `${round} ${n}` }));
    const [into, one, two] = (await Promise.all(ids)) as [string, string, string];
    const before = await storedIn(service, of);
    const same = await merged(of, into, one);
    const twice = await Promise.all([undo(of, same), undo(of, same)]);
    expect(twice.flatMap((answer) => (answer.errors ? [problemOf(answer).code] : []))).toEqual(['CONFLICT']);
    const merges = [await merged(of, into, one), await merged(of, into, two)];
    for (const answer of await Promise.all(merges.map((id) => undo(of, id)))) dataOf(answer);
    expect(await storedIn(service, of)).toEqual(before);
  }
});
