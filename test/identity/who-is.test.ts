import { describe, expect, test } from 'vitest';
import type { Scope } from '../../src/auth/scopes.ts';
import { dataOf, problemOf, type TestTenant } from '../app.ts';
import {
  createConversation,
  createExternalUser,
  joinAll,
  manyConversations,
  member,
} from '../conversations/factories.ts';
import { createAgent, createAgentKey, createConfig, createParticipant } from '../factories.ts';
import { useApp } from '../use-app.ts';

const service = useApp();

type Identified = { id: string };
const ids = (rows: readonly Identified[]) => rows.map(({ id }) => id);

const document = `query ($by: IdentityInput!) { whoIs(by: $by) {
  participants { id } externalUsers { id } conversationParticipants { id displayName subject { __typename } } } }`;

const whoIs = async (tenant: TestTenant, by: Record<string, unknown>, headers?: Record<string, string>) => {
  const answer = await tenant.graphql(document, { by }, headers);
  const { participants, externalUsers, conversationParticipants } = dataOf(answer).whoIs;
  return {
    found: { participants: ids(participants), users: ids(externalUsers), members: ids(conversationParticipants) },
    statements: answer.statements,
  };
};

/**
 * Ada is a participant with an e-mail, a telephone and a Slack channel, and a user by e-mail; her
 * telephone is another user's; Bo, a participant with an e-mail channel, is Ada's e-mail's too.
 */
async function world() {
  const tenant = await service.createTenant();
  const [sms, slack, email] = [
    await createConfig(tenant, 'sms'),
    await createConfig(tenant, 'slack'),
    await createConfig(tenant, 'email'),
  ];
  const ada = await createParticipant(tenant, {
    email: 'Ada@Example.com',
    channels: [
      { integrationConfigId: sms, address: '+1 415 555 0100' },
      { integrationConfigId: slack, address: 'UADA1' },
    ],
  });
  const bo = await createParticipant(tenant, {
    channels: [{ integrationConfigId: email, address: 'ADA@example.com' }],
  });
  const byEmail = await createExternalUser(tenant, { email: 'ada@EXAMPLE.com' });
  const byPhone = await createExternalUser(tenant, { phoneNumber: '+14155550100', fkId: 'a-key' });
  const stranger = await createParticipant(tenant, {
    email: 'other@example.com',
    channels: [{ integrationConfigId: slack, address: 'UADA2' }],
  });
  await createExternalUser(tenant, { email: 'other@example.com', phoneNumber: '+14155550199', fkId: 'A-key' });
  const conversationId = await createConversation(tenant);
  const members: Record<string, string> = {};
  for (const [name, participant] of [
    ['ada', { user: { id: ada } }],
    ['bo', { user: { id: bo } }],
    ['byEmail', { contact: { id: byEmail } }],
    ['byPhone', { contact: { id: byPhone } }],
    ['stranger', { user: { id: stranger } }],
  ] as const)
    members[name] = (await member(tenant, { conversationId, participant })).id;
  const membersOf = (...names: string[]) => names.map((name) => members[name]).reverse();
  return { tenant, ada, bo, byEmail, byPhone, conversationId, membersOf };
}

