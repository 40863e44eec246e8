import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { dataOf, problemOf, startApp, type TestApp, type TestTenant } from '../app.ts';
import { createConversation, createExternalUser } from '../conversations/factories.ts';
import { createAgent, createAgentKey, createConfig, createParticipant } from '../factories.ts';
import { generate } from '../webhooks/webhooks.ts';

let service: TestApp;
let tenant: TestTenant;
beforeAll(async () => {
  service = await startApp();
  tenant = service.tenant;
});
afterAll(() => service.close());

const mutation =
  (name: string, shown: string) =>
  (input: Record<string, unknown>, of = tenant) => {
    const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
    return of.graphql(`mutation ($input: ${type}!) { result: ${name}(input: $input) { ${shown} } }`, { input });
  };
const query = async (document: string, variables: Record<string, unknown>) =>
  dataOf(await tenant.graphql(document, variables));

describe('an agent', () => {
  const update = mutation('updateAgent', 'agent { id name modifiedAt }');
  const remove = mutation('deleteAgent', 'deletedId goes { representatives bindings conversations memberships keys }');

  test('is renamed, by one of two who read the same', async () => {
    const agentId = await createAgent(tenant);
    const { agent } = dataOf(await update({ agentId, name: ' Help ' })).result;
    expect(agent).toMatchObject({ id: agentId, name: 'Help' });
    expect(dataOf(await update({ agentId, name: 'Help' })).result.agent).toEqual(agent);
    const both = ['A', 'B'].map((name) => update({ agentId, name, ifModifiedAt: agent.modifiedAt }));
    const codes = (await Promise.all(both)).map(({ errors }) => errors?.[0]?.extensions.code ?? 'won');
    expect(codes.sort()).toEqual(['CONFLICT', 'won']);
    expect(problemOf(await update({ agentId, name: null })).code).toBe('VALIDATION_FAILED');
    expect(problemOf(await update({ agentId: 'nobody' })).code).toBe('AGENT_NOT_FOUND');
  });

  test('that has nothing left is deleted once', async () => {
    const agentId = await createAgent(tenant);
    expect(dataOf(await remove({ agentId, preview: true })).result).toEqual({
      deletedId: null,
      goes: { representatives: 0, bindings: 0, conversations: 0, memberships: 0, keys: 0 },
    });
    expect(dataOf(await remove({ agentId })).result.deletedId).toBe(agentId);
    expect(problemOf(await remove({ agentId }))).toEqual({ code: 'AGENT_NOT_FOUND', status: 404 });
  });

  test('says what goes with it, and takes it along only by force', async () => {
    const agentId = await createAgent(tenant);
    const contact = await createParticipant(tenant, { agentIds: [agentId] });
    const bot = await createParticipant(tenant, { kind: 'AI_AGENT', relatedAgentId: agentId });
    const conversationId = await createConversation(tenant, { agentId });
    const { headers } = await createAgentKey(tenant, agentId);
    dataOf(await tenant.graphql('{ viewer { kind } }', {}, headers));
    const goes = { representatives: 1, bindings: 1, conversations: 1, memberships: 1, keys: 1 };
    expect(dataOf(await remove({ agentId, preview: true, force: true })).result).toEqual({ deletedId: null, goes });
    const refused = await remove({ agentId });
    expect(problemOf(refused)).toEqual({ code: 'CONFLICT', status: 409 });
    expect(refused.errors?.[0]?.extensions.errors?.map(({ message }) => message)).toEqual(
      Object.entries(goes).map(([name, count]) => `${name}: ${count}`),
    );
    expect(dataOf(await remove({ agentId, force: true })).result).toEqual({ deletedId: agentId, goes });
    const found = await query(
      `query ($contact: ID!, $bot: ID!, $conversation: ID!) { contact: participant(id: $contact) { agentIds }
         bot: participant(id: $bot) { id } conversation(id: $conversation) { agentId participants { id } } }`,
      { contact, bot, conversation: conversationId },
    );
    expect(found).toEqual({
      contact: { agentIds: [] },
      bot: null,
      conversation: { agentId: null, participants: [] },
    });
    expect(problemOf(await tenant.graphql('{ viewer { kind } }', {}, headers)).code).toBe('UNAUTHENTICATED');
  });
});

