import { type Answer, dataOf, type TestApp, type TestTenant, type Untyped } from '../app.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';

export type Webhook = {
  url: string;
  secret: string;
  activation: Record<string, string | null>;
};

const fields = `activation { agentId bindingId integrationConfigId provider address webhookUrl webhookUrlTemplate webhookKeyPrefix webhookKeyId scope createdAt }
  webhookUrl signingSecret`;

/** Asks for a webhook, and gives the whole answer. */
export const ask = (
  tenant: TestTenant,
  name: 'generateWebhookUrl' | 'rotateWebhookKey',
  input: object,
  headers?: Record<string, string>,
) =>
  tenant.graphql(
    `mutation ($input: ${name === 'rotateWebhookKey' ? 'RotateWebhookKey' : 'GenerateWebhookUrl'}Input!) { ${name}(input: $input) { ${fields} } }`,
    { input },
    headers,
  );

export const webhookOf = (answer: Answer<Untyped>): Webhook => {
  const [made] = Object.values(dataOf(answer)) as [Untyped];
  return { url: made.webhookUrl, secret: made.signingSecret, activation: made.activation };
};

export const generate = async (tenant: TestTenant, input: object): Promise<Webhook> =>
  webhookOf(await ask(tenant, 'generateWebhookUrl', input));
export const rotate = async (tenant: TestTenant, input: object): Promise<Webhook> =>
  webhookOf(await ask(tenant, 'rotateWebhookKey', input));

export type ChannelState = { address: string; lastMessageAt: string | null; messageCount: number };

/** What has been counted into a participant's channels. */
export async function channelsOf(tenant: TestTenant, id: string): Promise<ChannelState[]> {
  const answer = await tenant.graphql(
    'query ($id: ID!) { participant(id: $id) { channels { address lastMessageAt messageCount } } }',
    { id },
  );
  return dataOf(answer).participant.channels;
}

export const countsOf = async (tenant: TestTenant, id: string): Promise<number[]> =>
  (await channelsOf(tenant, id)).map(({ messageCount }) => messageCount);

export type UnknownSender = {
  id: string;
  address: string;
  displayName: string | null;
  agentId: string | null;
  messageCount: number;
  firstMessageAt: string;
  lastMessageAt: string;
};

/** The tenant's unknown senders, those heard of last first. */
export async function unknownSenders(tenant: TestTenant, filter: object | null = null): Promise<UnknownSender[]> {
  const answer = await tenant.graphql(
    `query ($filter: UnknownSenderFilter) { unknownSendersConnection(first: 100, filter: $filter) {
      nodes { id address displayName agentId messageCount firstMessageAt lastMessageAt } } }`,
    { filter },
  );
  return dataOf(answer).unknownSendersConnection.nodes;
}

/** The id of a participant's only binding. */
export async function bindingOf(tenant: TestTenant, participantId: string): Promise<string> {
  const answer = await tenant.graphql('query ($id: ID!) { participant(id: $id) { bindings { id } } }', {
    id: participantId,
  });
  return dataOf(answer).participant.bindings[0].id;
}

/** A new participant with channels of those addresses at a new config with a webhook. */
export async function place(tenant: TestTenant, provider: string, ...addresses: string[]) {
  const config = await createConfig(tenant, provider);
  const agent = await createAgent(tenant);
  const channels = addresses.map((address) => ({ integrationConfigId: config, address }));
  const participant = await createParticipant(tenant, { channels, agentIds: [agent] });
  const webhook =
    provider === 'slack' || provider === 'telegram'
      ? await generate(tenant, { integrationConfigId: config })
      : await generate(tenant, { integrationConfigId: config, bindingId: await bindingOf(tenant, participant) });
  return { config, participant, webhook };
}

/** The same with one address, and a webhook that is the binding's. */
export async function contact(tenant: TestTenant, provider: string, address: string) {
  const agent = await createAgent(tenant);
  const config = await createConfig(tenant, provider);
  const participant = await createParticipant(tenant, {
    agentIds: [agent],
    channels: [{ integrationConfigId: config, address }],
  });
  const binding = await bindingOf(tenant, participant);
  return { agent, config, participant, binding, webhook: await generate(tenant, { bindingId: binding }) };
}

/** Sends a request to the service without a network; returns what it answers. */
export async function answerTo({ app }: Pick<TestApp, 'app'>, request: Request) {
  const response = await app.fetch(request);
  return { status: response.status, text: await response.text() };
}

/** Sends a request over the network; `code` is null unless the answer is a problem. */
export async function answerOf(request: Request) {
  const response = await fetch(request);
  const text = await response.text();
  const type = response.headers.get('content-type') ?? '';
  return {
    status: response.status,
    text,
    code: type.startsWith('application/problem+json') ? JSON.parse(text).code : null,
  };
}