describe('whoIs', () => {
  test('finds everything that an identifier leads to, in three statements', async () => {
    const { tenant, ada, bo, byEmail, byPhone, membersOf } = await world();
    const everybody = {
      participants: [ada, bo],
      users: [byEmail, byPhone],
      members: membersOf('ada', 'bo', 'byEmail', 'byPhone'),
    };
    for (const [by, expected] of [
      // Ada and Bo by e-mail; the user with the e-mail, and the one with Ada's telephone.
      [{ email: 'ADA@EXAMPLE.COM' }, everybody],
      // Ada by telephone, the user with it, and the one with Ada's e-mail.
      [
        { phoneNumber: '001 (415) 555 0100' },
        { participants: [ada], users: [byEmail, byPhone], members: membersOf('ada', 'byEmail', 'byPhone') },
      ],
      // The user with the key, and the participant with that user's telephone.
      [{ fkId: 'a-key' }, { participants: [ada], users: [byPhone], members: membersOf('ada', 'byPhone') }],
      [
        { channel: { provider: 'Slack', address: 'UADA1' } },
        { participants: [ada], users: [byEmail, byPhone], members: membersOf('ada', 'byEmail', 'byPhone') },
      ],
      [
        { channel: { provider: 'SMS', address: '+14155550100' } },
        { participants: [ada], users: [byEmail, byPhone], members: membersOf('ada', 'byEmail', 'byPhone') },
      ],
      [
        { channel: { provider: 'whatsapp', address: '14155550100' } },
        { participants: [ada], users: [byEmail, byPhone], members: membersOf('ada', 'byEmail', 'byPhone') },
      ],
      [{ channel: { provider: 'email', address: 'aDa@example.com' } }, everybody],
    ] as const) {
      const { found, statements } = await whoIs(tenant, by);
      expect(found, JSON.stringify(by)).toEqual(expected);
      expect(statements).toHaveLength(3);
    }
  });

  test('finds nobody by what is nobody’s, nor in another tenant', async () => {
    const { tenant } = await world();
    const nobody = { participants: [], users: [], members: [] };
    for (const by of [
      { email: 'nobody@example.com' },
      { phoneNumber: '+14155550111' },
      { fkId: 'nobody' },
      // Other providers' addresses are compared to the letter, and belong to their provider.
      { channel: { provider: 'slack', address: 'uada1' } },
      { channel: { provider: 'teams', address: 'UADA1' } },
    ])
      expect((await whoIs(tenant, by)).found).toEqual(nobody);
    expect((await whoIs(await service.createTenant(), { email: 'ada@example.com' })).found).toEqual(nobody);
  });

  test('leaves empty what the viewer may not read, and does not go there either', async () => {
    const { tenant, ada, bo, byEmail, byPhone, membersOf } = await world();
    const as = async (scopes: readonly Scope[]) =>
      (await whoIs(tenant, { email: 'ada@example.com' }, { authorization: `Bearer ${await tenant.token(scopes)}` }))
        .found;
    expect(await as(['participants:read'])).toEqual({ participants: [ada, bo], users: [], members: [] });
    // And the key that leads to her telephone is a user's.
    const byKey = await whoIs(
      tenant,
      { fkId: 'a-key' },
      { authorization: `Bearer ${await tenant.token(['participants:read'])}` },
    );
    expect(byKey.found.participants).toEqual([]);
    // The telephone that leads on to the other user is a participant's.
    expect(await as(['users:read'])).toEqual({ participants: [], users: [byEmail], members: [] });
    expect(await as(['users:read', 'participants:read'])).toEqual({
      participants: [ada, bo],
      users: [byEmail, byPhone],
      members: [],
    });
    expect(await as(['integrations:write'])).toEqual({ participants: [], users: [], members: [] });
    const read = { authorization: `Bearer ${await tenant.token(['conversations:read'])}` };
    const members = dataOf(
      await tenant.graphql(
        '{ whoIs(by: { email: "ada@example.com" }) { conversationParticipants { id } participants { id } } }',
        {},
        read,
      ),
    ).whoIs;
    expect(members).toEqual({
      conversationParticipants: membersOf('ada', 'bo', 'byEmail').map((id) => ({ id })),
      participants: [],
    });
  });

  test('under an agent’s key shows memberships in that agent’s conversations only', async () => {
    const { tenant, byEmail, byPhone } = await world();
    const agentId = await createAgent(tenant);
    const conversationId = await createConversation(tenant, { agentId });
    const own = await member(tenant, { conversationId, participant: { contact: { id: byPhone } } });
    const { headers } = await createAgentKey(tenant, agentId);
    const found = async (by: string) => {
      const text = `{ whoIs(by: ${by}) { participants { id } externalUsers { id } conversationParticipants { id } } }`;
      return dataOf(await tenant.graphql(text, {}, headers)).whoIs;
    };
    expect(await found('{ phoneNumber: "+14155550100" }')).toEqual({
      participants: [],
      externalUsers: [{ id: byPhone }],
      conversationParticipants: [{ id: own.id }],
    });
    expect(await found('{ email: "ada@example.com" }')).toEqual({
      participants: [],
      externalUsers: [{ id: byEmail }],
      conversationParticipants: [],
    });
  });

  test('takes no more statements when there is more, and none for what is not asked', async () => {
    const tenant = await service.createTenant();
    for (let n = 0; n < 10; n++) {
      const userId = await createParticipant(tenant, { email: 'crowd@example.com' });
      await joinAll(service, tenant, await manyConversations(service, tenant, 10), { userId });
    }
    const { found, statements } = await whoIs(tenant, { email: 'crowd@example.com' });
    expect([found.participants.length, found.members.length, statements.length]).toEqual([10, 100, 3]);
    const one = await tenant.graphql('{ whoIs(by: { email: "crowd@example.com" }) { participants { id } } }');
    expect(one.statements).toHaveLength(1);
    expect((await tenant.graphql('{ whoIs(by: { fkId: "x" }) { __typename } }')).statements).toHaveLength(0);
  });

  test('gives every membership, the newest first, however many', async () => {
    const tenant = await service.createTenant();
    const contactId = await createExternalUser(tenant, { fkId: 'everywhere' });
    await joinAll(service, tenant, await manyConversations(service, tenant, 1_005), { contactId });
    const all = await service.app.database.prisma.conversationMember.findMany({
      where: { contactId },
      select: { id: true },
    });
    const { found } = await whoIs(tenant, { fkId: 'everywhere' });
    expect(found.members).toEqual(ids(all).sort().reverse());
  });

  test('takes exactly one identifier, and one that is one', async () => {
    const { tenant } = service;
    for (const by of [{}, { email: 'a@b.example', fkId: 'x' }, { channel: null }])
      expect(problemOf(await tenant.graphql(document, { by })).status).toBe(400);
    for (const [by, path] of [
      [{ email: 'no' }, ['by', 'email']],
      [{ phoneNumber: 'no' }, ['by', 'phoneNumber']],
      [{ fkId: '' }, ['by', 'fkId']],
      [{ channel: { provider: 'slack', address: '' } }, ['by', 'channel', 'address']],
    ] as const) {
      const answer = await tenant.graphql(document, { by });
      expect(problemOf(answer)).toEqual({ code: 'VALIDATION_FAILED', status: 400 });
      expect(answer.errors?.[0]?.extensions.errors?.[0]?.path).toEqual(path);
    }
  });
});