describe('an integration config', () => {
  const update = mutation('updateIntegrationConfig', 'integrationConfig { id name defaultRegion modifiedAt }');
  const remove = mutation('deleteIntegrationConfig', 'deletedId goes { channels webhookKeys unknownSenders }');

  test('changes its region, by which its channels are read anew', async () => {
    const integrationConfigId = await createConfig(tenant, 'sms');
    const id = await createParticipant(tenant, { channels: [{ integrationConfigId, address: '0171 1234567' }] });
    const user = await createExternalUser(tenant, { phoneNumber: '+491711234567' });
    const same = async () =>
      (await query('query ($id: ID!) { participant(id: $id) { reachable externalUsers { id } } }', { id })).participant;
    expect(await same()).toEqual({ reachable: false, externalUsers: [] });
    expect(
      dataOf(await update({ integrationConfigId, name: 'Texts', defaultRegion: 'de' })).result.integrationConfig,
    ).toMatchObject({ name: 'Texts', defaultRegion: 'DE' });
    expect(await same()).toEqual({ reachable: true, externalUsers: [{ id: user }] });
    dataOf(await update({ integrationConfigId, defaultRegion: null }));
    expect(await same()).toEqual({ reachable: false, externalUsers: [] });
    expect(problemOf(await update({ integrationConfigId, defaultRegion: 'XX' })).code).toBe('VALIDATION_FAILED');
    for (const unknown of [newId(), 'none'])
      expect(problemOf(await update({ integrationConfigId: unknown })).code).toBe('INTEGRATION_CONFIG_NOT_FOUND');
  });

  test('says what goes with it, and takes it along only by force, with the avatars that came from it', async () => {
    const integrationConfigId = await createConfig(tenant, 'slack', 'xoxb-good');
    const id = await createParticipant(tenant, { channels: [{ integrationConfigId, address: 'U0ADA' }] });
    await generate(tenant, { integrationConfigId });
    const { prisma } = service.app.database;
    const avatarFileId = newId();
    await prisma.file.create({ data: { tenantId: tenant.id, id: avatarFileId, path: avatarFileId } });
    await prisma.participant.updateMany({
      where: { id },
      data: {
        avatarFileId,
        avatarSource: 'CHANNEL',
        avatarSourceConfigId: integrationConfigId,
        avatarSourceAddress: 'U0ADA',
        avatarSyncedAt: new Date(),
      },
    });
    const goes = { channels: 1, webhookKeys: 1, unknownSenders: 0 };
    expect(dataOf(await remove({ integrationConfigId, preview: true })).result).toEqual({ deletedId: null, goes });
    expect(problemOf(await remove({ integrationConfigId }))).toEqual({ code: 'CONFLICT', status: 409 });
    const config = await query(
      '{ integrationConfigs { id activations { agentId bindingId address webhookUrl } } }',
      {},
    );
    expect(config.integrationConfigs.find((each: { id: string }) => each.id === integrationConfigId)).toEqual({
      id: integrationConfigId,
      activations: [{ agentId: null, bindingId: null, address: null, webhookUrl: null }],
    });
    expect(dataOf(await remove({ integrationConfigId, force: true })).result).toEqual({
      deletedId: integrationConfigId,
      goes,
    });
    const { participant } = await query(
      'query ($id: ID!) { participant(id: $id) { avatarFileId channels { id } unreachableReason } }',
      { id },
    );
    expect(participant).toEqual({ avatarFileId: null, channels: [], unreachableReason: 'NO_CHANNEL' });
    expect(problemOf(await remove({ integrationConfigId, force: true })).code).toBe('INTEGRATION_CONFIG_NOT_FOUND');
  });
});

test('an avatar is given by its file, and cleared with an empty text', async () => {
  const file = newId();
  await service.app.database.prisma.file.create({
    data: { tenantId: tenant.id, id: file, path: file, contentHash: file },
  });
  const shown = 'participant { id displayName avatarFileId avatarSource }';
  const create = mutation('createParticipant', shown);
  const update = mutation('updateParticipant', shown);
  const { participant } = dataOf(
    await create({ kind: 'PERSON', displayName: 'Ada', avatarFileId: file.toUpperCase() }),
  ).result;
  expect(participant).toMatchObject({ avatarFileId: file, avatarSource: 'UPLOADED' });
  const { id: participantId } = participant;
  expect(dataOf(await update({ participantId, avatarFileId: null })).result.participant).toEqual(participant);
  for (let time = 0; time < 2; time += 1)
    expect(dataOf(await update({ participantId, avatarFileId: '' })).result.participant).toMatchObject({
      avatarFileId: null,
      avatarSource: null,
    });
  for (const avatarFileId of [newId(), 'none']) {
    expect(problemOf(await update({ participantId, displayName: 'Eve', avatarFileId }))).toEqual({
      code: 'FILE_NOT_FOUND',
      status: 404,
    });
    expect(problemOf(await create({ kind: 'PERSON', displayName: 'Eve', avatarFileId })).code).toBe('FILE_NOT_FOUND');
  }
  expect(dataOf(await update({ participantId })).result.participant.displayName).toBe('Ada');
});

