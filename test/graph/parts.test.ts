import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dataOf, startApp, type TestApp, type TestTenant } from '../app.ts';
import { createConversation, createExternalUser, ensure } from '../conversations/factories.ts';
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
  const user = await createExternalUser(tenant, { firstName: 'Grace', email: 'one@example.com', metadata: { vip: true } });
  conversations = [];
  for (const agentId of ['bot', null]) {
    const conversationId = await createConversation(tenant, { agentId, name: agentId });
    conversations.unshift(conversationId);
    for (const participant of [
      { user: { id: participants[1] } },
      { user: { id: participants[2] } },
      { contact: { id: user } },
      { agent: { id: 'bot' } },
      { flow: { id: 'flow' } },
    ])
      dataOf(await ensure(tenant, { conversationId, participant }));
  }
});
afterAll(() => service.close());

// Every field of the four types; whatever of them depends on the row is told by what follows it.
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
const agent = ['__typename', 'id', 'name', 'createdAt', 'modifiedAt', 'avatarSyncBatch { id }', 'conversations { nodes { id } }'];
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

/** Some fields, each under a name that is its own, so that selections of several types can stand beside each other. */
const some = (prefix: string, fields: readonly string[]) =>
  fc
    .subarray([...fields], { minLength: 1 })
    .map((chosen) => chosen.map((field) => `${prefix}_${field.match(/\w+/)}: ${field}`).join(' '));

const ofParticipant = fc
  .tuple(some('p', participant), fc.option(some('c', channel)), fc.boolean())
  .map(([own, channels, inFragment]) => {
    const all = `${own} ${channels ? `channels { ${channels} }` : ''}`;
    return inFragment ? `... on Participant { ${all} }` : all;
  });
const subject = fc
  .tuple(ofParticipant, some('u', externalUser), some('a', agent))
  .map(([p, u, a]) => `... on Participant { ${p} } ... on ExternalUser { ${u} } ... on Agent { ${a} }`);
const ofMember = fc
  .tuple(some('m', member), fc.option(subject))
  .map(([own, about]) => `${own} ${about ? `subject { ${about} }` : ''}`);
const ofConversation = fc
  .tuple(some('o', conversation), fc.option(ofMember))
  .map(([own, members]) => `${own} ${members ? `participants { ${members} }` : ''}`);

test('a list reads of participants what is selected, and answers as each by itself does', async () => {
  await fc.assert(
    fc.asyncProperty(ofParticipant, fc.boolean(), async (selected, edges) => {
      const page = edges ? `edges { node { ${selected} } } nodes { id }` : `nodes { ${selected} }`;
      const [all, ofAgent, paged, ...alone] = await Promise.all(
        [
          `{ participants { ${selected} } }`,
          `{ participants(agentId: "bot") { ${selected} } }`,
          `{ participantsConnection(first: 3) { ${page} } }`,
          ...participants.map((id) => `{ participant(id: "${id}") { ${selected} } }`),
        ].map(async (document) => dataOf(await tenant.graphql(document))),
      );
      const expected = alone.map((each) => each.participant);
      expect(all.participants).toEqual(expected);
      expect(ofAgent.participants).toEqual(expected.slice(0, 2));
      const { nodes, edges: found } = paged.participantsConnection;
      expect(found ? found.map(({ node }: { node: unknown }) => node) : nodes).toEqual(expected);
    }),
    { numRuns: 40 },
  );
});

test('a page reads of conversations, and of all who take part, what is selected, and answers as each by itself does', async () => {
  await fc.assert(
    fc.asyncProperty(ofConversation, async (selected) => {
      const [paged, ...alone] = await Promise.all(
        [
          `{ conversationsConnection(first: 2) { nodes { ${selected} } } }`,
          ...conversations.map((id) => `{ conversation(id: "${id}") { ${selected} } }`),
        ].map(async (document) => dataOf(await tenant.graphql(document))),
      );
      expect(paged.conversationsConnection.nodes).toEqual(alone.map((each) => each.conversation));
    }),
    { numRuns: 80 },
  );
});
