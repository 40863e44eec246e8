import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { dataOf, problemOf, startApp, type TestApp, type TestTenant } from '../app.ts';
import { createConversation, createExternalUser, member } from '../conversations/factories.ts';
import { createParticipant } from '../factories.ts';

let service: TestApp;
let tenant: TestTenant;
beforeAll(async () => {
  service = await startApp();
  tenant = service.tenant;
});
afterAll(() => service.close());

const mutation =
  (name: string, shown: string) => (input: Record<string, unknown>, headers?: Record<string, string>) => {
    const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
    return tenant.graphql(
      `mutation ($input: ${type}!) { result: ${name}(input: $input) { ${shown} } }`,
      { input },
      headers,
    );
  };
const create = mutation('createExternalUser', 'externalUser { id } user { id }');
const update = mutation('updateExternalUser', 'externalUser { id firstName metadata modifiedAt }');
const remove = mutation('deleteExternalUser', 'deletedId');

test('a user who exists is named to viewers who may read users, and to no others', async () => {
  const [email, fkId] = [`${newId()}@example.com`, newId()];
  const id = await createExternalUser(tenant, { email });
  await createExternalUser(tenant, { fkId });
  const input = { firstName: 'A', lastName: 'B', email: email.toUpperCase(), fkId };
  const told = (await create(input)).errors?.[0]?.extensions;
  expect(told).toMatchObject({ code: 'USER_ALREADY_EXISTS', status: 400, field: 'email', existingId: id });
  const headers = { authorization: `Bearer ${await tenant.token(['users:write'])}` };
  const concealed = (await create(input, headers)).errors?.[0]?.extensions;
  expect(concealed).toMatchObject({ code: 'USER_ALREADY_EXISTS', field: 'email', errors: told?.errors });
  expect(concealed).not.toHaveProperty('existingId');
});

test('inputs and payloads have the new names, and take the old ones', async () => {
  const { externalUser, user } = dataOf(await create({ firstName: 'A', lastName: 'B', fkId: newId() })).result;
  expect(user).toEqual(externalUser);
  const { id } = externalUser;
  for (const name of ['id', 'externalUserId'])
    expect(dataOf(await update({ [name]: id, firstName: name })).result.externalUser).toMatchObject({
      id,
      firstName: name,
    });
  for (const names of [{}, { id, externalUserId: id }])
    expect(problemOf(await update({ ...names, firstName: 'C' })).code).toBe('VALIDATION_FAILED');
  expect(problemOf(await remove({})).code).toBe('VALIDATION_FAILED');
  expect(dataOf(await remove({ externalUserId: id })).result.deletedId).toBe(id);
  expect(problemOf(await remove({ id })).code).toBe('EXTERNAL_USER_NOT_FOUND');
});

test('a patch changes single members of the metadata', async () => {
  const externalUserId = await createExternalUser(tenant, { metadata: { a: { b: 1, c: 2 }, d: 3 } });
  const patched = async (metadataPatch: unknown) =>
    dataOf(await update({ externalUserId, metadataPatch })).result.externalUser;
  const first = await patched({ a: { b: null, e: [1] }, d: null });
  expect(first.metadata).toEqual({ a: { c: 2, e: [1] } });
  expect(await patched({ a: { c: 2 } })).toEqual(first);
  expect(await patched(null)).toEqual(first);
  for (const input of [{ metadata: {}, metadataPatch: {} }, { metadataPatch: { x: 'x'.repeat(17_000) } }])
    expect(problemOf(await update({ externalUserId, ...input })).code).toBe('VALIDATION_FAILED');
});

test('what needs another scope is null with an error at its path, and the rest of the answer stands', async () => {
  const email = `${newId()}@example.com`;
  const id = await createExternalUser(tenant, { email });
  const participant = await createParticipant(tenant, { email });
  const answer = async (scope: Parameters<TestTenant['token']>[0], document: string, of: string) =>
    tenant.graphql(document, { id: of }, { authorization: `Bearer ${await tenant.token(scope)}` });
  const user = await answer(
    ['users:read'],
    'query ($id: ID!) { externalUser(id: $id) { email participants { id } conversations { totalCount } } }',
    id,
  );
  expect(user.data).toEqual({ externalUser: { email, participants: null, conversations: null } });
  const person = await answer(
    ['participants:read'],
    'query ($id: ID!) { participant(id: $id) { email externalUsers { id } conversations { totalCount } } }',
    participant,
  );
  expect(person.data).toEqual({ participant: { email, externalUsers: null, conversations: null } });
  for (const { errors } of [user, person])
    expect(errors?.map(({ extensions, path }) => [extensions.code, path?.length])).toEqual([
      ['FORBIDDEN', 2],
      ['FORBIDDEN', 2],
    ]);
});

test('a membership is named by its own id', async () => {
  const conversationId = await createConversation(tenant);
  const participant = { contact: { id: await createExternalUser(tenant) } };
  const { id } = await member(tenant, { conversationId, participant, status: 'PENDING' });
  const name = { conversationId, conversationParticipantId: id.toUpperCase() };
  const patch = mutation('patchConversationParticipant', 'participant { id status }');
  expect(dataOf(await patch({ ...name, status: 'ACTIVE' })).result.participant).toEqual({ id, status: 'ACTIVE' });
  const found = await tenant.graphql(
    'query ($c: ID!, $id: ID!) { conversationParticipant(conversationId: $c, conversationParticipantId: $id) { status } }',
    { c: conversationId, id },
  );
  expect(dataOf(found).conversationParticipant).toEqual({ status: 'ACTIVE' });
  const elsewhere = { ...name, conversationId: await createConversation(tenant) };
  for (const wrong of [
    elsewhere,
    { ...name, conversationParticipantId: newId() },
    { ...name, conversationParticipantId: 'none' },
  ])
    expect(problemOf(await patch(wrong)).code).toBe('CONVERSATION_PARTICIPANT_NOT_FOUND');
  expect(problemOf(await patch({ ...name, participantId: participant.contact.id })).code).toBe('VALIDATION_FAILED');
  const removed = mutation('removeConversationParticipant', 'removedId');
  expect(dataOf(await removed(name)).result.removedId).toBe(id);
});
