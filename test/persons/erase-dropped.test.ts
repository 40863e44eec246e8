import { expect, test } from 'vitest';
import { dataOf, type TestTenant, type Untyped } from '../app.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import { call, createTalks, join, undo } from '../merging/histories.ts';
import { allRows } from '../merging/invariants.ts';
import { useApp } from '../use-app.ts';

/*
 * A merge of participants drops the e-mail address of one where both have one, and its record remembers it: the person
 * is still found by it where their data is exported or erased.
 */
const service = useApp();

const address = (mark: string) => `${mark}-mail@example.com`;
const tablesWith = async (of: TestTenant, mark: string) =>
  Object.entries(await allRows(service, of)).flatMap(([table, rows]) =>
    JSON.stringify(rows).includes(mark) ? [table] : [],
  );
const merge = async (of: TestTenant, intoId: string, fromIds: string[]): Promise<string> =>
  dataOf(await call(of, 'mergeParticipants', { intoId, fromIds }, 'merge { id }')).mergeParticipants.merge.id;
const erase = async (of: TestTenant, by: object, more: object = {}): Promise<Untyped> =>
  dataOf(
    await call(of, 'erasePerson', { by, confirm: true, ...more }, 'erased { externalUsers participants memberships }'),
  ).erasePerson.erased;

/** Creates a person whose every value has the mark, with a channel, an agent and a place in a conversation. */
async function marked(of: TestTenant, mark: string, integrationConfigId: string, talk: string): Promise<string> {
  const agent = `${mark}-agent`;
  await createAgent(of, agent);
  const id = await createParticipant(of, {
    displayName: `${mark}-name`,
    email: address(mark).toUpperCase(),
    channels: [{ integrationConfigId, address: `${mark}-U1`, label: `${mark}-label` }],
    agentIds: [agent],
  });
  dataOf(await join(of, talk, { user: { id } }));
  return id;
}

/** Two persons of which the second was merged into the first. */
async function world() {
  const of = await service.createTenant();
  const config = await createConfig(of, 'slack');
  const [talk = ''] = await createTalks(of);
  const [kept, gone] = [await marked(of, 'kept', config, talk), await marked(of, 'gone', config, talk)];
  return { of, config, talk, kept, gone, mergeId: await merge(of, kept, [gone]) };
}

// Agents are the tenant's, with their names and their history.
const persons = (mark: string) => [
  `${mark}-name`,
  `${mark}-mail`,
  `${mark.toUpperCase()}-MAIL`,
  `${mark}-U1`,
  `${mark}-label`,
];
const leftOf = async (of: TestTenant, mark: string) =>
  (
    await Promise.all(
      persons(mark).map(async (each) => (await tablesWith(of, each)).map((table) => `${table}: ${each}`)),
    )
  ).flat();

test('who is erased by an e-mail address that a merge has dropped is erased as the person they are now', async () => {
  const { of, kept, gone } = await world();
  const email = address('gone').replace('gone', 'Gone');
  expect(await erase(of, { email })).toEqual({ externalUsers: 0, participants: 1, memberships: 1 });
  for (const mark of ['gone', 'kept']) expect(await leftOf(of, mark)).toEqual([]);
  for (const id of [kept, gone]) expect(await tablesWith(of, id)).toEqual([]);
});

test('a dropped address still leads to the person where the history was pruned, and where they were merged on', async () => {
  const { of, config, talk, kept } = await world();
  await merge(of, await marked(of, 'last', config, talk), [kept]);
  await service.app.database.prisma.historyEntry.deleteMany({ where: { tenantId: of.id } });
  expect(await erase(of, { email: address('gone') })).toMatchObject({ participants: 1 });
  for (const mark of ['gone', 'kept', 'last']) expect(await leftOf(of, mark)).toEqual([]);
});

test('who was found by the address as the same person is found by it still, from either side', async () => {
  for (const by of ['user', 'participant'] as const) {
    const { of, kept } = await world();
    const input = { firstName: 'user-name', lastName: 'B', email: address('gone'), fkId: 'user-key' };
    const { externalUser } = dataOf(
      await call(of, 'createExternalUser', input, 'externalUser { id }'),
    ).createExternalUser;
    const named = by === 'user' ? { fkId: 'user-key' } : { channel: { provider: 'slack', address: 'kept-U1' } };
    expect(await erase(of, named)).toMatchObject({ externalUsers: 1, participants: 1 });
    for (const id of [kept, externalUser.id]) expect(await tablesWith(of, id)).toEqual([]);
    expect([await leftOf(of, 'gone'), await tablesWith(of, 'user-name')]).toEqual([[], []]);
  }
});

test('the person’s export by a dropped address has everything of them', async () => {
  const { of, kept } = await world();
  const { file } = dataOf(
    await call(of, 'exportPerson', { by: { email: address('gone') } }, 'file { url }'),
  ).exportPerson;
  const told = await (await service.app.fetch(new Request(file.url))).json();
  expect(told.participants.map(({ id }: { id: string }) => id)).toEqual([kept]);
  expect(told.channels).toHaveLength(2);
});

test('with block, neither address brings the person back', async () => {
  const { of } = await world();
  await erase(of, { email: address('kept') }, { block: true });
  const digests = await service.app.database.prisma.blockedDigest.findMany({ where: { tenantId: of.id } });
  const { digestOf, identityText } = await import('../../src/erasure/digests.ts');
  for (const mark of ['gone', 'kept'])
    expect(digests.map(({ digest }) => digest)).toContain(digestOf(of.id, identityText(address(mark))));
});

const remove = async (of: TestTenant, participantId: string) =>
  dataOf(await call(of, 'deleteParticipant', { participantId }, 'deletedId'));

