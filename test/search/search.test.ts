import { beforeAll, describe, expect, test } from 'vitest';
import { dataOf, problemOf, type TestTenant } from '../app.ts';
import { createAgent, createAgentKey, createConfig, createParticipant } from '../factories.ts';
import { useApp } from '../use-app.ts';
import { expected, type Person } from './naive.ts';

const service = useApp();

const users = `query ($filter: ExternalUserFilter, $first: Int, $after: String, $last: Int, $before: String) {
  externalUsersConnection(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
    totalCount edges { cursor node { id displayName } } pageInfo { hasNextPage hasPreviousPage } } }`;

type Edges = { totalCount: number; edges: { cursor: string; node: { displayName: string } }[] };
const names = ({ edges }: Edges) => edges.map(({ node }) => node.displayName);
const search = async (of: TestTenant, query: string, more: object = {}, headers?: Record<string, string>) =>
  names(dataOf(await of.graphql(users, { filter: { query, ...more }, first: 100 }, headers)).externalUsersConnection);

const create = async (of: TestTenant, people: readonly Person[]) => {
  for (let from = 0; from < people.length; from += 100)
    dataOf(
      await of.graphql(
        'mutation ($users: [NewExternalUserInput!]!) { createExternalUsers(input: { users: $users }) { externalUsers { id } } }',
        { users: people.slice(from, from + 100) },
      ),
    );
};

describe('external users', () => {
  let tenant: TestTenant;
  beforeAll(async () => {
    tenant = await service.createTenant();
    await create(tenant, [
      { firstName: 'Zoë', lastName: 'Ann', email: 'zoe@example.com' },
      { firstName: 'Ann', lastName: 'Zed', phoneNumber: '+1 415 555 0100' },
      { firstName: 'Ánnika', lastName: 'Berg', fkId: 'C-0042' },
      { firstName: 'Joanna', lastName: 'Lund', email: 'ann.lund@example.com' },
      { firstName: 'Susanne', lastName: '100%_\\x', fkId: 'joker' },
      { firstName: 'Иван', lastName: 'Петров', phoneNumber: '+49 170 1234567' },
      { firstName: '美咲', lastName: '田中', fkId: 'tanaka' },
    ]);
  });

  test('whole texts come first, then names and texts that begin with it, then parts, each by name', async () => {
    expect(await search(tenant, 'ann')).toEqual([
      'Zoë Ann',
      'Ann Zed',
      'Ánnika Berg',
      'Joanna Lund',
      'Susanne 100%_\\x',
    ]);
    expect(await search(tenant, ' ÁNN ')).toEqual(await search(tenant, 'ann'));
  });

  test.each([
    ['an', ['Ann Zed', 'Ánnika Berg', 'Joanna Lund', 'Zoë Ann', 'Susanne 100%_\\x', '美咲 田中']],
    ['nn z', ['Ann Zed']],
    ['иВа', ['Иван Петров']],
    ['ет', ['Иван Петров']],
    ['田中', ['美咲 田中']],
    ['ZOE@EXAMPLE', ['Zoë Ann']],
    ['(415) 555-0100', ['Ann Zed']],
    ['+1 415.555', ['Ann Zed']],
    ['0170 / 123 45 67', ['Иван Петров']],
    ['+49 (0)170 1234567', ['Иван Петров']],
    ['5501', ['Ann Zed']],
    ['c-0042', ['Ánnika Berg']],
    ['0042', ['Ánnika Berg']],
    ['100%', ['Susanne 100%_\\x']],
    ['%_\\', ['Susanne 100%_\\x']],
    ['__', []],
    ['%%', []],
    ['\\\\', []],
  ])('%s', async (query, expected) => {
    const found = await search(tenant, query);
    expect(found.length).toBe(expected.length);
    expect(new Set(found)).toEqual(new Set(expected));
  });

  test.each(['', ' ', 'a', ' a ', 'a\u0301', 'x'.repeat(256), 'x'.repeat(10_000), 'a\u0000b'])(
    'a query that is too short, too long or no text is refused: %j',
    async (query) => {
      for (const [field, filter] of [
        ['externalUsersConnection', '{ query: $query }'],
        ['participantsConnection', '{ query: $query }'],
        ['conversationsConnection', '{ query: $query }'],
      ])
        expect(
          (await tenant.graphql(`query ($query: String!) { ${field}(filter: ${filter}) { nodes { id } } }`, { query }))
            .errors?.[0]?.extensions,
        ).toMatchObject({ code: 'VALIDATION_FAILED', errors: [{ path: ['filter', 'query'] }] });
    },
  );

  test('names and identifiers that change are found by what they are now', async () => {
    const of = await service.createTenant();
    await create(of, [{ firstName: 'Before', lastName: 'Hand', email: 'before@example.com' }]);
    const { externalUsersConnection } = dataOf(await of.graphql(users, { filter: {} }));
    const { id } = externalUsersConnection.edges[0].node;
    dataOf(
      await of.graphql(
        'mutation ($id: ID!) { updateExternalUser(input: { externalUserId: $id, firstName: "After", email: "after@example.com" }) { externalUser { id } } }',
        { id },
      ),
    );
    expect(await search(of, 'before')).toEqual([]);
    expect(await search(of, 'after')).toEqual(['After Hand']);
    dataOf(
      await of.graphql('mutation ($id: ID!) { deleteExternalUser(input: { externalUserId: $id }) { deletedId } }', {
        id,
      }),
    );
    expect(await search(of, 'after')).toEqual([]);
  });

  test('an agent’s key sees the contacts of its own conversations', async () => {
    const of = await service.createTenant();
    const agent = await createAgent(of, 'desk');
    await create(of, [
      { firstName: 'Mine', lastName: 'One', email: 'mine@example.com' },
      { firstName: 'Mine', lastName: 'Two', email: 'two@example.com' },
    ]);
    const made = dataOf(
      await of.graphql(
        'mutation ($agent: ID!) { createConversation(input: { agentId: $agent, participants: [{ participant: { contactByIdentifier: { identifierKey: EMAILADDRESS, identifierValue: "mine@example.com" } } }] }) { conversation { id } } }'.replace(
          'EMAILADDRESS',
          'emailaddress',
        ),
        { agent },
      ),
    );
    expect(made.createConversation.conversation.id).toBeTruthy();
    const { headers: key } = await createAgentKey(of, agent);
    expect(await search(of, 'mine', {}, key)).toEqual(['Mine One']);
    expect(names(dataOf(await of.graphql(users, {}, key)).externalUsersConnection)).toEqual(['Mine One']);
    expect(await search(of, 'mine', { agentId: agent })).toEqual(['Mine One']);
    expect(await search(of, 'mine', { agentId: 'nobody' })).toEqual([]);
  });
});

