import { expect, test } from 'vitest';
import { system } from '../../src/database/actor.ts';
import { dataOf, problemOf, type Untyped } from '../app.ts';
import { createAccessKey, createAgent } from '../factories.ts';
import { useApp } from '../use-app.ts';

const service = useApp();

test('the history is narrowed to kinds of actors, page by page, and in the tenant alone', async () => {
  const { app, createTenant } = service;
  const [tenant, other] = [await createTenant(), await createTenant()];
  const key = await createAccessKey(tenant, ['ADMIN']);
  const system3 = async ({ id }: { id: string }, from: string) => {
    const db = app.database.forTenant(id).as(system('a test', `job of ${from}`));
    for (const n of [1, 2, 3])
      await db.transaction((tx) => tx.agent.create({ data: { tenantId: id, id: `${from}-${n}`, name: `Agent ${n}` } }));
  };
  await system3(tenant, 'mine');
  await system3(other, 'theirs');
  await createAgent(tenant, 'by-hand');
  const create = 'mutation { createAgent(input: { id: "by-key", name: "By a key" }) { __typename } }';
  dataOf(await tenant.graphql(create, {}, key.headers));
  const page = async (filter: object, args = '') =>
    dataOf(
      await tenant.graphql(
        `query ($filter: HistoryFilter) { historyConnection(filter: $filter${args}) {
          totalCount nodes { subjectId actor { kind } } pageInfo { hasNextPage endCursor } } }`,
        { filter },
      ),
    ).historyConnection;
  const agentsOf = ({ nodes }: Untyped) => nodes.map(({ subjectId }: Untyped) => subjectId);

  // A page ends between two entries that fit, no matter what lies between them.
  const first = await page({ actorKinds: ['SYSTEM'] }, ', first: 2');
  expect(agentsOf(first)).toEqual(['mine-3', 'mine-2']);
  expect(first.pageInfo.hasNextPage).toBe(true);
  const second = await page({ actorKinds: ['SYSTEM'] }, `, first: 2, after: "${first.pageInfo.endCursor}"`);
  expect(agentsOf(second)[0]).toBe('mine-1');
  expect(second.nodes.every(({ actor }: Untyped) => actor.kind === 'SYSTEM')).toBe(true);

  const byPeople = await page({ actorKinds: ['USER', 'ACCESS_KEY', 'AGENT_KEY'] });
  expect(agentsOf(byPeople)).toEqual(['by-key', 'by-hand', key.id]);
  expect(byPeople.totalCount).toBe(3);
  expect(agentsOf(await page({ actorKinds: ['ACCESS_KEY', 'ACCESS_KEY'], operation: 'createAgent' }))).toEqual([
    'by-key',
  ]);
  expect(agentsOf(await page({ actorKinds: [] }))).toEqual([]);
  expect((await page({ actorKinds: null })).totalCount).toBeGreaterThan(byPeople.totalCount);
  const unknown = await tenant.graphql('{ historyConnection(filter: { actorKinds: [ROBOT] }) { totalCount } }');
  expect(problemOf(unknown).status).toBe(400);
});