test('bindParticipants binds all or none, and names the unknown by index', async () => {
  const bind = mutation('bindParticipants', 'createdCount bindings { participantId agentId }');
  const agentId = await createAgent(tenant);
  const [one, two] = [await createParticipant(tenant, { agentIds: [agentId] }), await createParticipant(tenant)];
  const missing = await bind({ agentId, participantIds: [two, newId(), 'none'] });
  expect(problemOf(missing)).toEqual({ code: 'PARTICIPANT_NOT_FOUND', status: 404 });
  expect(missing.errors?.[0]?.extensions.errors?.map(({ path }) => path)).toEqual([
    ['input', 'participantIds', 1],
    ['input', 'participantIds', 2],
  ]);
  expect(problemOf(await bind({ agentId: 'nobody', participantIds: [two] })).code).toBe('AGENT_NOT_FOUND');
  for (const participantIds of [[], Array.from({ length: 101 }, () => two)])
    expect(problemOf(await bind({ agentId, participantIds })).code).toBe('VALIDATION_FAILED');
  const bound = [one, two].map((participantId) => ({ participantId, agentId }));
  const both = await Promise.all(
    [
      [one, two],
      [two, one, two],
    ].map((participantIds) => bind({ agentId, participantIds })),
  );
  const [first, second] = both.map((answer) => dataOf(answer).result);
  expect(first.bindings).toEqual(bound);
  expect(second.bindings).toEqual([bound[1], bound[0], bound[1]]);
  expect(first.createdCount + second.createdCount).toBe(1);
});

test('createExternalUsers creates all or none, and names what clashes by index', async () => {
  const create = mutation('createExternalUsers', 'externalUsers { id email }');
  const named = (email: string) => ({ firstName: 'A', lastName: 'B', email });
  const [a, b, taken] = ['a', 'b', 'taken'].map((name) => `${name}-${newId()}@example.com`) as [string, string, string];
  const existingId = await createExternalUser(tenant, { email: taken });
  const clash = await create({ users: [named(a), named(taken.toUpperCase()), named(b), named(a)] });
  expect(problemOf(clash)).toEqual({ code: 'USER_ALREADY_EXISTS', status: 400 });
  expect(clash.errors?.[0]?.extensions.errors?.map(({ path }) => path)).toEqual([
    ['input', 'users', 1, 'email'],
    ['input', 'users', 3, 'email'],
  ]);
  expect(clash.errors?.[0]?.extensions).toMatchObject({ field: 'email', existingId });
  const among = await create({ users: [named(a), named(a)] });
  expect(among.errors?.[0]?.extensions).toMatchObject({ field: 'email' });
  expect(among.errors?.[0]?.extensions).not.toHaveProperty('existingId');
  const wrong = await create({ users: [named(a), { firstName: 'A', lastName: 'B' }, named('none')] });
  expect(wrong.errors?.[0]?.extensions.errors?.map(({ path }) => path)).toEqual([
    ['input', 'users', 1],
    ['input', 'users', 2, 'email'],
  ]);
  for (const users of [[], Array.from({ length: 101 }, (_, index) => named(`${index}@example.com`))])
    expect(problemOf(await create({ users })).code).toBe('VALIDATION_FAILED');
  const { externalUsers } = dataOf(await create({ users: [named(b), named(a)] })).result;
  expect(externalUsers.map(({ email }: { email: string }) => email)).toEqual([b, a]);
});

test('participantConversations finds those of a user, a contact and an agent, and none of nobody', async () => {
  const agentId = await createAgent(tenant);
  const user = await createParticipant(tenant);
  const email = `${newId()}@example.com`;
  const contact = await createExternalUser(tenant, { email });
  const participants = [{ participant: { user: { id: user } } }, { participant: { contact: { id: contact } } }];
  const ids = [
    await createConversation(tenant, { agentId, participants }),
    await createConversation(tenant, { agentId, participants }),
  ];
  const found = async (by: Record<string, unknown>, args = '') => {
    const { participantConversations } = await query(
      `query ($by: ConversationsParticipantInput!) { participantConversations(by: $by${args}) { totalCount nodes { id } } }`,
      { by },
    );
    expect(participantConversations.totalCount).toBeGreaterThanOrEqual(participantConversations.nodes.length);
    return participantConversations.nodes.map(({ id }: { id: string }) => id);
  };
  const newestFirst = [...ids].reverse();
  for (const by of [
    { participantId: user.toUpperCase() },
    { participantId: contact },
    { participantId: agentId },
    { contact: { identifierKey: 'emailaddress', identifierValue: email.toUpperCase() } },
  ])
    expect(await found(by), JSON.stringify(by)).toEqual(newestFirst);
  expect(await found({ participantId: user }, ', last: 1')).toEqual([ids[0]]);
  for (const by of [
    { participantId: newId() },
    { participantId: 'nobody' },
    { contact: { identifierKey: 'emailaddress', identifierValue: `${newId()}@example.com` } },
  ])
    expect(await found(by)).toEqual([]);
});
