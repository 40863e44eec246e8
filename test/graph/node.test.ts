import { getNamedType, isInterfaceType, isNonNullType, isObjectType } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildSchema } from '../../src/schema/schema.ts';
import { dataOf, problemOf, startApp, type TestApp, type Untyped } from '../app.ts';
import { createAgentKey, createParticipant } from '../factories.ts';
import { nodesOf } from '../tenants/nodes.ts';
import { createWorld, type World } from '../tenants/world.ts';

const schema = buildSchema();
const types = Object.values(schema.getTypeMap()).filter((type) => isObjectType(type) && !type.name.startsWith('__'));
let service: TestApp;
let world: World;
let nodes: Record<string, string>;
beforeAll(async () => {
  service = await startApp();
  world = await createWorld(service, 'nodes', '+14155550171');
  nodes = await nodesOf(service, world);
});
afterAll(() => service.close());
const fetch = (id: string, headers?: Record<string, string>) =>
  world.tenant.graphql('query ($id: ID!) { node(id: $id) { __typename id } }', { id }, headers);

test('every type with a UUID of its own is a node, and can be fetched anew by it', async () => {
  const withId = types
    .filter((type) => isObjectType(type) && type.getFields()['id'])
    .map(({ name }) => name)
    // A health is a part of its participant or channel, which is the node. A merge names those that it is about.
    .filter(
      (name) => !['Agent', 'Tenant', 'ChannelHealth', 'ParticipantHealth', 'MergeParty', 'MergeActor'].includes(name),
    )
    // Administrators' records have queries of their own, and an actor's id is of a credential.
    .filter((name) => !/^(Data(Export|File|Import|Job)|Erasure|History(Actor|Entry))$/.test(name));
  const node = schema.getType('Node');
  expect(
    isInterfaceType(node) &&
      schema
        .getPossibleTypes(node)
        .map(({ name }) => name)
        .sort(),
  ).toEqual(withId.sort());
  expect(Object.keys(nodes).sort()).toEqual(withId.sort());
  for (const [type, id] of Object.entries(nodes))
    expect(dataOf(await fetch(id.toUpperCase())).node).toEqual({ __typename: type, id });
});

// What Relay's compiler asks of a schema before it lets a fragment be refetched.
test('the schema has what a refetchable fragment needs', () => {
  const node = schema.getType('Node');
  if (!isInterfaceType(node)) throw new Error('There is no interface Node.');
  expect(String(node.getFields()['id']?.type)).toBe('ID!');
  const field = schema.getQueryType()?.getFields()['node'];
  expect(field && [String(field.type), field.args.map(({ name, type }) => `${name}: ${type}`)]).toEqual([
    'Node',
    ['id: ID!'],
  ]);
  for (const type of schema.getPossibleTypes(node)) {
    const id = type.getFields()['id'];
    expect([type.name, id && isNonNullType(id.type) && getNamedType(id.type).name]).toEqual([type.name, 'ID']);
  }
});

test('an id of nothing is null, and so is one of another tenant', async () => {
  const theirs = await createWorld(service, 'elsewhere', '+14155550172');
  const foreign = Object.values(await nodesOf(service, theirs));
  for (const id of ['0198f000-0000-7000-8000-000000000000', 'no id', '', world.agent, ...foreign])
    expect(dataOf(await fetch(id)).node).toBe(null);
});

test('a node needs the scope of its type', async () => {
  const none = { authorization: `Bearer ${await world.tenant.token(['integrations:write'])}` };
  for (const id of Object.values(nodes)) {
    const answer = await fetch(id, none);
    expect([answer.data?.['node'], problemOf(answer).code]).toEqual([null, 'FORBIDDEN']);
  }
  const { headers } = await createAgentKey(world.tenant, 'agent-of-nodes');
  expect(dataOf(await fetch(world.conversation, headers)).node.id).toBe(world.conversation);
});

test('many nodes of a type take two statements', async () => {
  const ids = await Promise.all(Array.from({ length: 8 }, () => createParticipant(world.tenant)));
  const document = `{ ${ids.map((id, index) => `n${index}: node(id: "${id}") { id ... on Participant { displayName } }`).join(' ')} }`;
  const answer = await world.tenant.graphql(document);
  expect(Object.values(dataOf(answer)).map((each: Untyped) => each.id)).toEqual(ids);
  expect(answer.statements).toHaveLength(2);
});