test('few and many matches come in one order, on pages of any size from either end', { timeout: 120_000 }, async () => {
  const of = await service.createTenant();
  const firsts = ['Ada', 'Ána', 'Bana', 'Anan', 'Eve', 'Nana', 'Zan'];
  const people = Array.from({ length: 1_300 }, (_, n) => ({
    firstName: firsts[n % firsts.length] as string,
    // Every name is different, so that the order of the names says which user it is.
    lastName: `${['Ban', 'An', 'Lo'][n % 3]}${n}`,
    fkId: `${n % 5 === 0 ? 'an' : 'key'}${n}`,
  }));
  await create(of, people);
  for (const query of ['an', 'ana', 'ana lo', 'an1', 'an1300', 'zan an', 'key12', '99']) {
    const all = expected(people, [query]).map(({ name }) => name);
    const read: string[] = [];
    for (let after: string | null = null, more = true; more; ) {
      const page: Edges & { pageInfo: { hasNextPage: boolean } } = dataOf(
        await of.graphql(users, { filter: { query }, first: 100, after }),
      ).externalUsersConnection;
      read.push(...names(page));
      after = page.edges.at(-1)?.cursor ?? null;
      more = page.pageInfo.hasNextPage;
      expect(page.totalCount).toBe(all.length);
    }
    expect(read).toEqual(all);
    const last: Edges = dataOf(await of.graphql(users, { filter: { query }, last: 30 })).externalUsersConnection;
    expect(names(last)).toEqual(all.slice(-30));
    const cursor = last.edges[0]?.cursor;
    const before: Edges = dataOf(
      await of.graphql(users, { filter: { query }, last: 45, before: cursor }),
    ).externalUsersConnection;
    expect(names(before)).toEqual(all.slice(-75, -30).slice(-45));
  }
});

test('participants are found by name, e-mail and the addresses of their channels', async () => {
  const of = await service.createTenant();
  const sms = await createConfig(of, 'sms');
  const slack = await createConfig(of, 'slack');
  const agent = await createAgent(of, 'desk');
  await createParticipant(of, {
    displayName: 'Ada Lovelace',
    email: 'ada@example.com',
    agentIds: [agent],
    channels: [{ integrationConfigId: sms, address: '+1 415 555 0199' }],
  });
  const bob = await createParticipant(of, {
    displayName: 'Bob',
    channels: [{ integrationConfigId: slack, address: 'U024BE7LH' }],
  });
  const found = async (filter: object) =>
    dataOf(
      await of.graphql(
        'query ($filter: ParticipantFilter) { participantsConnection(filter: $filter) { totalCount nodes { displayName } } }',
        { filter },
      ),
    ).participantsConnection.nodes.map((node: { displayName: string }) => node.displayName);
  expect(await found({ query: 'LOVE' })).toEqual(['Ada Lovelace']);
  expect(await found({ query: '(415) 555-0199' })).toEqual(['Ada Lovelace']);
  expect(await found({ query: 'u024be' })).toEqual(['Bob']);
  expect(await found({ query: 'ada', agentId: agent, kind: 'PERSON', reachable: true })).toEqual(['Ada Lovelace']);
  expect(await found({ query: 'bob', agentId: agent })).toEqual([]);
  dataOf(
    await of.graphql(
      'mutation ($id: ID!) { updateParticipant(input: { participantId: $id, channels: [] }) { participant { id } } }',
      { id: bob },
    ),
  );
  expect(await found({ query: 'u024be' })).toEqual([]);
});