describe('the same person', () => {
  test('is found from either side, each for all rows of a level in one statement', async () => {
    const { tenant, ada, bo, byEmail, byPhone } = await world();
    const people = await tenant.graphql('{ participants { id externalUsers { id } } }');
    const users = new Map(
      dataOf(people).participants.map((each: Identified & { externalUsers: Identified[] }) => [
        each.id,
        ids(each.externalUsers),
      ]),
    );
    expect(users.get(ada)).toEqual([byEmail, byPhone]);
    expect(users.get(bo)).toEqual([byEmail]);
    expect(people.statements).toHaveLength(2);

    const back = await tenant.graphql(
      'query ($a: ID!, $b: ID!) { a: externalUser(id: $a) { participants { id } } b: externalUser(id: $b) { participants { id } } }',
      { a: byEmail, b: byPhone },
    );
    expect(dataOf(back)).toEqual({
      a: { participants: [{ id: ada }, { id: bo }] },
      b: { participants: [{ id: ada }] },
    });
    expect(back.statements).toHaveLength(2);
  });

  test('needs the scope of the other side', async () => {
    const { tenant, ada, byEmail } = await world();
    const as = async (scopes: readonly Scope[], text: string, id: string) =>
      problemOf(await tenant.graphql(text, { id }, { authorization: `Bearer ${await tenant.token(scopes)}` })).code;
    expect(
      await as(['participants:read'], 'query ($id: ID!) { participant(id: $id) { externalUsers { id } } }', ada),
    ).toBe('FORBIDDEN');
    expect(
      await as(['users:read'], 'query ($id: ID!) { externalUser(id: $id) { participants { id } } }', byEmail),
    ).toBe('FORBIDDEN');
    expect(
      await as(
        ['users:read'],
        'query ($id: ID!) { externalUser(id: $id) { conversations { nodes { id } } } }',
        byEmail,
      ),
    ).toBe('FORBIDDEN');
  });
});
