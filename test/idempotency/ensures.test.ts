import { isInputObjectType } from 'graphql';
import { describe, expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { buildSchema } from '../../src/schema/schema.ts';
import { dataOf, problemOf, type TestTenant, type Untyped } from '../app.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import { importFile } from '../uploads.ts';
import { useApp } from '../use-app.ts';

const service = useApp();

const schema = buildSchema();
const inputOf = (name: string) => schema.getType(`${name[0]?.toUpperCase()}${name.slice(1)}Input`);

test('every mutation that creates, adds, binds or starts takes a key', () => {
  const starts = /^(create|add|ensure|bind|approve|syncAgent|start)/;
  const names = Object.keys(schema.getMutationType()?.getFields() ?? {}).filter((name) => starts.test(name));
  expect(names.length).toBeGreaterThan(14);
  const without = names.filter((name) => {
    const input = inputOf(name);
    return !(isInputObjectType(input) && input.getFields()['idempotencyKey']);
  });
  expect(without).toEqual([]);
});

let count = 0;
async function unknownSender(tenant: TestTenant, address = `U0000${++count}`): Promise<string> {
  const id = newId();
  const integrationConfigId = await createConfig(tenant);
  const at = new Date();
  await service.app.database.prisma.unknownSender.create({
    data: {
      tenantId: tenant.id,
      id,
      integrationConfigId,
      address,
      messageCount: 1,
      firstMessageAt: at,
      lastMessageAt: at,
    },
  });
  return id;
}
const createConversation = async (tenant: TestTenant): Promise<string> =>
  dataOf(await tenant.graphql('mutation { createConversation(input: {}) { conversation { id } } }')).createConversation
    .conversation.id;

const createUser = async (tenant: TestTenant): Promise<string> =>
  dataOf(
    await tenant.graphql(
      'mutation ($fkId: String!) { createExternalUser(input: { firstName: "Ada", lastName: "L", fkId: $fkId }) { externalUser { id } } }',
      { fkId: newId() },
    ),
  ).createExternalUser.externalUser.id;

/** For each mutation: an input, one that differs, and what is asked of its answer. */
const cases: Record<string, { input(tenant: TestTenant): Promise<object>; other: object; fields: string }> = {
  bindParticipant: {
    input: async (tenant) => ({ participantId: await createParticipant(tenant), agentId: await createAgent(tenant) }),
    other: { agentId: 'another' },
    fields: 'created binding { id }',
  },
  bindParticipants: {
    input: async (tenant) => {
      const participantIds = [await createParticipant(tenant), await createParticipant(tenant)];
      return { participantIds, agentId: await createAgent(tenant) };
    },
    other: { agentId: 'another' },
    fields: 'createdCount bindings { id }',
  },
  ensureConversationParticipant: {
    input: async (tenant) => ({
      conversationId: await createConversation(tenant),
      participant: {
        contactByIdentifier: { identifierKey: 'emailaddress', identifierValue: `once-${++count}@example.com` },
      },
    }),
    other: { status: 'PENDING' },
    fields: 'created participant { id displayName }',
  },
  addParticipantChannel: {
    input: async (tenant) => ({
      participantId: await createParticipant(tenant),
      integrationConfigId: await createConfig(tenant),
      address: 'U0001',
    }),
    other: { address: 'U0002' },
    fields: 'channel { id } participant { id }',
  },
  approveUnknownSender: {
    input: async (tenant) => ({ id: await unknownSender(tenant), mode: 'CREATE_NEW' }),
    other: { displayName: 'Somebody' },
    fields: 'participant { id } unknownSender { id status }',
  },
  createParticipantFromUnknownSender: {
    input: async (tenant) => ({ unknownSenderId: await unknownSender(tenant) }),
    other: { displayName: 'Somebody' },
    fields: 'participant { id }',
  },
  addUnknownSenderToParticipant: {
    input: async (tenant) => ({
      unknownSenderId: await unknownSender(tenant),
      participantId: await createParticipant(tenant),
    }),
    other: { participantId: newId() },
    fields: 'participant { id }',
  },
  syncAgentAvatars: {
    input: async (tenant) => ({ agentId: await createAgent(tenant) }),
    other: { agentId: 'another' },
    fields: 'batch { id }',
  },
  addExternalUserIdentifier: {
    input: async (tenant) => ({
      externalUserId: await createUser(tenant),
      identifierKey: 'emailaddress',
      identifierValue: `added-${++count}@example.com`,
    }),
    other: { identifierKey: 'fkid' },
    fields: 'created identifier { id primary } externalUser { id email }',
  },
  startExport: {
    input: async () => ({ kind: 'EXTERNAL_USERS', format: 'CSV' }),
    other: { format: 'NDJSON' },
    fields: 'export { id }',
  },
};

const call = (tenant: TestTenant, name: string, input: object) =>
  tenant.graphql(`mutation ($input: ${inputOf(name)?.name}!) { ${name}(input: $input) { ${cases[name]?.fields} } }`, {
    input,
  });

describe.each(Object.entries(cases))('%s', (name, { input, other }) => {
  test('with a key is done once by twenty at once, and gives the first answer again', async () => {
    const { tenant } = service;
    const given = { ...(await input(tenant)), idempotencyKey: `${name} once` };
    const answers = await Promise.all(Array.from({ length: 20 }, () => call(tenant, name, given)));
    const [first, ...again] = answers.map((answer) => JSON.stringify(dataOf(answer)));
    expect(again.filter((each) => each !== first)).toEqual([]);
    const { created, createdCount } = JSON.parse(first as string)[name] as Untyped;
    expect([created, createdCount]).not.toContain(false);
    expect([created, createdCount]).not.toContain(0);
    const clash = await call(tenant, name, { ...given, ...other });
    expect(problemOf(clash)).toEqual({ code: 'CONFLICT', status: 409 });
  });
});

test('an import with a key is begun once, and another file is another input', async () => {
  const { tenant } = service;
  const begin = (content: string) =>
    importFile(service, tenant, content, { kind: 'EXTERNAL_USERS', format: 'CSV', idempotencyKey: 'import once' });
  const [first, again] = await Promise.all([begin('fkId\none\n'), begin('fkId\none\n')]);
  expect(dataOf(first).startImport.import.id).toBe(dataOf(again).startImport.import.id);
  expect(problemOf(await begin('fkId\ntwo\n')).code).toBe('CONFLICT');
});

test('what was there before is answered as it was the first time', async () => {
  const { tenant } = service;
  const given = await (cases['bindParticipant'] as (typeof cases)[string]).input(tenant);
  const created = async (more: object) =>
    dataOf(await call(tenant, 'bindParticipant', { ...given, ...more })).bindParticipant.created;
  expect(await created({})).toBe(true);
  expect(await created({ idempotencyKey: 'later' })).toBe(false);
  expect(await created({ idempotencyKey: 'later' })).toBe(false);
});

test('what has ended since is not begun again', async () => {
  const { tenant } = service;
  const ensure = await (cases['ensureConversationParticipant'] as (typeof cases)[string]).input(tenant);
  const keyed = { ...ensure, idempotencyKey: 'ended' };
  const { participant } = dataOf(
    await call(tenant, 'ensureConversationParticipant', keyed),
  ).ensureConversationParticipant;
  const { conversationId } = ensure as Untyped;
  const removal =
    'mutation ($input: RemoveConversationParticipantInput!) { removeConversationParticipant(input: $input) { removedId } }';
  dataOf(await tenant.graphql(removal, { input: { conversationId, conversationParticipantId: participant.id } }));
  expect(problemOf(await call(tenant, 'ensureConversationParticipant', keyed)).code).toBe(
    'CONVERSATION_PARTICIPANT_NOT_FOUND',
  );
  const bind = {
    ...(await (cases['bindParticipant'] as (typeof cases)[string]).input(tenant)),
    idempotencyKey: 'unbound',
  };
  dataOf(await call(tenant, 'bindParticipant', bind));
  const { participantId, agentId } = bind as Untyped;
  const unbind = 'mutation ($input: UnbindParticipantInput!) { unbindParticipant(input: $input) { removed } }';
  dataOf(await tenant.graphql(unbind, { input: { participantId, agentId } }));
  expect(problemOf(await call(tenant, 'bindParticipant', bind)).code).toBe('BINDING_NOT_FOUND');
});

test('an ensure that is refused leaves no key, and no user of its identifier', async () => {
  const tenant = await service.createTenant();
  const input = {
    conversationId: newId(),
    participant: { contactByIdentifier: { identifierKey: 'fkid', identifierValue: 'nobody yet' } },
    idempotencyKey: 'refused',
  };
  expect(problemOf(await call(tenant, 'ensureConversationParticipant', input)).code).toBe('CONVERSATION_NOT_FOUND');
  const { prisma } = service.app.database;
  const where = { tenantId: tenant.id };
  expect([await prisma.idempotencyKey.count({ where }), await prisma.externalUser.count({ where })]).toEqual([0, 0]);
});
