import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildSchema } from '../../src/schema/schema.ts';
import { dataOf, startApp, type TestApp, type Untyped } from '../app.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import { png } from '../fakes/images.ts';
import { type FakeSlack, startFakeSlack } from '../fakes/slack.ts';
import { createWorld, type World } from '../tenants/world.ts';
import { importFile, upload } from '../uploads.ts';

const mutations = buildSchema().getMutationType()?.getFields() ?? {};

let slack: FakeSlack;
let service: TestApp;
let world: World;
beforeAll(async () => {
  slack = await startFakeSlack();
  service = await startApp({
    SLACK_API_URL: slack.apiUrl,
    EGRESS_ALLOW: slack.host,
    SLACK_CLIENT_ID: 'client',
    SLACK_CLIENT_SECRET: 'a secret of the client',
  });
  world = await createWorld(service, 'recorded', '+14155550121');
  slack.users.set(world.address, { image: await png() });
});
afterAll(async () => {
  await service.close();
  await slack.close();
});

/** Something new to change, for what a mutation may do once only. */
async function sender(): Promise<string> {
  const { prisma } = service.app.database;
  const { id } = await prisma.unknownSender.findFirstOrThrow({ where: { tenantId: world.tenant.id } });
  const copy = await prisma.unknownSender.findUniqueOrThrow({
    where: { tenantId_id: { tenantId: world.tenant.id, id } },
  });
  const fresh = crypto.randomUUID();
  await prisma.unknownSender.create({
    data: { ...copy, id: fresh, address: `U${fresh.slice(0, 8).toUpperCase()}`, status: 'PENDING' },
  });
  return fresh;
}
const conversation = async (): Promise<string> =>
  dataOf(await world.tenant.graphql('mutation { createConversation(input: { name: "Talk" }) { conversation { id } } }'))
    .createConversation.conversation.id;
const user = async (): Promise<string> =>
  dataOf(
    await world.tenant.graphql(
      `mutation { createExternalUser(input: { firstName: "A", lastName: "B", fkId: "${crypto.randomUUID()}" }) { externalUser { id } } }`,
    ),
  ).createExternalUser.externalUser.id;
const identifier = async (identifierValue: string): Promise<string> => {
  const where = { tenantId: world.tenant.id, identifierValue };
  return (await service.app.database.prisma.externalUserIdentifier.findFirstOrThrow({ where })).id;
};
const merge = async (): Promise<string> =>
  dataOf(
    await world.tenant.graphql(
      'mutation ($intoId: ID!, $fromIds: [ID!]!) { mergeExternalUsers(input: { intoId: $intoId, fromIds: $fromIds }) { merge { id } } }',
      { intoId: await user(), fromIds: [await user()] },
    ),
  ).mergeExternalUsers.merge.id;
const queuedImport = async (): Promise<string> => {
  const answer = await importFile(service, world.tenant, 'fkId\nimported\n', { kind: 'EXTERNAL_USERS', format: 'CSV' });
  return dataOf(answer).startImport.import.id;
};

