import type { ErrorCode } from '../../src/errors/catalogue.ts';
import { dataOf, type TestApp, type TestTenant } from '../app.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import { text } from '../fakes/images.ts';
import type { FakeSlack, FakeSlackUser, Trouble } from '../fakes/slack.ts';
import { uploadForm } from '../uploads.ts';

/** Where the cases happen. */
export type Stage = {
  service: TestApp;
  slack: FakeSlack;
  tenant: TestTenant;
  token: string;
  /** Lets the database refuse everything in that way. */
  fail(error: Error): void;
  /** The same service, with three requests a minute and trusted documents only. */
  limited: TestApp;
};

/** Makes the error happen; returns the response. */
export type Case = (stage: Stage) => Promise<Response>;

const nobody = '0198f000-0000-7000-8000-000000000000';

/** Sends a request as a client does, the tenant's administrator unless said. */
export function send({ service, token }: Pick<Stage, 'service' | 'token'>, init: RequestInit, path = '/graphql') {
  const headers = { authorization: `Bearer ${token}`, ...(init.headers as Record<string, string>) };
  return service.app.fetch(new Request(`http://localhost${path}`, { ...init, headers }));
}

/** Sends an operation. */
export const post = (stage: Pick<Stage, 'service' | 'token'>, query: string, variables?: object, headers = {}) =>
  send(stage, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json', ...headers },
    body: JSON.stringify({ query, variables }),
  });

/** Sends the id of a document in the place of its text. */
const postId = (stage: Pick<Stage, 'service' | 'token'>, documentId: string) =>
  send(stage, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ documentId }),
  });

/** A case that calls a mutation with that input. */
const mutation =
  (name: string, input: object | ((stage: Stage) => Promise<object> | object)): Case =>
  async (stage) => {
    const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
    const given = typeof input === 'function' ? await input(stage) : input;
    return post(stage, `mutation ($input: ${type}!) { ${name}(input: $input) { __typename } }`, { input: given });
  };

/** A case that asks Slack for a picture, of that user, when Slack has that trouble. */
const sync = (
  user: FakeSlackUser | null,
  trouble: { api?: Trouble; image?: Trouble } = {},
  { provider = 'slack', connected = true, listed = true } = {},
) =>
  mutation('syncParticipantAvatarFromChannel', async ({ slack, tenant }) => {
    slack.apiTrouble = trouble.api ?? null;
    slack.imageTrouble = trouble.image ?? null;
    if (user) slack.users.set('U0ADA', user);
    else slack.users.delete('U0ADA');
    const integrationConfigId = await createConfig(tenant, provider, connected ? 'xoxb-good' : undefined);
    const channels = listed ? [{ integrationConfigId, address: 'U0ADA' }] : [];
    return { participantId: await createParticipant(tenant, { channels }), integrationConfigId, address: 'U0ADA' };
  });

/** A conversation with one active user in it. */
async function conversationOf({ tenant }: Stage): Promise<{ conversationId: string; participantId: string }> {
  const participantId = await createParticipant(tenant);
  const { createConversation } = dataOf(
    await tenant.graphql('mutation { createConversation(input: { name: "Talk" }) { conversation { id } } }'),
  );
  const conversationId = createConversation.conversation.id;
  dataOf(
    await tenant.graphql(
      `mutation ($input: EnsureConversationParticipantInput!) { ensureConversationParticipant(input: $input) { created } }`,
      { input: { conversationId, participant: { user: { id: participantId } } } },
    ),
  );
  return { conversationId, participantId };
}

const customer = { firstName: 'Grace', lastName: 'Hopper', email: 'grace@example.com' };

