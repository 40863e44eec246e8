import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { narrowest } from '../../src/database/statement.ts';
import { dataOf, startApp, type TestApp, type TestTenant } from '../app.ts';
import { closeConversation, createConversation, createExternalUser, ensure } from '../conversations/factories.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';

let service: TestApp;
let tenant: TestTenant;
let participants: string[];
let conversations: string[];

beforeAll(async () => {
  service = await startApp();
  tenant = service.tenant;
  const config = await createConfig(tenant, 'sms');
  await createAgent(tenant, 'bot');
  participants = await Promise.all(
    [0, 1, 2].map((n) =>
      createParticipant(tenant, {
        displayName: `Person ${n}`,
        email: n === 1 ? 'one@example.com' : null,
        agentIds: n < 2 ? ['bot'] : [],
        channels: Array.from({ length: n }, (_, place) => ({
          integrationConfigId: config,
          address: `+141555501${n}${place}`,
          priority: -place,
          label: place ? 'second' : null,
        })),
        ...(n === 2 && { kind: 'AI_AGENT', relatedAgentId: 'bot' }),
      }),
    ),
  );
  const user = await createExternalUser(tenant, {
    firstName: 'Grace',
    email: 'one@example.com',
    fkId: 'grace',
    metadata: { vip: true },
  });
  conversations = [];
  for (const agentId of ['bot', null]) {
    const conversationId = await createConversation(tenant, { agentId, name: agentId });
    conversations.unshift(conversationId);
    for (const participant of [
      { user: { id: participants[1] } },
      { user: { id: participants[2] } },
      agentId
        ? { contact: { id: user } }
        : { contactByIdentifier: { identifierKey: 'fkid', identifierValue: 'grace' } },
      { agent: { id: 'bot' } },
      { flow: { id: 'flow' } },
    ])
      dataOf(await ensure(tenant, { conversationId, participant }));
  }
  // What is null everywhere would be missed by nobody.
  const { prisma } = service.app.database;
  const of = { tenantId: tenant.id };
  const file = await prisma.file.create({
    data: { ...of, id: newId(), contentHash: 'f'.repeat(64), path: 'avatars/f' },
  });
  await prisma.participant.update({
    where: { tenantId_id: { ...of, id: participants[1] as string } },
    data: { avatarFileId: file.id, avatarSource: 'UPLOADED' },
  });
  await prisma.conversationMember.updateMany({
    where: { ...of, participantId: participants[2] as string },
    data: { displayName: 'Incognito', avatarUrl: 'https://example.com/mask.png' },
  });
  await closeConversation(tenant, conversations[1] as string);
});
afterAll(() => service.close());

// Every field of the four types; the fields after it say which depend on the row.
const channel = [
  'id',
  'integrationConfigId',
  'integrationConfig { id name }',
  'provider',
  'address',
  'priority',
  'label',
  'disabled',
  'lastMessageAt',
  'messageCount',
  'health { reason lastMessageAt }',
];
const participant = [
  '__typename',
  'id',
  'kind',
  'displayName',
  'email',
  'relatedAgentId',
  'relatedAgent { id name }',
  'disabledAt',
  'avatarFileId',
  'avatarSource',
  'avatarSourceConfigId',
  'avatarSourceAddress',
  'avatarSyncedAt',
  'avatarUrl',
  'avatarAutoSync { provider synced }',
  'createdAt',
  'modifiedAt',
  'agentIds',
  'agents { id }',
  'bindings { id agentId }',
  'externalUsers { id }',
  'conversations { nodes { id } }',
  'channelActivations { address provider }',
  'health { reachable reason channels { address } }',
];
const externalUser = [
  '__typename',
  'id',
  'displayName',
  'firstName',
  'lastName',
  'context',
  'source',
  'fkId',
  'fkUserId',
  'email',
  'phoneNumber',
  'metadata',
  'conversationIds',
  'conversations { nodes { id } }',
  'participants { id }',
  'createdAt',
  'modifiedAt',
];
const agent = [
  '__typename',
  'id',
  'name',
  'createdAt',
  'modifiedAt',
  'avatarSyncBatch { id }',
  'conversations { nodes { id } }',
];
const member = [
  '__typename',
  'id',
  'participantId',
  'type',
  'status',
  'displayName',
  'avatarUrl',
  'contact { identifierKey identifierValue }',
  'conversation { id name }',
  'createdAt',
  'modifiedAt',
];
const conversation = [
  '__typename',
  'id',
  'name',
  'agentId',
  'agent { id name }',
  'status',
  'closedAt',
  'createdAt',
  'modifiedAt',
  'participantsConnection(first: 2) { nodes { id displayName } }',
];

const some = (fields: readonly string[]) => fc.subarray([...fields], { minLength: 1 });
const plain = (fields: readonly string[]) => some(fields).map((chosen) => chosen.join(' '));
/**
 * Each under a name that is its own, so that selections of several types can stand beside each other. Only those of the
 * three subjects do: a document may have 60 aliases, and all fields of all types are more.
 */
const aliased = (prefix: string, fields: readonly string[]) =>
  some(fields).map((chosen) => chosen.map((field) => `${prefix}_${field.match(/\w+/)}: ${field}`).join(' '));

const ofParticipant = fc
  .tuple(aliased('p', participant), fc.option(plain(channel)), fc.boolean())
  .map(([own, channels, inFragment]) => {
    const all = `${own} ${channels ? `channels { ${channels} }` : ''}`;
    return inFragment ? `... on Participant { ${all} }` : all;
  });
