import { afterAll, beforeAll, expect, test } from 'vitest';
import { dataOf, startApp, type TestApp, type TestTenant } from '../app.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import {
  ContactListDocument,
  EnsureDocument,
  InboxDocument,
  ReadByIdDocument,
  UnreachableDocument,
  UserByEmailDocument,
  WhoIsDocument,
} from './generated/graphql.ts';

let service: TestApp;
let tenant: TestTenant;
let people: string[];
const agentId = 'support';
const size = 12;

beforeAll(async () => {
  service = await startApp();
  tenant = service.tenant;
  await createAgent(tenant, agentId);
  const config = await createConfig(tenant, 'sms');
  people = [];
  for (let index = 0; index < size; index++) {
    const channels = [`+1415555${1000 + index}`, `+1415555${2000 + index}`].map((address) => ({
      integrationConfigId: config,
      address,
    }));
    people.push(
      await createParticipant(tenant, { email: `person${index}@example.com`, agentIds: [agentId], channels }),
    );
    dataOf(
      await tenant.graphql(
        'mutation ($input: CreateExternalUserInput!) { createExternalUser(input: $input) { user { id } } }',
        {
          input: { firstName: 'Person', lastName: `${index}`, email: `Person${index}@Example.com` },
        },
      ),
    );
    const { createConversation } = dataOf(
      await tenant.graphql('mutation { createConversation(input: { name: "A talk" }) { conversation { id } } }'),
    );
    for (const participant of [
      { user: { id: people[index] as string } },
      { user: { id: people[0] as string } },
      {
        contactByIdentifier: { identifierKey: 'emailaddress' as const, identifierValue: `person${index}@example.com` },
      },
    ]) {
      dataOf(
        await tenant.graphql(EnsureDocument, {
          input: { conversationId: createConversation.conversation.id, participant },
        }),
      );
    }
  }
});
afterAll(() => service.close());

// The number of statements is that of the query's levels, however many rows there are.
test('a contact list takes one statement', async () => {
  const answer = await tenant.graphql(ContactListDocument, { agentId });
  const { participants } = dataOf(answer);
  expect(participants).toHaveLength(size);
  expect(participants.every(({ channels, agentIds }) => channels.length === 2 && agentIds.length === 1)).toBe(true);
  expect(answer.statements).toHaveLength(1);
});

test('who cannot be reached, and why, takes three statements', async () => {
  const created = dataOf(
    await tenant.graphql(
      'mutation { createIntegrationConfig(input: { provider: "slack", name: "Away" }) { integrationConfig { id } } }',
    ),
  );
  const config = created.createIntegrationConfig.integrationConfig.id;
  await createAgent(tenant, 'out-of-reach');
  for (let index = 0; index < 5; index++) {
    const channels = [
      { integrationConfigId: config, address: `U0${index}1` },
      { integrationConfigId: config, address: `U0${index}2` },
    ];
    await createParticipant(tenant, { agentIds: ['out-of-reach'], channels });
  }
  const answer = await tenant.graphql(UnreachableDocument, { agentId: 'out-of-reach', reason: 'NOT_CONNECTED' });
  const { totalCount, nodes } = dataOf(answer).participantsConnection;
  expect([totalCount, nodes.length]).toEqual([5, 5]);
  expect(nodes.every(({ health }) => health.reason === 'NOT_CONNECTED' && health.channels.length === 2)).toBe(true);
  // The page, how many there are, and their channels with all that health needs.
  expect(answer.statements).toHaveLength(3);
});

test('an inbox takes one statement', async () => {
  const answer = await tenant.graphql(InboxDocument, {});
  const { nodes } = dataOf(answer).conversationsConnection;
  expect(nodes.map(({ participants }) => participants.length)).toEqual([...Array(size - 1).fill(3), 2]);
  expect(nodes[0]?.participants.map(({ subject }) => subject?.__typename).sort()).toEqual([
    'ExternalUser',
    'Participant',
    'Participant',
  ]);
  expect(answer.statements).toHaveLength(1);
});

test('a read by id takes one statement', async () => {
  const answer = await tenant.graphql(ReadByIdDocument, { id: people[3] as string });
  expect(dataOf(answer).participant).toMatchObject({ id: people[3], email: 'person3@example.com' });
  expect(answer.statements).toHaveLength(1);
});

test('a user by e-mail, with its conversations, takes one statement', async () => {
  const answer = await tenant.graphql(UserByEmailDocument, { email: 'PERSON5@example.com' });
  expect(dataOf(answer).searchExternalUser).toMatchObject({
    user: { firstName: 'Person', lastName: '5' },
    conversationIds: [expect.any(String)],
  });
  expect(answer.statements).toHaveLength(1);
});

test('whoIs takes as many statements for a dozen matches as for one', async () => {
  const few = await tenant.graphql(WhoIsDocument, { by: { email: 'person7@example.com' } });
  expect(dataOf(few).whoIs).toMatchObject({
    participants: [{ id: people[7] }],
    externalUsers: [{ displayName: 'Person 7' }],
  });
  expect(dataOf(few).whoIs.conversationParticipants).toHaveLength(2);
  const many = await tenant.graphql(WhoIsDocument, { by: { email: 'person0@example.com' } });
  expect(dataOf(many).whoIs.conversationParticipants.length).toBeGreaterThan(size);
  expect(many.statements).toHaveLength(few.statements.length);
  expect(few.statements).toHaveLength(3);
});

test('to ensure somebody takes one statement, new or not', async () => {
  const { createConversation } = dataOf(
    await tenant.graphql('mutation { createConversation(input: {}) { conversation { id } } }'),
  );
  const input = {
    conversationId: createConversation.conversation.id,
    participant: { user: { id: people[1] as string } },
  };
  for (const created of [true, false]) {
    const answer = await tenant.graphql(EnsureDocument, { input });
    expect(dataOf(answer).ensureConversationParticipant).toMatchObject({
      created,
      participant: { participantId: people[1], status: 'ACTIVE' },
    });
    expect(answer.statements).toHaveLength(1);
  }
});

test('the fifth time is like the first, though it runs through compiled code', async () => {
  const answers = [];
  for (let time = 0; time < 5; time++) answers.push(await tenant.graphql(InboxDocument, {}));
  expect(new Set(answers.map(({ data }) => JSON.stringify(data))).size).toBe(1);
  expect(new Set(answers.map(({ statements }) => statements.length)).size).toBe(1);
});
