import { describe, expect, test } from 'vitest';
import { type Answer, dataOf, type TestTenant, type Untyped } from '../app.ts';
import { createConversation, createExternalUser, member } from '../conversations/factories.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import { useApp } from '../use-app.ts';

const service = useApp();

const call = (tenant: TestTenant, name: string, input: object, shown: string) => {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
  return tenant.graphql(`mutation ($input: ${type}!) { ${name}(input: $input) { ${shown} } }`, { input });
};
const outcomes = (answers: readonly Answer<Untyped>[]) =>
  answers.map(({ errors }) => errors?.[0]?.extensions.code ?? 'won').sort();

type Made = { naming: object; modifiedAt: string };
const created = async (tenant: TestTenant, id: string, naming: object): Promise<Made> => {
  const types = [
    'Participant',
    'ExternalUser',
    'Conversation',
    'Channel',
    'ConversationParticipant',
    'IntegrationConfig',
  ];
  const document = `query ($id: ID!) { node(id: $id) { ${types.map((type) => `... on ${type} { modifiedAt }`).join(' ')} } }`;
  return { naming, modifiedAt: dataOf(await tenant.graphql(document, { id })).node.modifiedAt };
};
const channelOf = async (tenant: TestTenant): Promise<Made> => {
  const channels = [{ integrationConfigId: await createConfig(tenant), address: 'U0001' }];
  const document = 'query ($id: ID!) { participant(id: $id) { channels { id modifiedAt } } }';
  const answer = await tenant.graphql(document, { id: await createParticipant(tenant, { channels }) });
  const [{ id, modifiedAt }] = dataOf(answer).participant.channels;
  return { naming: { channelId: id }, modifiedAt };
};

/** For each change that takes `ifModifiedAt`: what it changes, and what to, by a number. */
const updates: Record<string, { make(tenant: TestTenant): Promise<Made>; change(number: number): object }> = {
  updateAgent: {
    async make(tenant) {
      const id = await createAgent(tenant);
      const answer = await tenant.graphql('query ($id: ID!) { agent(id: $id) { modifiedAt } }', { id });
      return { naming: { agentId: id }, modifiedAt: dataOf(answer).agent.modifiedAt };
    },
    change: (number) => ({ name: `Agent ${number}` }),
  },
  updateIntegrationConfig: {
    async make(tenant) {
      const id = await createConfig(tenant);
      return created(tenant, id, { integrationConfigId: id });
    },
    change: (number) => ({ name: `Config ${number}` }),
  },
  updateParticipant: {
    async make(tenant) {
      const id = await createParticipant(tenant);
      return created(tenant, id, { participantId: id });
    },
    change: (number) => ({ displayName: `Person ${number}` }),
  },
  updateExternalUser: {
    async make(tenant) {
      const id = await createExternalUser(tenant);
      return created(tenant, id, { externalUserId: id });
    },
    change: (number) => ({ metadataPatch: { number } }),
  },
  updateConversation: {
    async make(tenant) {
      const id = await createConversation(tenant);
      return created(tenant, id, { conversationId: id });
    },
    change: (number) => ({ name: `Talk ${number}` }),
  },
  updateChannel: { make: channelOf, change: (number) => ({ priority: number + 1 }) },
  removeChannel: { make: channelOf, change: () => ({}) },
  patchConversationParticipant: {
    async make(tenant) {
      const conversationId = await createConversation(tenant);
      const participant = { user: { id: await createParticipant(tenant) } };
      const { id } = await member(tenant, { conversationId, participant, status: 'PENDING' });
      return created(tenant, id, { conversationId, conversationParticipantId: id });
    },
    change: (number) => ({ status: number % 2 ? 'ACTIVE' : 'INVITED' }),
  },
};

test.each(Object.entries(updates))(
  '%s with ifModifiedAt lets one of many at once win',
  async (name, { make, change }) => {
    const { tenant } = service;
    const { naming, modifiedAt } = await make(tenant);
    const at = (number: number) =>
      call(tenant, name, { ...naming, ...change(number), ifModifiedAt: modifiedAt }, '__typename');
    const [first, ...others] = outcomes(
      await Promise.all(Array.from({ length: 6 }, (_, number) => at(number))),
    ).reverse();
    expect(first).toBe('won');
    const refused = name === 'removeChannel' ? 'CHANNEL_NOT_FOUND' : 'CONFLICT';
    expect(new Set(others)).toEqual(new Set([refused]));
  },
);