test.each([
  ['the dropped', address('gone')],
  ['the survivor’s', address('kept')],
])('of a survivor who was deleted an erasure by %s address leaves nothing', async (_, email) => {
  const { of, kept, gone } = await world();
  const there = await world();
  await remove(of, kept);
  expect(await tablesWith(of, 'kept-name')).toEqual(['history_entry']);
  expect(await erase(of, { email }, { block: true })).toMatchObject({ participants: 0 });
  for (const mark of ['gone', 'kept']) expect(await leftOf(of, mark)).toEqual([]);
  for (const id of [kept, gone]) expect(await tablesWith(of, id)).toEqual([]);
  expect(await tablesWith(there.of, 'kept-name')).toContain('participant');
});

test('the same where nothing but their merge says that they were one person, and the history was pruned', async () => {
  const of = await service.createTenant();
  const names = ['one', 'two', 'three', 'stays'];
  const ids: string[] = [];
  for (const name of names)
    ids.push(await createParticipant(of, { displayName: `${name}-name`, email: address(name), channels: [] }));
  const [one = '', two = '', three = '', stays = ''] = ids;
  await merge(of, two, [one]);
  await merge(of, three, [two]);
  await remove(of, stays);
  await service.app.database.prisma.historyEntry.deleteMany({ where: { tenantId: of.id, aboutId: one } });
  await remove(of, three);
  expect(await tablesWith(of, 'three-name')).toEqual(['history_entry']);
  await erase(of, { email: address('one') });
  for (const name of ['one', 'two', 'three']) expect(await leftOf(of, name)).toEqual([]);
  expect(await tablesWith(of, 'stays-name')).toEqual(['history_entry']);
});

test('an address that the survivor had given up leads to none of those who were merged into them', async () => {
  const of = await service.createTenant();
  const config = await createConfig(of, 'slack');
  const channel = [{ integrationConfigId: config, address: 'passed-on-U1' }];
  const kept = await createParticipant(of, { displayName: 'kept-name', email: address('kept'), channels: channel });
  const gone = await createParticipant(of, { displayName: 'gone-name', email: address('gone'), channels: [] });
  dataOf(await call(of, 'updateParticipant', { participantId: kept, channels: [] }, 'participant { id }'));
  await merge(of, kept, [gone]);
  await remove(of, kept);
  await createParticipant(of, { displayName: 'next-name', channels: channel });
  await erase(of, { channel: { provider: 'slack', address: 'passed-on-U1' } });
  expect(await tablesWith(of, 'next-name')).toEqual([]);
  expect(await tablesWith(of, 'gone-name')).toEqual(['history_entry']);
  await erase(of, { email: address('kept') });
  expect(await leftOf(of, 'gone')).toEqual([]);
});

test('who came back before the survivor was deleted is somebody else', async () => {
  const { of, kept, mergeId } = await world();
  dataOf(await undo(of, mergeId));
  await remove(of, kept);
  expect(await erase(of, { email: address('kept') })).toMatchObject({ participants: 0 });
  expect(await leftOf(of, 'kept')).toEqual([]);
  expect(await tablesWith(of, 'gone-name')).toContain('participant');
});

test('who came back by an undo is erased alone, and who has lost the address in another tenant stays', async () => {
  const [here, there] = [await world(), await world()];
  dataOf(await undo(here.of, here.mergeId));
  expect(await erase(here.of, { email: address('gone') })).toMatchObject({ participants: 1 });
  expect(await leftOf(here.of, 'gone')).toEqual([]);
  expect(await tablesWith(here.of, 'kept-name')).toContain('participant');
  expect(await tablesWith(there.of, 'GONE-MAIL')).toContain('merge');
  expect(await tablesWith(there.of, 'kept-name')).toContain('participant');
});

test('an address of which only the case differed leads to nobody else when the survivor has another', async () => {
  const of = await service.createTenant();
  const kept = await createParticipant(of, { displayName: 'kept-name', email: 'one@example.com' });
  const gone = await createParticipant(of, { displayName: 'gone-name', email: 'ONE@example.com' });
  await merge(of, kept, [gone]);
  dataOf(await call(of, 'updateParticipant', { participantId: kept, email: 'two@example.com' }, 'participant { id }'));
  expect(await erase(of, { email: 'one@example.com' })).toMatchObject({ participants: 0 });
  expect(await tablesWith(of, 'kept-name')).toContain('participant');
});

test('somebody else’s merge that has dropped an address of the person’s external user can still be undone', async () => {
  const { of, gone, kept, mergeId } = await world();
  const [sms, slack] = [await createConfig(of, 'sms'), await createConfig(of, 'slack')];
  const phoneNumber = '+14155550166';
  const channels = [
    { integrationConfigId: sms, address: phoneNumber },
    { integrationConfigId: slack, address: 'person-U1' },
  ];
  await createParticipant(of, { displayName: 'person-name', channels });
  const input = { firstName: 'A', lastName: 'B', email: address('gone'), phoneNumber };
  dataOf(await call(of, 'createExternalUser', input, 'externalUser { id }'));
  // The external user is the person by the number. Who else has its address was not named.
  const by = { channel: { provider: 'slack', address: 'person-U1' } };
  expect(await erase(of, by)).toMatchObject({ externalUsers: 1, participants: 1 });
  const query = 'query ($gone: ID!) { participant(id: $gone) { id } }';
  expect(dataOf(await of.graphql(query, { gone }))).toEqual({ participant: { id: kept } });
  expect(dataOf(await undo(of, mergeId)).undoMerge.notRestored).toEqual([]);
});