const subject = fc
  .tuple(ofParticipant, aliased('u', externalUser), aliased('a', agent))
  .map(([p, u, a]) => `... on Participant { ${p} } ... on ExternalUser { ${u} } ... on Agent { ${a} }`);
const ofMember = fc
  .tuple(plain(member), fc.option(subject))
  .map(([own, about]) => `${own} ${about ? `subject { ${about} }` : ''}`);
const ofConversation = fc
  .tuple(plain(conversation), fc.option(ofMember))
  .map(([own, members]) => `${own} ${members ? `participants { ${members} }` : ''}`);

/** What a document gives, each of the first three times: the third time it is compiled. */
async function thrice(document: string) {
  const answers = [];
  for (let time = 0; time < 3; time++) answers.push(dataOf(await tenant.graphql(document)));
  expect(answers[1]).toEqual(answers[0]);
  expect(answers[2]).toEqual(answers[0]);
  return answers[0];
}

const listsAnswerAsEach = (numRuns: number) =>
  fc.assert(
    fc.asyncProperty(ofParticipant, fc.boolean(), async (selected, edges) => {
      const page = edges ? `edges { node { ${selected} } } nodes { id }` : `nodes { ${selected} }`;
      const { participants: all } = await thrice(`{ participants { ${selected} } }`);
      const { participants: ofAgent } = await thrice(`{ participants(agentId: "bot") { ${selected} } }`);
      const { participantsConnection: paged } = await thrice(`{ participantsConnection(first: 3) { ${page} } }`);
      const expected = [];
      for (const id of participants) {
        // Where another is looked up beside it, all of both is read.
        const both = `{ participant(id: "${id}") { ${selected} } other: participant(id: "${participants[0]}") { id } }`;
        const { participant } = dataOf(await tenant.graphql(both));
        expect(await thrice(`{ participant(id: "${id}") { ${selected} } }`)).toEqual({ participant });
        expected.push(participant);
      }
      expect(all).toEqual(expected);
      expect(ofAgent).toEqual(expected.slice(0, 2));
      expect(edges ? paged.edges.map(({ node }: { node: unknown }) => node) : paged.nodes).toEqual(expected);
    }),
    { numRuns },
  );

const pagesAnswerAsEach = (numRuns: number) =>
  fc.assert(
    fc.asyncProperty(ofConversation, async (selected) => {
      const { conversationsConnection: paged } = await thrice(
        `{ conversationsConnection(first: 2) { nodes { ${selected} } } }`,
      );
      const expected = [];
      for (const id of conversations)
        expected.push(dataOf(await tenant.graphql(`{ conversation(id: "${id}") { ${selected} } }`)).conversation);
      expect(paged.nodes).toEqual(expected);
    }),
    { numRuns },
  );

// First: the random selections below use up many of the shapes that there may be.
test('nothing else is read', async () => {
  const list = await tenant.graphql('{ participants(agentId: "bot") { id email channels { address } } }');
  const page = await tenant.graphql(
    '{ conversationsConnection { nodes { name participants { status subject { ... on ExternalUser { firstName } } } } } }',
  );
  const one = await tenant.graphql(
    `{ participant(id: "${participants[1]}") { email channels { address } agentIds } agents { id } }`,
  );
  const ofParticipant = one.statements.filter((statement) => !/from agent a/.test(statement));
  expect(ofParticipant).toHaveLength(1);
  const several = await tenant.graphql(
    `{ a: participant(id: "${participants[1]}") { email } ...b } fragment b on Query { b: participant(id: "${participants[2]}") { id kind } }`,
  );
  expect(several.statements).toHaveLength(1);
  const unread = /created_at|modified_at|avatar|phone_number|label/;
  for (const { statements } of [list, page]) {
    expect(statements).toHaveLength(1);
    expect(statements[0]).not.toMatch(unread);
  }
  expect(ofParticipant[0]).not.toMatch(unread);
  const { statements } = await tenant.graphql('{ conversationsConnection { nodes { participants { status } } } }');
  expect(statements[0]).not.toMatch(/from (participant|external_user|agent) /);
});

test('a list reads of participants what is selected, and answers as each by itself does', () => listsAnswerAsEach(25));

test('a page reads of conversations, and of all who take part, what is selected, and answers as each by itself does', () =>
  pagesAnswerAsEach(50));

test('after two hundred shapes, others read everything, and answer the same', async () => {
  for (let shape = 0; shape < 200; shape++) narrowest({ name: `list ${shape}` }, () => ({ name: 'whole list' }));
  // With a filter, which none of the selections above had, so that it cannot be one of their shapes.
  const filtered = '{ participantsConnection(filter: { agentId: "bot" }) { nodes { avatarSyncedAt } } }';
  const { statements } = await tenant.graphql(filtered);
  expect(statements[0]).toMatch(/modified_at/);
  // Reads by id have fifty of their own.
  const readById = `{ participant(id: "${participants[0]}") { avatarSourceAddress disabledAt } }`;
  for (let shape = 0; shape < 50; shape++)
    narrowest({ name: `read ${shape}` }, () => ({ name: 'whole read' }), 'batchedRead');
  expect((await tenant.graphql(readById)).statements[0]).toMatch(/modified_at/);
  await listsAnswerAsEach(5);
  await pagesAnswerAsEach(10);
  // Attributes are long: a page that reads all else leaves them to a statement of their own.
  const page = await tenant.graphql('{ conversationsConnection { nodes { attributes closedAt } } }');
  expect(page.statements).toHaveLength(2);
  expect(page.statements[1]).toMatch(/^select c\.id, c\.attributes /);
});
