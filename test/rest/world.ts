import { newId } from '../../src/database/ids.ts';
import { dataOf, type TestApp, type TestTenant } from '../app.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import type { RestRequest } from './caller.ts';

/** A tenant with something for every operation to be about. */
export type RestWorld = {
  tenant: TestTenant;
  authorization: string;
  agent: string;
  config: string;
  participant: string;
  conversation: string;
  user: { id: string; email: string; phoneNumber: string };
  /** An unknown sender that waits for a decision. */
  request: string;
};

export const nobody = '0198f000-0000-7000-8000-000000000000';

let made = 0;

export async function createRestWorld(service: TestApp): Promise<RestWorld> {
  const tenant = await service.createTenant();
  const agent = await createAgent(tenant);
  const config = await createConfig(tenant, 'slack', 'xoxb-good');
  const participant = await createParticipant(tenant, {
    displayName: 'Ada Lovelace',
    channels: [{ integrationConfigId: config, address: 'U0ADA' }],
    agentIds: [agent],
  });
  const email = `grace-${++made}@example.com`;
  const phoneNumber = `+1415555${String(1000 + made)}`;
  const data = dataOf(
    await tenant.graphql(
      `mutation ($user: CreateExternalUserInput!, $talk: CreateConversationInput!) {
        createExternalUser(input: $user) { user { id } }
        createConversation(input: $talk) { conversation { id } } }`,
      { user: { firstName: 'Grace', lastName: 'Hopper', email, phoneNumber }, talk: { name: 'Talk', agentId: agent } },
    ),
  );
  const user = { id: data.createExternalUser.user.id as string, email, phoneNumber };
  const conversation: string = data.createConversation.conversation.id;
  for (const member of [{ user: { id: participant } }, { contact: { id: user.id } }])
    dataOf(
      await tenant.graphql(
        'mutation ($input: EnsureConversationParticipantInput!) { ensureConversationParticipant(input: $input) { created } }',
        { input: { conversationId: conversation, participant: member } },
      ),
    );
  const request = await createRequest(service, { tenantId: tenant.id, integrationConfigId: config, agentId: agent });
  const authorization = `Bearer ${await tenant.token()}`;
  return { tenant, authorization, agent, config, participant, conversation, user, request };
}

type OfRequest = { tenantId: string; integrationConfigId: string; agentId: string | null; address?: string };

/** Makes an unknown sender that waits for a decision; returns its id. */
export async function createRequest(service: TestApp, of: OfRequest): Promise<string> {
  const at = new Date(1_750_000_000_000);
  const data = {
    id: newId(),
    address: `U0STRANGER${++made}`,
    displayName: 'A stranger',
    messageCount: 2,
    firstMessageAt: at,
    lastMessageAt: at,
  };
  await service.app.database.prisma.unknownSender.create({ data: { ...data, ...of } });
  return data.id;
}

/** What is put in the place of each name in a path, of that world or of nobody. */
export const pathOf = (path: string, { tenant, agent, config, participant, conversation, user, request }: RestWorld) =>
  filled(path, {
    tenant: tenant.id,
    workspaceId: tenant.id,
    participant,
    binding: agent,
    provider: 'slack',
    config,
    participantAccessRequest: request,
    conversationId: conversation,
    conversationParticipantId: user.id,
    identifierKey: 'emailaddress',
    identifierValue: encodeURIComponent(user.email),
    id: user.id,
    agentId: agent,
  });

/** The same path about things that are nobody's, in that tenant. */
export const pathOfNobody = (path: string, tenantId: string) =>
  filled(path, {
    tenant: tenantId,
    workspaceId: tenantId,
    provider: 'slack',
    binding: 'nobody',
    identifierKey: 'emailaddress',
    identifierValue: 'nobody%40example.com',
  });

export const filled = (path: string, values: Readonly<Record<string, string>>) =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? nobody);

/** What each operation that needs more than its path is sent, by `face.operation`. */
export const inputs: Readonly<Record<string, (world: RestWorld) => RestRequest>> = {
  'users.createUser': () => ({ body: { firstName: 'Ada', lastName: 'L', email: `ada-${++made}@example.com` } }),
  'users.searchUser': ({ user }) => ({ query: `email=${encodeURIComponent(user.email)}` }),
  'conversations.ensureParticipant': () => ({
    body: { type: 'contact', contact: { identifierKey: 'emailaddress', identifierValue: `c-${++made}@example.com` } },
  }),
  'conversations.updateParticipant': () => ({ body: { status: 'active' } }),
  'conversations.updateParticipantByIdentifier': () => ({ body: { status: 'active' } }),
  'conversations.createConversation': () => ({ body: { name: 'Another' } }),
  'conversations.updateConversation': () => ({ body: { status: null } }),
  'conversations.listConversationsOfParticipant': () => ({ query: `channelId=${nobody}` }),
  'conversations.listConversationsOfContact': () => ({ query: `channelId=${nobody}` }),
  'directory.createParticipant': () => ({ body: { displayName: 'Somebody' } }),
  'directory.updateParticipant': () => ({ body: { displayName: 'Somebody else' } }),
  'directory.syncAvatarFromChannel': ({ config }) => ({ body: { integrationConfigId: config, address: 'U0ADA' } }),
  'directory.getConsultRoster': ({ agent }) => ({ query: `agentId=${agent}` }),
  'directory.approveAccessRequest': () => ({ body: { mode: 'CREATE_NEW' } }),
  'directory.rejectAccessRequest': () => ({ body: { note: 'No' } }),
  'directory.updateIntegrationConfig': () => ({ body: { displayName: 'Renamed' } }),
  'directory.deleteIntegrationConfig': () => ({ query: 'force=true' }),
  'directory.createIntegrationConfig': () => ({ body: { displayName: 'Another' } }),
};