describe('a deletion with what goes with it', () => {
  test('of an agent, while others use it: once, and nothing of it is left', async () => {
    const { tenant } = service;
    const { prisma } = service.app.database;
    for (let round = 0; round < 4; round++) {
      const agentId = await createAgent(tenant);
      const representative = await createParticipant(tenant, { kind: 'AI_AGENT', relatedAgentId: agentId });
      const participantId = await createParticipant(tenant, { agentIds: [agentId] });
      const other = await createParticipant(tenant);
      const conversationId = await createConversation(tenant, { agentId });
      const elsewhere = await createConversation(tenant);
      const remove = () => call(tenant, 'deleteAgent', { agentId, force: true }, 'deletedId');
      const [deletions, uses] = await Promise.all([
        Promise.all([remove(), remove(), remove()]),
        Promise.all([
          call(tenant, 'bindParticipant', { participantId: other, agentId }, 'created'),
          call(tenant, 'bindParticipant', { participantId: representative, agentId }, 'created'),
          call(tenant, 'unbindParticipant', { participantId, agentId }, 'removed'),
          call(tenant, 'createConversation', { agentId }, 'conversation { id }'),
          call(tenant, 'updateConversation', { conversationId, name: 'Talk' }, 'conversation { id }'),
          call(tenant, 'updateAgent', { agentId, name: 'Another' }, '__typename'),
          call(
            tenant,
            'ensureConversationParticipant',
            { conversationId: elsewhere, participant: { agent: { id: agentId } } },
            'created',
          ),
        ]),
      ]);
      expect(outcomes(deletions)).toEqual(['AGENT_NOT_FOUND', 'AGENT_NOT_FOUND', 'won']);
      for (const code of outcomes(uses))
        expect(code).toMatch(/^(won|AGENT_NOT_FOUND|PARTICIPANT_NOT_FOUND|CONFLICT|UNAVAILABLE)$/);
      const where = { tenantId: tenant.id, agentId };
      const left = await Promise.all([
        prisma.binding.count({ where }),
        prisma.conversation.count({ where }),
        prisma.conversationMember.count({ where }),
        prisma.participant.count({ where: { tenantId: tenant.id, relatedAgentId: agentId } }),
      ]);
      expect(left).toEqual([0, 0, 0, 0]);
    }
  });

  test('of an integration config, while others use it: once, and nothing of it is left', async () => {
    const { tenant } = service;
    const { prisma } = service.app.database;
    for (let round = 0; round < 4; round++) {
      const integrationConfigId = await createConfig(tenant);
      const channels = [{ integrationConfigId, address: 'U0001' }];
      const participantId = await createParticipant(tenant, { channels });
      const other = await createParticipant(tenant);
      const remove = () => call(tenant, 'deleteIntegrationConfig', { integrationConfigId, force: true }, 'deletedId');
      const channel = { integrationConfigId, address: 'U0002' };
      const [deletions, uses] = await Promise.all([
        Promise.all([remove(), remove(), remove()]),
        Promise.all([
          call(tenant, 'addParticipantChannel', { participantId: other, ...channel }, '__typename'),
          call(tenant, 'addParticipantChannel', { participantId, ...channel }, '__typename'),
          call(tenant, 'updateParticipant', { participantId, channels: [channel] }, '__typename'),
          call(tenant, 'createParticipant', { kind: 'PERSON', displayName: 'Bo', channels }, '__typename'),
          call(tenant, 'updateIntegrationConfig', { integrationConfigId, defaultRegion: 'US' }, '__typename'),
          call(tenant, 'generateWebhookUrl', { integrationConfigId }, '__typename'),
        ]),
      ]);
      expect(outcomes(deletions)).toEqual(['INTEGRATION_CONFIG_NOT_FOUND', 'INTEGRATION_CONFIG_NOT_FOUND', 'won']);
      for (const code of outcomes(uses))
        expect(code).toMatch(/^(won|INTEGRATION_CONFIG_NOT_FOUND|CHANNEL_NOT_FOUND|CONFLICT|UNAVAILABLE)$/);
      const where = { tenantId: tenant.id, integrationConfigId };
      const left = await Promise.all([prisma.channel.count({ where }), prisma.webhookKey.count({ where })]);
      expect(left).toEqual([0, 0]);
    }
  });
});
