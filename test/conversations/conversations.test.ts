import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { dataOf, problemOf, startApp, type TestApp, type TestTenant } from '../app.ts';
import { createAgent, createAgentKey, createConfig, createParticipant } from '../factories.ts';
import { createConversation, createExternalUser, joinAll, manyConversations, member } from './factories.ts';

let service: TestApp;
let tenant: TestTenant;
beforeAll(async () => {
  service = await startApp();
  tenant = service.tenant;
});
afterAll(() => service.close());

type Identified = { id: string };
const ids = (rows: readonly Identified[]) => rows.map(({ id }) => id);

const listed = async (of: TestTenant, filter: Record<string, unknown> | null, headers?: Record<string, string>) => {
  const document =
    'query ($filter: ConversationFilter) { conversationsConnection(filter: $filter) { totalCount nodes { id } } }';
  const { conversationsConnection } = dataOf(await of.graphql(document, { filter }, headers));
  return { total: conversationsConnection.totalCount, ids: ids(conversationsConnection.nodes) };
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

describe('the inbox', () => {
  const addFlows = (of: TestTenant, conversationId: string, count: number) =>
    service.app.database.prisma.conversationMember.createMany({
      data: Array.from({ length: count }, (_, n) => ({
        tenantId: of.id,
        id: newId(),
        conversationId,
        type: 'FLOW' as const,
        participantId: `flow-${n}`,
      })),
    });

  test('of twenty conversations with people of every kind and their channels takes one statement', async () => {
    const fresh = await service.createTenant();
    const config = await createConfig(fresh, 'sms');
    const agentId = await createAgent(fresh);
    const people = await Promise.all(
      [0, 1, 2].map((n) =>
        createParticipant(fresh, {
          displayName: `Person ${n}`,
          channels: [{ integrationConfigId: config, address: `+1415555010${n}` }],
        }),
      ),
    );
    const contact = await createExternalUser(fresh, { firstName: 'Grace', lastName: 'Hopper' });
    const conversations = await manyConversations(service, fresh, 25, { agentId });
    for (const userId of people) await joinAll(service, fresh, conversations, { userId });
    await joinAll(service, fresh, conversations, { contactId: contact });

    const answer = await fresh.graphql(`{
      conversationsConnection(first: 20) { nodes { id name participants {
        id participantId type status displayName avatarUrl contact { identifierValue }
        subject { ... on Participant { id createdAt disabledAt channels { address } } ... on ExternalUser { firstName modifiedAt } ... on Agent { name } }
      } } } }`);
    const { nodes } = dataOf(answer).conversationsConnection;
    expect(ids(nodes)).toEqual(conversations.slice(0, 20));
    for (const { participants } of nodes) {
      expect(participants).toHaveLength(4);
      expect(participants.slice(0, 3).map((each: { subject: unknown }) => each.subject)).toEqual(
        people.map((id, n) => ({
          id,
          createdAt: expect.stringMatching(/Z$/),
          disabledAt: null,
          channels: [{ address: `+1415555010${n}` }],
        })),
      );
      expect(participants[3]).toMatchObject({
        displayName: 'Grace Hopper',
        type: 'CONTACT',
        subject: { firstName: 'Grace' },
      });
    }
    expect(answer.statements).toHaveLength(1);
  });

  test.each([
    [20, 50, 55],
    [100, 10, 13],
  ])(
    'on a page of %i, conversations of more than %i participants have theirs read by themselves',
    async (first, most, many) => {
      const fresh = await service.createTenant();
      const [crowded, full, empty] = (await manyConversations(service, fresh, 3)) as [string, string, string];
      await addFlows(fresh, crowded, many);
      await addFlows(fresh, full, most);
      const document = `{ conversationsConnection(first: ${first}) { nodes { id participants { participantId } } } }`;
      const answer = await fresh.graphql(document);
      const flows = (count: number) => Array.from({ length: count }, (_, n) => ({ participantId: `flow-${n}` }));
      expect(dataOf(answer).conversationsConnection.nodes).toEqual([
        { id: crowded, participants: flows(many) },
        { id: full, participants: flows(most) },
        { id: empty, participants: [] },
      ]);
      expect(answer.statements).toHaveLength(2);
    },
  );

  test('shows a membership’s own name and avatar before its subject’s', async () => {
    const conversationId = await createConversation(tenant);
    const { id } = await member(tenant, {
      conversationId,
      participant: { user: { id: await createParticipant(tenant) } },
    });
    await service.app.database.prisma.conversationMember.update({
      where: { tenantId_id: { tenantId: tenant.id, id } },
      data: { displayName: 'Incognito', avatarUrl: 'https://example.com/mask.png' },
    });
    const document = 'query ($id: ID!) { conversation(id: $id) { participants { displayName avatarUrl } } }';
    expect(dataOf(await tenant.graphql(document, { id: conversationId })).conversation.participants).toEqual([
      { displayName: 'Incognito', avatarUrl: 'https://example.com/mask.png' },
    ]);
  });

  test('an unpaged list over 10,000 is refused, the connection is not', async () => {
    const fresh = await service.createTenant();
    const conversationId = await createConversation(fresh);
    const data = Array.from({ length: 10_001 }, (_, index) => ({
      tenantId: fresh.id,
      id: newId(),
      conversationId,
      type: 'FLOW' as const,
      participantId: `f${index}`,
    }));
    await service.app.database.prisma.conversationMember.createMany({ data });
    const unpaged = await fresh.graphql('query ($id: ID!) { conversation(id: $id) { participants { id } } }', {
      id: conversationId,
    });
    expect(problemOf(unpaged)).toEqual({ code: 'RESULT_TOO_LARGE', status: 413 });
    const paged = await fresh.graphql(
      'query ($id: ID!) { conversation(id: $id) { participantsConnection(last: 2) { totalCount totalCountAtLeast nodes { id } } } }',
      { id: conversationId },
    );
    const sorted = ids(data).sort();
    expect(dataOf(paged).conversation.participantsConnection).toEqual({
      totalCount: null,
      totalCountAtLeast: 10_000,
      nodes: sorted.slice(-2).map((id) => ({ id })),
    });
    await service.app.database.prisma.conversationMember.delete({
      where: { tenantId_id: { tenantId: fresh.id, id: sorted[0] as string } },
    });
    const fits = await fresh.graphql('query ($id: ID!) { conversation(id: $id) { participants { id } } }', {
      id: conversationId,
    });
    expect(dataOf(fits).conversation.participants).toHaveLength(10_000);
  });
});