/** How each error of the catalogue comes about. */
export const cases: Readonly<Record<ErrorCode, Case>> = {
  GRAPHQL_PARSE_FAILED: (stage) => post(stage, '{ viewer {'),
  GRAPHQL_VALIDATION_FAILED: (stage) => post(stage, '{ nobody }'),
  BAD_USER_INPUT: (stage) =>
    post(stage, 'query ($first: Int!) { participantsConnection(first: $first) { totalCount } }', {}),
  VALIDATION_FAILED: mutation('createParticipant', { kind: 'PERSON', displayName: '' }),
  PERSISTED_QUERY_NOT_SUPPORTED: (stage) => postId(stage, 'nobody'),
  CHANNEL_NOT_ON_PARTICIPANT: sync({}, {}, { listed: false }),
  AVATAR_SOURCE_NOT_REGISTERED: sync({}, {}, { provider: 'sms' }),
  INTEGRATION_NOT_CONNECTED: sync({}, {}, { connected: false }),
  AVATAR_NOT_AVAILABLE: sync({}),
  USER_ALREADY_EXISTS: async (stage) => {
    const create = mutation('createExternalUser', customer);
    await create(stage);
    return create(stage);
  },
  UNAUTHENTICATED: ({ service }) => post({ service, token: 'nonsense' }, '{ viewer { kind } }'),
  FORBIDDEN: async ({ service, tenant }) => post({ service, token: await tenant.token([]) }, '{ agents { id } }'),
  DOCUMENT_NOT_TRUSTED: async ({ limited: service }) =>
    post({ service, token: await service.tenant.token([]) }, '{ viewer { kind } }'),
  REMOVAL_NOT_ALLOWED: mutation('removeConversationParticipant', conversationOf),
  PARTICIPANT_NOT_FOUND: mutation('deleteParticipant', { participantId: nobody }),
  AGENT_NOT_FOUND: mutation('createAgentSecretKey', { agentId: 'nobody' }),
  CONVERSATION_NOT_FOUND: mutation('closeConversation', { conversationId: nobody }),
  CONVERSATION_PARTICIPANT_NOT_FOUND: mutation('removeConversationParticipant', async (stage) => ({
    ...(await conversationOf(stage)),
    participantId: nobody,
  })),
  EXTERNAL_USER_NOT_FOUND: mutation('deleteExternalUser', { id: nobody }),
  INTEGRATION_CONFIG_NOT_FOUND: mutation('disconnectIntegration', { id: nobody }),
  CHANNEL_NOT_FOUND: mutation('removeChannel', { channelId: nobody }),
  BINDING_NOT_FOUND: mutation('generateWebhookUrl', { bindingId: nobody }),
  UNKNOWN_SENDER_NOT_FOUND: mutation('dismissUnknownSender', { unknownSenderId: nobody }),
  FILE_NOT_FOUND: (stage) =>
    send(stage, { method: 'GET' }, `/files/${nobody}?size=64&expires=99999999999&signature=no`),
  DUPLICATE_CANDIDATE_NOT_FOUND: mutation('dismissDuplicateCandidate', { id: nobody }),
  MERGE_NOT_FOUND: mutation('undoMerge', { mergeId: nobody }),
  AVATAR_SYNC_NOT_FOUND: mutation('retryAvatarSync', { id: nobody }),
  KEY_NOT_FOUND: mutation('revokeKey', { id: nobody }),
  NOT_FOUND: (stage) => send(stage, { method: 'GET' }, '/nowhere'),
  METHOD_NOT_ALLOWED: (stage) => send(stage, { method: 'DELETE' }, `/files/${nobody}`),
  CONFLICT: mutation('createAgent', async ({ tenant }) => ({ id: await createAgent(tenant), name: 'Again' })),
  PERSISTED_QUERY_NOT_FOUND: async ({ limited: service }) =>
    postId({ service, token: await service.tenant.token([]) }, 'nobody'),
  PARTICIPANT_STATE_CONFLICT: mutation('patchConversationParticipant', async (stage) => ({
    ...(await conversationOf(stage)),
    status: 'PENDING',
  })),
  RESULT_TOO_LARGE: (stage) => post(stage, `{ viewer { kind } } # ${' '.repeat(1_000_000)}`),
  AVATAR_INVALID: async (stage) =>
    send(stage, { method: 'POST', body: uploadForm(await createParticipant(stage.tenant), text()) }),
  UNPROCESSABLE: (stage) =>
    post(
      stage,
      'query ($n: Int) { participantsConnection(first: $n) { nodes { bindings { participant { bindings { participant { bindings { participant { id } } } } } } } } }',
      { n: 100 },
    ),
  RATE_LIMITED: async ({ limited: service }) => {
    const token = await service.tenant.token();
    for (let request = 0; request < 3; request += 1) await post({ service, token }, '{ viewer { kind } }');
    return post({ service, token }, '{ viewer { kind } }');
  },
  PROVIDER_RATE_LIMITED: sync({ image: new Uint8Array() }, { api: 'rate-limited' }),
  INTERNAL: (stage) => {
    stage.fail(Object.assign(new Error('relation "the_secret_table" does not exist'), { code: '42P01' }));
    return post(stage, '{ participants { id } }');
  },
  NOT_IMPLEMENTED: (stage) => send(stage, { method: 'GET' }, `/v1/tenants/${stage.tenant.id}/conversations`),
  PROVIDER_UNAVAILABLE: sync({ image: new Uint8Array() }, { api: 'server-error' }),
  UNAVAILABLE: (stage) => {
    stage.fail(Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:5432'), { code: 'ECONNREFUSED' }));
    return post(stage, '{ participants { id } }');
  },
};