/** How each mutation changes something. The inputs are made when it is its turn, in this order. */
const changing: Readonly<Record<string, () => Promise<object> | object>> = {
  retryAvatarSync: () => ({ id: world.failedSync }),
  createAgent: () => ({ id: 'new-agent', name: 'New' }),
  updateAgent: () => ({ agentId: 'new-agent', name: 'Newer' }),
  deleteAgent: () => ({ agentId: 'new-agent', force: true }),
  createParticipant: () => ({ kind: 'PERSON', displayName: 'Ada' }),
  updateParticipant: () => ({ participantId: world.participant, displayName: 'Ada Lovelace' }),
  addParticipantChannel: () => ({
    participantId: world.participant,
    integrationConfigId: world.config,
    address: 'U0SECOND',
  }),
  updateChannel: () => ({ channelId: world.channel, label: 'changed' }),
  syncParticipantAvatarFromChannel: () => ({
    participantId: world.participant,
    integrationConfigId: world.config,
    address: world.address,
  }),
  removeParticipantAvatar: () => ({ participantId: world.participant }),
  disableParticipant: () => ({ participantId: world.participant }),
  enableParticipant: () => ({ participantId: world.participant }),
  bindParticipant: async () => ({
    participantId: world.participant,
    agentId: await createAgent(world.tenant, 'bound'),
  }),
  bindParticipants: async () => ({ participantIds: [await createParticipant(world.tenant)], agentId: 'bound' }),
  unbindParticipant: () => ({ participantId: world.participant, agentId: 'bound' }),
  syncAgentAvatars: () => ({ agentId: world.agent }),
  removeChannel: () => ({ channelId: world.channel }),
  deleteParticipant: async () => ({ participantId: await createParticipant(world.tenant) }),
  createConversation: () => ({ name: 'Talk' }),
  updateConversation: () => ({ conversationId: world.conversation, name: 'Another name' }),
  ensureConversationParticipant: () => ({
    conversationId: world.conversation,
    participant: { contactByIdentifier: { identifierKey: 'emailaddress', identifierValue: 'new@example.com' } },
    status: 'PENDING',
  }),
  patchConversationParticipant: () => ({
    conversationId: world.conversation,
    contact: { identifierKey: 'emailaddress', identifierValue: 'new@example.com' },
    status: 'ACTIVE',
  }),
  removeConversationParticipant: () => ({
    conversationId: world.conversation,
    contact: { identifierKey: 'emailaddress', identifierValue: 'new@example.com' },
  }),
  closeConversation: () => ({ conversationId: world.conversation }),
  deleteConversation: async () => ({ conversationId: await conversation() }),
  createExternalUser: () => ({ firstName: 'Ada', lastName: 'Lovelace', email: 'ada@example.com' }),
  createExternalUsers: () => ({ users: [{ firstName: 'Bob', lastName: 'B', email: 'bob@example.com' }] }),
  updateExternalUser: () => ({ externalUserId: world.externalUser, firstName: 'Changed' }),
  addExternalUserIdentifier: () => ({
    externalUserId: world.externalUser,
    identifierKey: 'emailaddress',
    identifierValue: 'added@example.com',
  }),
  removeExternalUserIdentifier: async () => ({ identifierId: await identifier('added@example.com') }),
  mergeExternalUsers: async () => ({ intoId: world.externalUser, fromIds: [await user()] }),
  dismissDuplicateCandidate: () => ({ id: world.candidate }),
  mergeParticipants: async () => ({
    intoId: world.participant,
    fromIds: [await createParticipant(world.tenant, { displayName: 'Merged away' })],
  }),
  undoMerge: async () => ({ mergeId: await merge() }),
  deleteExternalUser: async () => ({ externalUserId: await user() }),
  createIntegrationConfig: () => ({ provider: 'slack', name: 'Another' }),
  updateIntegrationConfig: () => ({ integrationConfigId: world.config, name: 'Renamed' }),
  beginIntegrationOAuth: () => ({ id: world.config }),
  connectIntegration: () => ({ id: world.config, token: 'xoxb-good' }),
  generateWebhookUrl: async () => ({ integrationConfigId: await createConfig(world.tenant, 'telegram') }),
  rotateWebhookKey: () => ({ integrationConfigId: world.config }),
  disconnectIntegration: () => ({ id: world.config }),
  createParticipantFromUnknownSender: async () => ({ unknownSenderId: await sender() }),
  addUnknownSenderToParticipant: async () => ({ unknownSenderId: await sender(), participantId: world.participant }),
  dismissUnknownSender: async () => ({ unknownSenderId: await sender() }),
  approveUnknownSender: async () => ({ id: await sender(), mode: 'CREATE_NEW' }),
  rejectUnknownSender: async () => ({ id: await sender() }),
  blockUnknownSender: () => ({ id: world.unknownSender }),
  unblockUnknownSender: () => ({ id: world.unknownSender }),
  createAccessKey: () => ({ name: 'A key', scopes: ['ADMIN'] }),
  createAgentSecretKey: () => ({ agentId: world.agent }),
  revokeKey: () => ({ id: world.key }),
  startExport: () => ({ kind: 'EXTERNAL_USERS', format: 'CSV' }),
  cancelImport: async () => ({ id: await queuedImport() }),
  exportPerson: () => ({ by: { email: world.email } }),
  erasePerson: () => ({ by: { email: 'bob@example.com' }, confirm: true, block: true }),
  deleteIntegrationConfig: () => ({ integrationConfigId: world.config, force: true }),
};

