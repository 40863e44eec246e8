import { getNamedType, isInterfaceType, isNonNullType, isObjectType } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Scope, scopes } from '../../src/auth/scopes.ts';
import { newId } from '../../src/database/ids.ts';
import { buildSchema } from '../../src/schema/schema.ts';
import { dataOf, problemOf, startApp, type TestApp, type Untyped } from '../app.ts';
import { createAgent, createAgentKey, createParticipant } from '../factories.ts';
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

/** The types whose `id` finds no node, each with the reason. */
const exceptions: Readonly<Record<string, string>> = {
  ChannelHealth: 'a part of its channel, which is the node',
  ParticipantHealth: 'a part of its participant, which is the node',
  DataJob: 'the name that the history has for an import or an export, which are the nodes',
  MergeActor: 'the id is of the credential',
  MergeParty: 'a name at the time of the merge; the id is of the participant or the external user',
};

test('every type with an id is a node, and can be fetched anew by it', async () => {
  const withId = types
    .filter((type) => isObjectType(type) && String(type.getFields()['id']?.type) === 'ID!')
    .map(({ name }) => name);
  for (const name of Object.keys(exceptions)) expect(withId).toContain(name);
  const expected = withId.filter((name) => exceptions[name] === undefined).sort();
  const node = schema.getType('Node');
  const possible = isInterfaceType(node) ? schema.getPossibleTypes(node).map(({ name }) => name) : [];
  expect(possible.sort()).toEqual(expected);
  expect(Object.keys(nodes).sort()).toEqual(expected);
  for (const [type, id] of Object.entries(nodes))
    expect(dataOf(await fetch(type === 'Agent' ? id : id.toUpperCase())).node).toEqual({ __typename: type, id });
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
  for (const id of ['0198f000-0000-7000-8000-000000000000', 'no id', '', 'x'.repeat(10_000), '\0', ...foreign])
    expect(dataOf(await fetch(id)).node).toBe(null);
});

test('a node needs the scope of its type', async () => {
  const none = { authorization: `Bearer ${await world.tenant.token(['integrations:write'])}` };
  const { Tenant: own, ...others } = nodes;
  for (const id of Object.values(others)) {
    const answer = await fetch(id, none);
    expect([answer.data?.['node'], problemOf(answer).code]).toEqual([null, 'FORBIDDEN']);
  }
  expect(dataOf(await fetch(own as string, none)).node).toEqual({ __typename: 'Tenant', id: own });
  const { headers } = await createAgentKey(world.tenant, 'agent-of-nodes');
  expect(dataOf(await fetch(world.conversation, headers)).node.id).toBe(world.conversation);
});

describe('a history entry', () => {
  const entryOf = async (subjectType: string) => {
    const { prisma } = service.app.database;
    return (await prisma.historyEntry.findFirstOrThrow({ where: { tenantId: world.tenant.id, subjectType } })).id;
  };
  const seen = async (subjectType: string, headers: Record<string, string>) =>
    (await fetch(await entryOf(subjectType), headers)).data?.['node'] !== null;
  const bearer = async (...scopes: Scope[]) => ({ authorization: `Bearer ${await world.tenant.token(scopes)}` });

  test.each([
    ['Participant', 'participants:read'],
    ['Channel', 'participants:read'],
    ['Conversation', 'conversations:read'],
    ['ConversationParticipant', 'conversations:read'],
    ['ExternalUser', 'users:read'],
    ['CredentialKey', 'admin'],
    ['Agent', 'admin'],
  ] as const)('of a %s is seen with %s', async (subjectType, scope) => {
    const others = scopes.filter((one) => one !== scope && one !== 'admin' && one !== scope.replace('read', 'write'));
    expect(await seen(subjectType, await bearer(scope))).toBe(true);
    expect(await seen(subjectType, await bearer(...others))).toBe(false);
  });

  test('is not seen by an agent’s key that does not see the conversation', async () => {
    const own = await createAgentKey(world.tenant, world.agent);
    const other = await createAgentKey(world.tenant, await createAgent(world.tenant));
    expect(await seen('Conversation', own.headers)).toBe(true);
    expect(await seen('Conversation', other.headers)).toBe(false);
  });
});

test('what has a UUID and an agent of that name are told apart', async () => {
  const [name, taken] = [newId(), await createParticipant(world.tenant)];
  for (const id of [name, taken]) await createAgent(world.tenant, id);
  expect(dataOf(await fetch(name)).node).toEqual({ __typename: 'Agent', id: name });
  expect(dataOf(await fetch(taken)).node).toEqual({ __typename: 'Participant', id: taken });
});

test('many nodes of a type take two statements', async () => {
  const ids = await Promise.all(Array.from({ length: 8 }, () => createParticipant(world.tenant)));
  const document = `{ ${ids.map((id, index) => `n${index}: node(id: "${id}") { id ... on Participant { displayName } }`).join(' ')} }`;
  const answer = await world.tenant.graphql(document);
  expect(Object.values(dataOf(answer)).map((each: Untyped) => each.id)).toEqual(ids);
  expect(answer.statements).toHaveLength(2);
  const agents = await Promise.all(Array.from({ length: 8 }, () => createAgent(world.tenant)));
  const ofAgents = await world.tenant.graphql(
    `{ ${agents.map((id, index) => `n${index}: node(id: "${id}") { id ... on Agent { name } }`).join(' ')} }`,
  );
  expect(Object.values(dataOf(ofAgents)).map((each: Untyped) => each.id)).toEqual(agents);
  expect(ofAgents.statements).toHaveLength(1);
});
