import { describe, expect, test } from 'vitest';
import { dataOf, problemOf, type TestTenant, type Untyped } from '../app.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import { prepared } from '../prepared.ts';
import { useApp } from '../use-app.ts';

const service = useApp();

describe('the statements', () => {
  const channelHealth = 'reachable reason keyStatus keyPrefix lastMessageAt channel { address }';
  const health = `reachable reason channels { ${channelHealth} }`;
  const everything = `id avatarUrl relatedAgent { id name } agentIds agents { id name }
    channels { id address integrationConfig { id name connected } health { reason } }
    bindings { id agent { id name } participant { id displayName } } health { reachable channels { reason channel { id } } }`;
  const counted = async (of: TestTenant, document: string, variables = {}) => {
    const answer = await of.graphql(document, variables);
    dataOf(answer);
    return answer.statements.length;
  };

  test('depend on what is asked, not on how much there is', async () => {
    const one = await service.createTenant();
    const many = await service.createTenant();
    const ids = new Map<TestTenant, string>();
    for (const [of, count] of [[one, 1] as const, [many, 7] as const]) {
      for (let index = 0; index < count; index += 1) {
        const agent = await createAgent(of);
        const config = await createConfig(of);
        const channels = Array.from({ length: index + 1 }, (_, place) => ({
          integrationConfigId: config,
          address: `U0${place}`,
        }));
        ids.set(
          of,
          await createParticipant(of, { channels, agentIds: [agent], kind: 'AI_AGENT', relatedAgentId: agent }),
        );
      }
    }
    for (const [document, statements] of [
      // The participants with their channels and agents' ids; their health, and their bindings; the configs, and the
      // agents; then the bindings' participants.
      [`{ participants { ${everything} } }`, 6],
      [`{ participantsConnection(first: 50) { nodes { ${everything} } } }`, 6],
      [`{ participantsConnection(first: 50) { totalCount nodes { id } edges { node { ${everything} } } } }`, 7],
      // Health is one statement more than what it is asked of, keys and connections included.
      [`{ participants { health { ${health} } } }`, 2],
      [`{ participants { channels { id health { ${channelHealth} } } } }`, 2],
      [`{ participants { health { ${health} } channels { id health { ${channelHealth} } } } }`, 2],
      [`{ participantsConnection(first: 50, filter: { reachable: false }) { nodes { health { ${health} } } } }`, 2],
      [`{ participantsConnection(first: 50) { pageInfo { hasNextPage } } }`, 1],
    ] as const) {
      expect([document, await counted(one, document), await counted(many, document)]).toEqual([
        document,
        statements,
        statements,
      ]);
    }
    const readById = `query ($id: ID!) { participant(id: $id) { ${everything} } }`;
    expect([
      await counted(one, readById, { id: ids.get(one) }),
      await counted(many, readById, { id: ids.get(many) }),
    ]).toEqual([6, 6]);
  });

  test('of several reads by id at once are those of one', async () => {
    const people = await Promise.all(Array.from({ length: 10 }, () => createParticipant(service.tenant)));
    const aliased = people.map((id, index) => `p${index}: participant(id: "${id}") { displayName channels { id } }`);
    expect(await counted(service.tenant, `{ ${aliased.join(' ')} }`)).toBe(2);
  });
});

test('what a participant has many of is read by itself', async () => {
  const fresh = await service.createTenant();
  const config = await createConfig(fresh, 'sms');
  const agents = await Promise.all(Array.from({ length: 51 }, () => createAgent(fresh)));
  const channels = (count: number) =>
    Array.from({ length: count }, (_, n) => ({
      integrationConfigId: config,
      address: `+1415555${1000 + n}`,
      priority: n,
    }));
  await createParticipant(fresh, { displayName: 'A', channels: channels(20), agentIds: agents.slice(0, 50) });
  await createParticipant(fresh, { displayName: 'B', channels: channels(21), agentIds: agents });
  for (const [list, rowsOf] of [
    ['participants', (data: Untyped) => data.participants],
    ['participantsConnection', (data: Untyped) => data.participantsConnection.nodes],
  ] as const) {
    const selected = 'channels { priority } agentIds';
    const answer = await fresh.graphql(
      list === 'participants' ? `{ participants { ${selected} } }` : `{ ${list} { nodes { ${selected} } } }`,
    );
    const [few, many] = rowsOf(dataOf(answer));
    expect(few.channels.map(({ priority }: { priority: number }) => priority)).toEqual([...Array(20).keys()]);
    expect(many.channels.map(({ priority }: { priority: number }) => priority)).toEqual([...Array(21).keys()]);
    expect(few.agentIds).toEqual(agents.slice(0, 50).sort());
    expect(many.agentIds).toEqual([...agents].sort());
    expect(answer.statements).toHaveLength(3);
  }
});

describe('an unpaged list', () => {
  test('of more than 10,000 is refused', async () => {
    const large = await service.createTenant();
    const add = (count: number) =>
      service.app.database.connection.query(
        prepared(`insert into participant (tenant_id, id, kind, display_name)
         select $1::uuid, gen_random_uuid(), 'PERSON', 'P' || n from generate_series(1, ${count}) n`),
        [large.id],
      );
    await add(10_000);
    expect(dataOf(await large.graphql('{ participantsConnection { totalCount } }'))).toEqual({
      participantsConnection: { totalCount: 10_000 },
    });
    expect(dataOf(await large.graphql('{ participants { id } }')).participants).toHaveLength(10_000);
    await add(1);
    expect(problemOf(await large.graphql('{ participants { id } }'))).toEqual({
      code: 'RESULT_TOO_LARGE',
      status: 413,
    });
    const { one, few, none, reachable } = dataOf(
      await large.graphql(`{
        one: participantsConnection(first: 1) { totalCount totalCountAtLeast nodes { id } }
        few: participantsConnection(first: 0, filter: { email: "nobody@example.com" }) { totalCount totalCountAtLeast }
        none: participantsConnection(first: 0, filter: { reachable: true }) { totalCount totalCountAtLeast }
        reachable: participantsConnection(first: 0, filter: { reachable: false }) { totalCount totalCountAtLeast }
      }`),
    );
    expect({ ...one, nodes: one.nodes.length }).toEqual({ totalCount: null, totalCountAtLeast: 10_000, nodes: 1 });
    expect(few).toEqual({ totalCount: 0, totalCountAtLeast: 0 });
    expect(none).toEqual({ totalCount: 0, totalCountAtLeast: 0 });
    expect(reachable).toEqual({ totalCount: null, totalCountAtLeast: 10_000 });
  });
});
