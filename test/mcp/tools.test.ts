import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scopes } from '../../src/auth/scopes.ts';
import { dataOf, startApp, type TestApp, type TestTenant } from '../app.ts';
import { createAccessKey, createAgent, createAgentKey, createParticipant } from '../factories.ts';
import { call, connect } from './client.ts';

let service: TestApp;
let tenant: TestTenant;
let client: Client;
let agentId: string;
let participantId: string;
let conversationId: string;
let externalUserId: string;
beforeAll(async () => {
  service = await startApp();
  tenant = service.tenant;
  agentId = await createAgent(tenant, 'support');
  const whole = { agentIds: [agentId], displayName: 'Ada Lovelace', email: 'ada@example.com' };
  participantId = await createParticipant(tenant, whole);
  const user = { firstName: 'Ada', lastName: 'Lovelace', email: 'ADA@example.com', fkId: 'crm-1' };
  const made = await tenant.graphql(
    'mutation ($user: CreateExternalUserInput!) { createExternalUser(input: $user) { externalUser { id } } createConversation(input: { name: "Order", agentId: "support" }) { conversation { id } } }',
    { user },
  );
  externalUserId = dataOf(made).createExternalUser.externalUser.id;
  conversationId = dataOf(made).createConversation.conversation.id;
  client = await connect(service, { authorization: `Bearer ${await tenant.token()}` });
});
afterAll(async () => {
  await client.close();
  await service.close();
});

const asBearer = async (of: TestTenant, granted: readonly (typeof scopes)[number][] = scopes) =>
  connect(service, { authorization: `Bearer ${await of.token(granted)}` });

describe('the list of tools', () => {
  test('says of each when to use it, what it answers, and what it never does', async () => {
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual([
      'who_is',
      'find_external_user',
      'list_contacts',
      'get_conversation_participants',
      'ensure_conversation_participant',
      'sync_avatar',
    ]);
    for (const { name, description, title, annotations } of tools) {
      expect(title, name).toMatch(/\S/);
      expect(description, name).toMatch(/Use (it|this)|For one contact/);
      expect(description, name).toMatch(/[Aa]nswer/);
      expect(description, name).toMatch(/It never /);
      expect(Object.keys(annotations ?? {}).sort(), name).toEqual(
        ['destructiveHint', 'idempotentHint', 'openWorldHint', 'readOnlyHint', 'title'].sort(),
      );
    }
    expect(tools.filter(({ annotations }) => annotations?.readOnlyHint).map(({ name }) => name)).toEqual([
      'who_is',
      'find_external_user',
      'list_contacts',
      'get_conversation_participants',
    ]);
    expect(client.getInstructions()).toMatch('who_is');
    expect(client.getServerVersion()).toMatchObject({ name: 'rollcall' });
  });

  test('has the inputs that the documents take, with the descriptions of the schema', async () => {
    const { tools } = await client.listTools();
    const inputOf = (name: string) => tools.find((tool) => tool.name === name)?.inputSchema;
    expect(inputOf('who_is')).toMatchObject({
      type: 'object',
      required: ['by'],
      additionalProperties: false,
      properties: {
        by: {
          type: 'object',
          description: expect.stringMatching(/\S/),
          minProperties: 1,
          maxProperties: 1,
          additionalProperties: false,
          properties: {
            email: { type: 'string', description: expect.stringMatching(/\S/) },
            channel: { type: 'object', required: ['address', 'provider'] },
          },
        },
      },
    });
    expect(inputOf('list_contacts')).toMatchObject({
      required: [],
      properties: {
        agentId: { type: 'string', description: expect.stringMatching(/\S/) },
        reachable: { type: 'boolean' },
        first: { type: 'integer', default: 20 },
      },
    });
    expect(inputOf('ensure_conversation_participant')).toMatchObject({
      required: ['conversationId', 'participant'],
      properties: {
        status: { type: 'string', enum: ['ACTIVE', 'INVITED', 'PENDING'] },
        participant: {
          maxProperties: 1,
          properties: { contactByIdentifier: { required: ['identifierKey', 'identifierValue'] } },
        },
      },
    });
    expect(inputOf('sync_avatar')).toMatchObject({
      required: [],
      properties: { participantId: { type: 'string' }, channelId: {}, agentId: { type: 'string' } },
    });
  });
});