const entriesOf = async (operation: string): Promise<Untyped[]> =>
  dataOf(
    await world.tenant.graphql(
      'query ($operation: String!) { historyConnection(filter: { operation: $operation }) { nodes { requestId actor { kind id } changes { field before after } } } }',
      { operation },
    ),
  ).historyConnection.nodes;

// Say here how a new mutation changes something. If it changes another table: keep_history in its migration.
test('the list has every mutation', () => {
  expect(Object.keys(mutations).filter((name) => !(name in changing))).toEqual([
    'startImport',
    'uploadParticipantAvatar',
  ]);
});

test.each(Object.entries(changing))('%s leaves an entry', async (name, inputOf) => {
  const input = await inputOf();
  const type = String(mutations[name]?.args[0]?.type);
  const before = (await entriesOf(name)).length;

  const answer = await world.tenant.graphql(`mutation ($input: ${type}) { ${name}(input: $input) { __typename } }`, {
    input,
  });
  dataOf(answer);

  const entries = await entriesOf(name);
  expect(entries.length).toBeGreaterThan(before);
  const requestId = answer.headers.get('x-request-id');
  expect(entries[0]).toMatchObject({ requestId, actor: { kind: 'USER', id: 'tester' } });
});

test('an import leaves an entry when it is started', async () => {
  await queuedImport();
  expect((await entriesOf('startImport')).length).toBeGreaterThan(0);
});

test('an upload leaves an entry', async () => {
  const participant = await createParticipant(world.tenant);
  dataOf(await upload(service, world.tenant, participant, await png()));
  expect(await entriesOf('uploadParticipantAvatar')).toHaveLength(1);
});

test('no secret is in any entry', async () => {
  const { connection } = service.app.database;
  const secrets = (await connection.query(
    {
      name: 'secrets',
      text: `select secret from (
        select tenant_id, secret_hash as secret from credential_key union all select tenant_id, secret_hash from webhook_key
        union all select tenant_id, token_ciphertext from integration_config union all select tenant_id, signing_secret_ciphertext from webhook_key
        union all select tenant_id, state_hash from oauth_state union all select tenant_id, verifier_ciphertext from oauth_state
        ) kept where tenant_id = $1::uuid`,
    },
    [world.tenant.id],
  )) as { secret: string | null }[];
  const [{ all }] = (await connection.query(
    { name: 'all', text: `select string_agg(h::text, ' ') as all from history_entry h where tenant_id = $1::uuid` },
    [world.tenant.id],
  )) as [{ all: string }];
  const known = secrets.flatMap(({ secret }) => secret ?? []);
  expect(known.length).toBeGreaterThan(2);
  expect(known.filter((secret) => all.includes(secret))).toEqual([]);
});

test('every table of a tenant is recorded, or said here to be none of a person’s doing', async () => {
  const found = (await service.app.database.connection.query(
    {
      name: 'unrecorded',
      text: `select distinct c.table_name as name from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
        where c.column_name = 'tenant_id' and c.table_schema = 'public' and t.table_type = 'BASE TABLE' and not exists (
          select from pg_trigger g where g.tgrelid = format('%I', c.table_name)::regclass and g.tgname like 'history_%') order by 1`,
    },
    [],
  )) as { name: string }[];
  expect(found.map(({ name }) => name)).toEqual([
    'avatar_auto_sync',
    'avatar_sync_batch_item',
    'avatar_sync_pause',
    'blocked_digest',
    'conversation_search',
    'data_rejection',
    'duplicate_key',
    'duplicate_member',
    'duplicate_progress',
    'external_user_search',
    'file',
    'history_entry',
    'idempotency_key',
    'merged_id',
    'participant_search',
    'webhook_delivery',
  ]);
});
