import { describe, expect, test } from 'vitest';
import { dataOf, type Untyped } from '../app.ts';
import { createAgent, createParticipant } from '../factories.ts';
import { useApp } from '../use-app.ts';

const service = useApp();

const names = ['zoe', 'Ábel', 'abel', 'Bob', 'Émile', 'emile', 'ada', 'abel'];

/** Three agents: one has every participant, one every second, and one nobody. */
async function agentsWithContacts() {
  const tenant = await service.createTenant();
  const [all, some, none] = ['all', 'some', 'none'] as const;
  for (const id of [all, some, none]) await createAgent(tenant, id);
  for (const [index, displayName] of names.entries())
    await createParticipant(tenant, {
      displayName,
      kind: index % 3 === 0 ? 'GROUP' : 'PERSON',
      agentIds: index % 2 === 0 ? [all, some] : [all],
    });
  return tenant;
}

describe('the contacts of many agents', () => {
  test.each([
    ['the first', '(first: 3)'],
    ['the last', '(last: 3)'],
    ['none', '(first: 0)'],
    ['by a filter', '(filter: { kind: PERSON }, first: 2)'],
    ['by a filter that examines each', '(filter: { reachable: false }, last: 2)'],
  ])('are those of each alone: %s', async (_, args) => {
    const tenant = await agentsWithContacts();
    const page = `participantsConnection${args} {
      ${args.includes('reachable') ? '' : 'totalCount'} edges { cursor node { id displayName agentIds channels { id } } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }`;
    const together = dataOf(await tenant.graphql(`{ agents { id ${page} } }`)).agents;
    expect(together).toHaveLength(3);
    for (const agent of together)
      expect(dataOf(await tenant.graphql(`{ agent(id: "${agent.id}") { id ${page} } }`)).agent).toEqual(agent);
    const plain = await tenant.graphql(
      `query ($id: ID) { participantsConnection${args.includes('filter') ? args.replace('filter: {', 'filter: { agentId: $id,') : args.replace('(', '(filter: { agentId: $id }, ')} {
        edges { cursor node { id } } } }`,
      { id: 'all' },
    );
    const cursors = (connection: Untyped) => connection.edges.map((edge: Untyped) => edge.cursor);
    const whole = together.find(({ id }: Untyped) => id === 'all');
    expect(cursors(whole.participantsConnection)).toEqual(cursors(dataOf(plain).participantsConnection));
  });

  test('are paged through by each agent’s own cursors', async () => {
    const tenant = await agentsWithContacts();
    const seen: string[] = [];
    for (let after: string | null = null; ; ) {
      const answer: Untyped = await tenant.graphql(
        'query ($after: String) { agent(id: "all") { participantsConnection(first: 3, after: $after) { nodes { displayName } pageInfo { hasNextPage endCursor } } } }',
        { after },
      );
      const { nodes, pageInfo } = dataOf<Untyped>(answer).agent.participantsConnection;
      seen.push(...nodes.map(({ displayName }: Untyped) => displayName));
      if (!pageInfo.hasNextPage) break;
      after = pageInfo.endCursor;
    }
    expect(
      seen.map((name) =>
        name
          .normalize('NFD')
          .replace(/[^a-zA-Z]/g, '')
          .toLowerCase(),
      ),
    ).toEqual(['abel', 'abel', 'abel', 'ada', 'bob', 'emile', 'emile', 'zoe']);
  });

  test('take one statement, and their counts another', async () => {
    const tenant = await agentsWithContacts();
    const answer = await tenant.graphql(
      '{ agents { participantsConnection(first: 2) { totalCount nodes { id displayName } } few: participantsConnection(last: 1) { nodes { id } } } }',
    );
    dataOf(answer);
    // The agents, a page each of two, and the counts.
    expect(answer.statements).toHaveLength(4);
  });
});
