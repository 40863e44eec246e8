import { expect, test } from 'vitest';
import { dataOf, problemOf, type TestTenant, type Untyped } from '../app.ts';
import { createAccessKey, createParticipant } from '../factories.ts';
import { useApp } from '../use-app.ts';

const service = useApp();

const change = async (of: TestTenant, name: string, input: object, fields: string): Promise<Untyped> => {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
  const answer = await of.graphql(`mutation ($input: ${type}!) { ${name}(input: $input) { ${fields} } }`, { input });
  return dataOf(answer)[name];
};
const createUser = async (of: TestTenant, fkId: string): Promise<string> =>
  (await change(of, 'createExternalUser', { firstName: 'A', lastName: fkId, fkId }, 'externalUser { id }')).externalUser
    .id;

test.each([
  {
    mutation: 'mergeExternalUsers',
    list: 'externalUser',
    create: (of: TestTenant, n: number) => createUser(of, `u${n}`),
  },
  { mutation: 'mergeParticipants', list: 'participant', create: (of: TestTenant) => createParticipant(of) },
])('somebody’s merges are listed by $list, to be undone', async ({ mutation, list, create }) => {
  const of = await service.createTenant();
  const ids: string[] = [];
  for (let n = 0; n < 5; n += 1) ids.push(await create(of, n));
  const merged = async (into: number, from: number): Promise<string> =>
    (await change(of, mutation, { intoId: ids[into], fromIds: [ids[from]] }, 'merge { id }')).merge.id;
  const fields = 'id into { id } from { id } undoneAt';
  const listed = async (of_: number, args = 'first: 10') =>
    of.graphql(
      `query ($id: ID!) { ${list}(id: $id) { merges(${args}) { totalCount pageInfo { hasNextPage endCursor } nodes { ${fields} } } } }`,
      { id: ids[of_] },
    );
  const idsOf = async (of_: number) => dataOf(await listed(of_))[list].merges.nodes.map(({ id }: { id: string }) => id);

  expect(await idsOf(0)).toEqual([]);
  const first = await merged(0, 1);
  const second = await merged(0, 2);
  const answer = await listed(0);
  // One statement for the survivor, one for the page, one for the count.
  expect(answer.statements).toHaveLength(3);
  expect(dataOf(answer)[list].merges).toMatchObject({
    totalCount: 2,
    nodes: [
      { id: second, into: { id: ids[0] }, from: [{ id: ids[2] }], undoneAt: null },
      { id: first, into: { id: ids[0] }, from: [{ id: ids[1] }], undoneAt: null },
    ],
  });
  const page = dataOf(await listed(0, 'first: 1'))[list].merges;
  expect(page.pageInfo.hasNextPage).toBe(true);
  const next = dataOf(await listed(0, `first: 1, after: "${page.pageInfo.endCursor}"`))[list].merges;
  expect(next.nodes).toMatchObject([{ id: first }]);

  // Merges of somebody who is merged are the survivor's, and theirs again afterwards.
  const third = await merged(3, 0);
  expect(await idsOf(3)).toEqual([third, second, first]);
  expect(await idsOf(0)).toEqual([third, second, first]);
  await change(of, 'undoMerge', { mergeId: third }, 'notRestored { field }');
  expect(dataOf(await listed(3))[list].merges.nodes).toMatchObject([{ id: third, undoneAt: expect.any(String) }]);
  await change(of, 'undoMerge', { mergeId: first }, 'notRestored { field }');
  expect(dataOf(await listed(0))[list].merges.nodes).toMatchObject([
    { id: second, undoneAt: null },
    { id: first, undoneAt: expect.any(String) },
  ]);
  expect(await idsOf(1)).toEqual([]);
  const other = await service.createTenant();
  const elsewhere = `query ($id: ID!) { ${list}(id: $id) { merges { nodes { id } } } }`;
  expect(dataOf(await other.graphql(elsewhere, { id: ids[0] }))[list]).toBeNull();
});

test('one page of merges for many people is one statement, and takes the scope of the people', async () => {
  const of = await service.createTenant();
  const ids = [await createUser(of, 'one'), await createUser(of, 'two'), await createUser(of, 'three')];
  await change(of, 'mergeExternalUsers', { intoId: ids[0], fromIds: [ids[2]] }, 'merge { id }');
  const query = '{ externalUsersConnection(first: 10) { nodes { id merges(first: 5) { nodes { id } } } } }';
  const answer = await of.graphql(query);
  expect(answer.statements).toHaveLength(2);
  const { nodes } = dataOf(answer).externalUsersConnection;
  expect(nodes.map(({ merges }: Untyped) => merges.nodes.length).sort()).toEqual([0, 1]);
  const { headers } = await createAccessKey(of, ['PARTICIPANTS_READ']);
  const participants = '{ participantsConnection(first: 1) { nodes { merges { nodes { id } } } } }';
  expect(dataOf(await of.graphql(participants, {}, headers)).participantsConnection.nodes).toEqual([]);
  expect(problemOf(await of.graphql(query, {}, headers)).code).toBe('FORBIDDEN');
});

test('a merge names the key that it was made with, to administrators only', async () => {
  const of = await service.createTenant();
  const [into, from] = [await createUser(of, 'k1'), await createUser(of, 'k2')];
  const writer = await createAccessKey(of, ['USERS_WRITE', 'USERS_READ']);
  const merge = `mutation ($into: ID!, $from: ID!) {
    mergeExternalUsers(input: { intoId: $into, fromIds: [$from] }) { merge { actor { kind id name } } } }`;
  const done = dataOf(await of.graphql(merge, { into, from }, writer.headers));
  const actor = { kind: 'ACCESS_KEY', id: writer.id };
  expect(done.mergeExternalUsers.merge.actor).toEqual({ ...actor, name: null });
  const list = 'query ($id: ID!) { externalUser(id: $id) { merges(first: 1) { nodes { actor { kind id name } } } } }';
  const { externalUser } = dataOf(await of.graphql(list, { id: into }));
  expect(externalUser.merges.nodes[0].actor).toEqual({ ...actor, name: 'test' });
});
