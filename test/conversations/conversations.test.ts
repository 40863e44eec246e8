import { describe, expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { dataOf, problemOf, type TestTenant } from '../app.ts';
import { createAgent, createAgentKey, createParticipant } from '../factories.ts';
import { later, useApp } from '../use-app.ts';
import { createConversation, createExternalUser, joinAll, member } from './factories.ts';

const service = useApp();
const tenant = later(() => service.tenant);

const listed = async (of: TestTenant, filter: Record<string, unknown> | null, headers?: Record<string, string>) => {
  const document =
    'query ($filter: ConversationFilter) { conversationsConnection(filter: $filter) { totalCount nodes { id } } }';
  const { conversationsConnection } = dataOf(await of.graphql(document, { filter }, headers));
  return {
    total: conversationsConnection.totalCount,
    ids: conversationsConnection.nodes.map(({ id }: { id: string }) => id),
  };
};

describe('createConversation', () => {
  const create = (input: Record<string, unknown>, headers?: Record<string, string>) =>
    tenant.graphql(
      `mutation ($input: CreateConversationInput!) { createConversation(input: $input) {
         conversation { id name agentId agent { name } status closedAt participants { id } } } }`,
      { input },
      headers,
    );

  test('opens one with or without a name and an agent', async () => {
    const agentId = await createAgent(tenant);
    expect(dataOf(await create({ name: '  Help  ', agentId })).createConversation.conversation).toMatchObject({
      name: 'Help',
      agentId,
      agent: { name: agentId },
      status: 'OPEN',
      closedAt: null,
      participants: [{ id: expect.any(String) }],
    });
    expect(dataOf(await create({ name: null })).createConversation.conversation).toMatchObject({
      name: null,
      agentId: null,
      agent: null,
    });
  });

  test('refuses a name that is none and an agent that is unknown', async () => {
    for (const name of [' ', 'x'.repeat(151)]) expect(problemOf(await create({ name })).code).toBe('VALIDATION_FAILED');
    expect(problemOf(await create({ agentId: 'nobody' }))).toEqual({ code: 'AGENT_NOT_FOUND', status: 404 });
  });

  test('under an agent’s key it is that agent’s, and never another’s', async () => {
    const [mine, theirs] = [await createAgent(tenant), await createAgent(tenant)];
    const { headers } = await createAgentKey(tenant, mine);
    const document =
      'mutation ($input: CreateConversationInput!) { createConversation(input: $input) { conversation { agentId } } }';
    for (const input of [{}, { agentId: null }, { agentId: mine }])
      expect(dataOf(await tenant.graphql(document, { input }, headers)).createConversation.conversation.agentId).toBe(
        mine,
      );
    expect(problemOf(await tenant.graphql(document, { input: { agentId: theirs } }, headers))).toEqual({
      code: 'FORBIDDEN',
      status: 403,
    });
    expect((await listed(tenant, { agentId: theirs })).total).toBe(0);
  });
});

describe('closeConversation', () => {
  const close = (conversationId: string, headers?: Record<string, string>) =>
    tenant.graphql(
      'mutation ($id: ID!) { closeConversation(input: { conversationId: $id }) { conversation { id status closedAt modifiedAt } } }',
      { id: conversationId },
      headers,
    );

  test('keeps the first time when it is repeated', async () => {
    const id = await createConversation(tenant);
    const first = dataOf(await close(id)).closeConversation.conversation;
    expect(first).toMatchObject({ id, status: 'CLOSED', closedAt: expect.any(String) });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(dataOf(await close(id)).closeConversation.conversation).toEqual(first);
  });

  test('of a conversation that the viewer does not see is a 404', async () => {
    const { headers } = await createAgentKey(tenant, await createAgent(tenant));
    const id = await createConversation(tenant);
    const other = await createConversation(await service.createTenant());
    for (const [each, as] of [
      [id, headers],
      [other, undefined],
      [newId(), undefined],
      ['no uuid', undefined],
    ] as const)
      expect(problemOf(await close(each, as))).toEqual({ code: 'CONVERSATION_NOT_FOUND', status: 404 });
    const { conversation } = dataOf(
      await tenant.graphql('query ($id: ID!) { conversation(id: $id) { status } }', { id }),
    );
    expect(conversation.status).toBe('OPEN');
  });
});

describe('who sees a conversation', () => {
  test('an agent’s key only its own agent’s: not by id, not in a list, not in a count', async () => {
    const fresh = await service.createTenant();
    const [mine, theirs] = [await createAgent(fresh), await createAgent(fresh)];
    const { headers } = await createAgentKey(fresh, mine);
    const own = await createConversation(fresh, { agentId: mine });
    const others = [await createConversation(fresh, { agentId: theirs }), await createConversation(fresh)];
    const contact = await createExternalUser(fresh);
    await joinAll(service, fresh, [own, ...others], { contactId: contact });

    expect(await listed(fresh, null, headers)).toEqual({ total: 1, ids: [own] });
    expect(await listed(fresh, { agentId: theirs }, headers)).toEqual({ total: 0, ids: [] });
    expect(await listed(fresh, { externalUserId: contact }, headers)).toEqual({ total: 1, ids: [own] });
    const document = 'query ($id: ID!) { conversation(id: $id) { id } }';
    for (const id of [own, ...others]) {
      const { conversation } = dataOf(await fresh.graphql(document, { id }, headers));
      expect(conversation?.id).toBe(id === own ? own : undefined);
    }
    const edges = dataOf(
      await fresh.graphql(
        'query ($id: ID!) { externalUser(id: $id) { conversationIds conversations { totalCount nodes { id } } } }',
        { id: contact },
        headers,
      ),
    );
    expect(edges.externalUser).toEqual({
      conversationIds: [own],
      conversations: { totalCount: 1, nodes: [{ id: own }] },
    });
  });

  test('nobody of another tenant', async () => {
    const id = await createConversation(tenant);
    const other = await service.createTenant();
    expect(
      dataOf(await other.graphql('query ($id: ID!) { conversation(id: $id) { id } }', { id })).conversation,
    ).toBeNull();
    expect((await listed(other, null)).total).toBe(0);
    expect(dataOf(await other.graphql('{ conversation(id: "no uuid") { id } }')).conversation).toBeNull();
  });

  test('viewers with conversations:read; its agent and its people need their own scopes', async () => {
    const agentId = await createAgent(tenant);
    const conversationId = await createConversation(tenant, { agentId });
    const user = await createParticipant(tenant, { displayName: 'Ada' });
    const contact = await createExternalUser(tenant, { firstName: 'Grace', lastName: 'Hopper' });
    for (const participant of [{ user: { id: user } }, { contact: { id: contact } }, { flow: { id: 'f' } }])
      await member(tenant, { conversationId, participant });
    const document = `query ($id: ID!) { conversation(id: $id) { agent { id } participants { displayName subject { __typename } } } }`;
    const as = async (...scopes: Parameters<TestTenant['token']>) =>
      tenant.graphql(document, { id: conversationId }, { authorization: `Bearer ${await tenant.token(...scopes)}` });

    const all = dataOf(await as(['conversations:read', 'participants:read', 'users:read'])).conversation;
    expect(all).toEqual({
      agent: { id: agentId },
      participants: [
        { displayName: agentId, subject: { __typename: 'Agent' } },
        { displayName: 'Ada', subject: { __typename: 'Participant' } },
        { displayName: 'Grace Hopper', subject: { __typename: 'ExternalUser' } },
        { displayName: null, subject: null },
      ],
    });
    const only = await as(['conversations:read']);
    expect(only.data.conversation.participants.map(({ displayName }: { displayName: string }) => displayName)).toEqual([
      agentId,
      'Ada',
      'Grace Hopper',
      null,
    ]);
    expect(only.errors?.map(({ path, extensions }) => [path?.slice(1).join('.'), extensions.code]).sort()).toEqual([
      ['agent', 'FORBIDDEN'],
      ['participants.0.subject', 'FORBIDDEN'],
      ['participants.1.subject', 'FORBIDDEN'],
      ['participants.2.subject', 'FORBIDDEN'],
    ]);
    expect((await as(['conversations:read', 'users:read'])).data.conversation.participants[2].subject).not.toBeNull();
    expect(problemOf(await as(['participants:read'])).code).toBe('FORBIDDEN');
  });
});