describe('a call answers with its document’s data', () => {
  test('who_is', async () => {
    const { data, texts, isError } = await call(client, 'who_is', { by: { email: 'ada@example.com' } });
    expect(isError).toBe(false);
    expect(data.whoIs.participants).toEqual([
      expect.objectContaining({ id: participantId, displayName: 'Ada Lovelace', agentIds: ['support'] }),
    ]);
    expect(data.whoIs.externalUsers).toEqual([expect.objectContaining({ id: externalUserId })]);
    expect(texts.map((text) => JSON.parse(text))).toEqual([data]);
    expect((await call(client, 'who_is', { email: 'ada@example.com' })).data).toEqual(data);
  });

  test('find_external_user', async () => {
    const found = await call(client, 'find_external_user', { by: { fkId: 'crm-1' } });
    expect(found.data.searchExternalUser).toMatchObject({ externalUser: { id: externalUserId, firstName: 'Ada' } });
    const nobody = await call(client, 'find_external_user', { by: { fkId: 'crm-2' } });
    expect(nobody).toMatchObject({ isError: false, data: { searchExternalUser: null } });
  });

  test('list_contacts', async () => {
    const other = await createParticipant(tenant, { displayName: 'Charles Babbage', agentIds: [agentId] });
    const first = await call(client, 'list_contacts', { agentId, first: 1 });
    const { nodes, pageInfo, totalCount } = first.data.participantsConnection;
    expect([nodes.length, totalCount, pageInfo.hasNextPage]).toEqual([1, 2, true]);
    const second = await call(client, 'list_contacts', { agentId, first: 1, after: pageInfo.endCursor });
    expect([nodes[0].id, second.data.participantsConnection.nodes[0].id].sort()).toEqual([participantId, other].sort());
    const named = await call(client, 'list_contacts', { query: 'babb' });
    expect(named.data.participantsConnection.nodes).toEqual([expect.objectContaining({ id: other })]);
    expect((await call(client, 'list_contacts', {})).data.participantsConnection.nodes).toHaveLength(2);
  });

  test('ensure_conversation_participant and get_conversation_participants', async () => {
    const given = {
      conversationId,
      participant: { contactByIdentifier: { identifierKey: 'emailaddress', identifierValue: 'new@example.com' } },
      status: 'PENDING',
    };
    const added = await call(client, 'ensure_conversation_participant', given);
    expect(added.data.ensureConversationParticipant).toMatchObject({
      created: true,
      participant: { type: 'CONTACT', status: 'PENDING' },
    });
    const again = await call(client, 'ensure_conversation_participant', { ...given, status: 'ACTIVE' });
    expect(again.data.ensureConversationParticipant).toMatchObject({
      created: false,
      participant: { status: 'PENDING' },
    });
    const { data } = await call(client, 'get_conversation_participants', { conversationId });
    expect(data.conversation.participantsConnection.nodes.map(({ type }: { type: string }) => type)).toEqual([
      'AGENT',
      'CONTACT',
    ]);
  });

  test('with an agent’s key and with an access key', async () => {
    const agent = await connect(service, (await createAgentKey(tenant, agentId)).headers);
    const found = await call(agent, 'find_external_user', { by: { email: 'ada@example.com' } });
    expect(found.data.searchExternalUser.externalUser.id).toBe(externalUserId);
    expect((await call(agent, 'list_contacts', {})).data).toMatchObject({ code: 'FORBIDDEN', status: 403 });
    const key = await connect(service, (await createAccessKey(tenant, ['PARTICIPANTS_READ'])).headers);
    expect((await call(key, 'list_contacts', {})).isError).toBe(false);
  });

  test('and the history names the request and the operation', async () => {
    const participant = { agent: { id: await createAgent(tenant, 'sales') } };
    const { data } = await call(client, 'ensure_conversation_participant', { conversationId, participant });
    const { id } = data.ensureConversationParticipant.participant;
    const entries = dataOf(
      await tenant.graphql('{ historyConnection(first: 50) { nodes { operation requestId subject { id } } } }'),
    ).historyConnection.nodes;
    expect(entries.find(({ subject }: { subject: { id: string } }) => subject?.id === id)).toMatchObject({
      operation: expect.stringMatching('ensureConversationParticipant'),
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });
});

describe('a call is refused', () => {
  test('without the scope, with the catalogue’s code', async () => {
    const poor = await asBearer(tenant, ['participants:read']);
    const refused = await call(poor, 'find_external_user', { by: { fkId: 'crm-1' } });
    expect(refused).toMatchObject({
      isError: true,
      data: { code: 'FORBIDDEN', status: 403, instance: expect.any(String) },
    });
    expect(refused.texts[0]).toMatch(/^FORBIDDEN: /);
    // What the credential may not read is left out, as in the graph.
    const part = await call(poor, 'who_is', { by: { email: 'ada@example.com' } });
    expect(part).toMatchObject({ isError: false, data: { whoIs: { externalUsers: [] } } });
    expect(part.data.whoIs.participants).toHaveLength(1);
  });

  test('in another tenant, where nothing of this one exists', async () => {
    const other = await asBearer(await service.createTenant());
    expect((await call(other, 'who_is', { by: { email: 'ada@example.com' } })).data.whoIs).toEqual({
      participants: [],
      externalUsers: [],
      conversationParticipants: [],
    });
    expect((await call(other, 'list_contacts', {})).data.participantsConnection.totalCount).toBe(0);
    expect((await call(other, 'get_conversation_participants', { conversationId })).data).toEqual({
      conversation: null,
    });
    const participant = { flow: { id: 'f' } };
    const ensured = await call(other, 'ensure_conversation_participant', { conversationId, participant });
    expect(ensured).toMatchObject({ isError: true, data: { code: 'CONVERSATION_NOT_FOUND' } });
    const synced = await call(other, 'sync_avatar', { participantId, channelId: participantId });
    expect(synced).toMatchObject({ isError: true, data: { code: 'PARTICIPANT_NOT_FOUND' } });
    expect((await call(other, 'sync_avatar', { agentId })).data).toMatchObject({ code: 'AGENT_NOT_FOUND' });
  });

  test.each<[string, Record<string, unknown>, string, RegExp]>([
    ['who_is', {}, 'BAD_USER_INPUT', /"\$by" of required type/],
    ['who_is', { by: {} }, 'BAD_USER_INPUT', /[Ee]xactly one/],
    ['who_is', { by: { email: 'a@b.example', fkId: '1' } }, 'BAD_USER_INPUT', /[Ee]xactly one/],
    ['who_is', { by: { email: 1 } }, 'BAD_USER_INPUT', /String cannot represent/],
    ['who_is', { by: { email: 'no' } }, 'VALIDATION_FAILED', /by\.email: /],
    ['who_is', { name: 'Ada' }, 'BAD_USER_INPUT', /takes \{ by \}, and nothing else/],
    ['who_is', { by: { fkId: '1' }, first: 1 }, 'BAD_USER_INPUT', /and nothing else/],
    ['list_contacts', { first: 101 }, 'VALIDATION_FAILED', /100/],
    ['list_contacts', { query: 'x' }, 'VALIDATION_FAILED', /two|2/],
    ['list_contacts', { __proto__x: 1 }, 'BAD_USER_INPUT', /and nothing else/],
    ['list_contacts', { constructor: 1 }, 'BAD_USER_INPUT', /and nothing else/],
    ['get_conversation_participants', { conversationId: ['x'] }, 'BAD_USER_INPUT', /ID cannot represent/],
    ['sync_avatar', {}, 'BAD_USER_INPUT', /participantId, channelId\?.* or \{ agentId \}/],
    ['sync_avatar', { participantId: 'x', agentId: 'y' }, 'BAD_USER_INPUT', /and nothing else/],
  ])('%s %j: %s', async (name, given, code, words) => {
    const { isError, data, texts } = await call(client, name, given);
    expect([isError, data.code]).toEqual([true, code]);
    expect(texts.join('\n')).toMatch(words);
  });

  test('when there is no tool of that name', async () => {
    for (const name of ['delete_everything', '__proto__', 'constructor'])
      await expect(call(client, name, {})).rejects.toThrow('There is no tool');
  });
});