test('conversations are found by name and time, and ordered', async () => {
  const of = await service.createTenant();
  const made: string[] = [];
  for (const name of ['Alpha order', 'Order of Beta', null, 'Border']) {
    const { createConversation } = dataOf(
      await of.graphql(
        'mutation ($name: String) { createConversation(input: { name: $name }) { conversation { id createdAt } } }',
        { name },
      ),
    );
    made.push(createConversation.conversation.id);
  }
  dataOf(
    await of.graphql(
      'mutation ($id: ID!) { closeConversation(input: { conversationId: $id }) { conversation { id } } }',
      { id: made[1] },
    ),
  );
  const listed = async (filter: object | null, orderBy: object | null = null) =>
    dataOf(
      await of.graphql(
        'query ($filter: ConversationFilter, $orderBy: ConversationOrder) { conversationsConnection(filter: $filter, orderBy: $orderBy) { nodes { id } } }',
        { filter, orderBy },
      ),
    ).conversationsConnection.nodes.map(({ id }: { id: string }) => made.indexOf(id));
  expect(await listed({ query: 'order' })).toEqual([1, 0, 3]);
  expect(await listed({ query: 'order', orderBy: { field: 'CREATED_AT' } })).toEqual([3, 1, 0]);
  expect(await listed({ query: 'order', orderBy: { field: 'CREATED_AT', direction: 'ASC' } })).toEqual([0, 1, 3]);
  expect(await listed({ orderBy: { field: 'CLOSED_AT', direction: 'ASC' } })).toEqual([1, 0, 2, 3]);
  // Its place before, which is deprecated.
  expect(await listed(null, { field: 'CLOSED_AT', direction: 'ASC' })).toEqual([1, 0, 2, 3]);
  expect(await listed(null)).toEqual([3, 2, 1, 0]);
  expect(await listed({ closedAfter: '2000-01-01T00:00:00Z' })).toEqual([1]);
  expect(await listed({ createdAfter: '2100-01-01T00:00:00Z' })).toEqual([]);
  expect(await listed({ createdAfter: '2000-01-01T00:00:00Z', createdBefore: '2100-01-01T00:00:00Z' })).toHaveLength(4);
  const both = await of.graphql(
    '{ conversationsConnection(filter: { orderBy: { field: CREATED_AT } }, orderBy: { field: CLOSED_AT }) { nodes { id } } }',
  );
  expect(problemOf(both).code).toBe('VALIDATION_FAILED');
});

test('counts of participants agree with their health', async () => {
  const of = await service.createTenant();
  const sms = await createConfig(of, 'sms');
  const [desk, shop] = [await createAgent(of, 'desk'), await createAgent(of, 'shop')];
  const good = { integrationConfigId: sms, address: '+14155550123' };
  await createParticipant(of, { displayName: 'Good', agentIds: [desk, shop], channels: [good] });
  await createParticipant(of, {
    displayName: 'Odd',
    agentIds: [desk],
    channels: [{ ...good, address: '+14155550124', disabled: true }],
  });
  await createParticipant(of, { displayName: 'None' });
  const fields =
    '{ total reachable unreachable byReason { reason count } byProvider { provider count } byAgent(first: 1) { agent { id } total unreachable } }';
  const counts = async (agentId: string | null) => {
    const answer = await of.graphql(`query ($agentId: ID) { participantCounts(agentId: $agentId) ${fields} }`, {
      agentId,
    });
    expect(dataOf(answer).participantCounts).toBeTruthy();
    expect(answer.statements).toHaveLength(3);
    return dataOf(answer).participantCounts;
  };
  expect({ all: await counts(null), one: await counts(shop), none: await counts('nobody') }).toEqual({
    all: {
      total: 3,
      reachable: 1,
      unreachable: 2,
      byReason: [
        { reason: 'NO_CHANNEL', count: 1 },
        { reason: 'CHANNEL_DISABLED', count: 1 },
      ],
      byProvider: [{ provider: 'sms', count: 2 }],
      byAgent: [{ agent: { id: desk }, total: 2, unreachable: 1 }],
    },
    one: {
      total: 1,
      reachable: 1,
      unreachable: 0,
      byReason: [],
      byProvider: [{ provider: 'sms', count: 1 }],
      byAgent: [{ agent: { id: shop }, total: 1, unreachable: 0 }],
    },
    none: { total: 0, reachable: 0, unreachable: 0, byReason: [], byProvider: [], byAgent: [] },
  });
});
