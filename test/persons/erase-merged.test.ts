import { expect, test } from 'vitest';
import { dataOf, type TestTenant } from '../app.ts';
import { member } from '../conversations/factories.ts';
import { createConfig, createParticipant } from '../factories.ts';
import { call, createTalks, undo } from '../merging/histories.ts';
import { allRows } from '../merging/invariants.ts';
import { useApp } from '../use-app.ts';

const service = useApp();

/** Creates a user whose every value has the mark. Returns its id. */
async function marked(of: TestTenant, mark: string): Promise<string> {
  const input = {
    firstName: `${mark}-given`,
    lastName: `${mark}-family`,
    fkId: `${mark}-key`,
    source: `${mark}-source`,
  };
  return dataOf(await call(of, 'createExternalUser', input, 'externalUser { id }')).createExternalUser.externalUser.id;
}

/** Creates a user who has an identifier only, so that a merge fills everything else. Returns its id. */
async function bare(of: TestTenant, mark: string): Promise<string> {
  const [conversationId] = await createTalks(of);
  const contactByIdentifier = { identifierKey: 'fkid', identifierValue: `${mark}-key` };
  return (await member(of, { conversationId, participant: { contactByIdentifier } })).participantId;
}

const merge = async (of: TestTenant, intoId: string, fromId: string): Promise<string> =>
  dataOf(await call(of, 'mergeExternalUsers', { intoId, fromIds: [fromId] }, 'merge { id }')).mergeExternalUsers.merge
    .id;
const erase = async (of: TestTenant, fkId: string) =>
  dataOf(await call(of, 'erasePerson', { by: { fkId }, confirm: true }, 'erased { externalUsers }')).erasePerson.erased;
const tablesWith = async (of: TestTenant, mark: string) =>
  Object.entries(await allRows(service, of)).flatMap(([table, rows]) =>
    JSON.stringify(rows).includes(mark) ? [table] : [],
  );

test('an undone merge of others keeps nothing of who was one of them then', async () => {
  const of = await service.createTenant();
  const [one, other, third] = [await marked(of, 'one'), await marked(of, 'other'), await marked(of, 'third')];
  const first = await merge(of, other, one);
  const second = await merge(of, third, other);
  dataOf(await undo(of, second));
  dataOf(await undo(of, first));
  expect(await tablesWith(of, 'one-')).toContain('merge');
  expect(await erase(of, 'one-key')).toEqual({ externalUsers: 1 });
  expect(await tablesWith(of, 'one-')).toEqual([]);
  expect(await tablesWith(of, 'other-')).toContain('history_entry');
});

test('the history of who had the person’s values by a merge loses what it recorded until the undo', async () => {
  const of = await service.createTenant();
  const survivor = await bare(of, 'survivor');
  dataOf(
    await call(of, 'updateExternalUser', { externalUserId: survivor, context: 'before-it' }, 'externalUser { id }'),
  );
  const [one, other] = [await marked(of, 'one'), await marked(of, 'other')];
  const first = await merge(of, survivor, one);
  const second = await merge(of, survivor, other);
  dataOf(await undo(of, second));
  dataOf(await undo(of, first));
  dataOf(
    await call(of, 'updateExternalUser', { externalUserId: survivor, context: 'after-it' }, 'externalUser { id }'),
  );
  expect(await tablesWith(of, 'one-')).toEqual(expect.arrayContaining(['history_entry', 'merge']));
  await erase(of, 'one-key');
  expect(await tablesWith(of, 'one-')).toEqual([]);
  const { history } = dataOf(
    await of.graphql('query ($id: ID!) { externalUser(id: $id) { history { nodes { changes { field after } } } } }', {
      id: survivor,
    }),
  ).externalUser;
  const told = JSON.stringify(history.nodes);
  expect([told.includes('before-it'), told.includes('after-it')]).toEqual([true, true]);
});

test('a merge that still holds does not call its survivor by the name of who has left', async () => {
  const of = await service.createTenant();
  const survivor = await bare(of, 'survivor');
  const first = await merge(of, survivor, await marked(of, 'one'));
  const second = await merge(of, survivor, await marked(of, 'other'));
  dataOf(await undo(of, first));
  const { merges } = dataOf(
    await of.graphql('query ($id: ID!) { externalUser(id: $id) { merges { nodes { id into { displayName } } } } }', {
      id: survivor,
    }),
  ).externalUser;
  expect(merges.nodes).toContainEqual({ id: second, into: { displayName: 'other-given other-family' } });
  await erase(of, 'one-key');
  expect(await tablesWith(of, 'one-')).toEqual([]);
});

test('who is deleted takes the undone merges of those who were merged into them along', async () => {
  const of = await service.createTenant();
  const [one, other, third] = [await marked(of, 'one'), await marked(of, 'other'), await marked(of, 'third')];
  dataOf(await undo(of, await merge(of, other, one)));
  await merge(of, third, one);
  dataOf(await call(of, 'deleteExternalUser', { externalUserId: third }, 'deletedId'));
  expect(await tablesWith(of, 'one-')).toEqual(['history_entry']);
});

test('who was merged into somebody who was deleted then is found by a channel that they had', async () => {
  const of = await service.createTenant();
  const integrationConfigId = await createConfig(of, 'sms');
  const address = '+14155550188';
  const ids = [
    await createParticipant(of, { displayName: 'one-name', channels: [{ integrationConfigId, address }] }),
    await createParticipant(of, { displayName: 'other-name' }),
    await createParticipant(of, { displayName: 'third-name' }),
  ];
  for (const n of [1, 2]) {
    const input = { intoId: ids[n], fromIds: [ids[n - 1]] };
    dataOf(await call(of, 'mergeParticipants', input, 'merge { id }'));
  }
  dataOf(await call(of, 'deleteParticipant', { participantId: ids[2] }, 'deletedId'));
  expect(await tablesWith(of, 'one-name')).toEqual(['history_entry']);
  const by = { phoneNumber: address };
  dataOf(await call(of, 'erasePerson', { by, confirm: true }, 'erased { historyEntries }'));
  for (const mark of [address.slice(1), 'one-name', 'other-name', 'third-name'])
    expect(await tablesWith(of, mark)).toEqual([]);
});

test('who was merged into somebody else keeps a telephone number that they have in common with the person', async () => {
  const of = await service.createTenant();
  const integrationConfigId = await createConfig(of, 'sms');
  const [email, phoneNumber] = ['person@example.com', '+14155550199'];
  const created = async (input: object): Promise<string> =>
    dataOf(await call(of, 'createExternalUser', { firstName: 'A', lastName: 'B', ...input }, 'externalUser { id }'))
      .createExternalUser.externalUser.id;
  const person = await created({ fkId: 'person-key', email });
  // The person's participant, by the e-mail address. Its number leads to others, but it was not named.
  await createParticipant(of, { email, channels: [{ integrationConfigId, address: phoneNumber }] });
  const [one, other] = [await created({ phoneNumber }), await bare(of, 'other')];
  const mergeId = await merge(of, other, one);
  expect(await erase(of, 'person-key')).toEqual({ externalUsers: 1 });
  const query =
    'query ($one: ID!, $person: ID!) { one: externalUser(id: $one) { id } person: externalUser(id: $person) { id } }';
  expect(dataOf(await of.graphql(query, { one, person }))).toEqual({ one: { id: other }, person: null });
  expect(dataOf(await undo(of, mergeId)).undoMerge.notRestored).toEqual([]);
});
