import { createGatewayRuntime } from '@graphql-hive/gateway-runtime';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Untyped } from '../app.ts';
import { createAgentKey, createParticipant } from '../factories.ts';
import { createWorld, type World } from '../tenants/world.ts';
import { type Subgraphs, startSubgraphs } from './supergraph.ts';

let subgraphs: Subgraphs;
let service: Subgraphs['service'];
let others: Subgraphs['others'];
let gateway: ReturnType<typeof createGatewayRuntime>;
let world: World;
let theirs: World;

beforeAll(async () => {
  subgraphs = await startSubgraphs();
  ({ service, others } = subgraphs);
  gateway = createGatewayRuntime({
    supergraph: subgraphs.supergraph,
    logging: false,
    maskedErrors: false,
    propagateHeaders: {
      fromClientToSubgraphs: ({ request }) => ({
        authorization: request.headers.get('authorization'),
        'agent-secret-key': request.headers.get('agent-secret-key'),
      }),
    },
  });
  world = await createWorld(service, 'gateway', '+14155550191');
  theirs = await createWorld(service, 'beyond', '+14155550192');
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await subgraphs?.close();
});
beforeEach(() => {
  others.tickets.splice(0);
  others.credentials.splice(0);
});

const bearer = async () => ({ authorization: `Bearer ${await world.tenant.token()}` });
async function ask(query: string, headers?: Record<string, string>, variables: object = {}) {
  const before = service.statements.length;
  const response = await gateway.fetch('http://gateway.example/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(headers ?? (await bearer())) },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as Untyped;
  const statements = service.statements
    .slice(before)
    .filter((text) => !/from (tenant t where|credential_key k where)/.test(text));
  return { data, errors, statements };
}
const ticket = (id: string, of: World) => ({ id, aboutEmail: of.email, assigneeId: of.participant });

describe('a query across both subgraphs', () => {
  test('from theirs to ours: users by e-mail, participants by id', async () => {
    others.tickets.push(ticket('1', world));
    const { data, errors } = await ask('{ tickets { id about { id displayName fkId } assignee { displayName } } }');
    expect(errors).toBeUndefined();
    expect(data.tickets).toEqual([
      {
        id: '1',
        about: { id: world.externalUser, displayName: 'gateway', fkId: world.fkId },
        assignee: { displayName: 'Person of gateway' },
      },
    ]);
  });

  test('from ours to theirs, and with what they require of ours', async () => {
    others.tickets.push(ticket('1', world), ticket('2', world));
    const { data, errors } = await ask(
      `query ($id: ID!) { participant(id: $id) { ticketCount badge } whoIs(by: { email: "${world.email}" }) { externalUsers { openTickets } } }`,
      undefined,
      { id: world.participant },
    );
    expect(errors).toBeUndefined();
    expect(data).toEqual({
      participant: { ticketCount: 2, badge: 'Person of gateway, 2' },
      whoIs: { externalUsers: [{ openTickets: 2 }] },
    });
  });

  test('an entity of another tenant is null', async () => {
    others.tickets.push(ticket('1', world), ticket('2', theirs));
    const { data } = await ask('{ tickets { id about { displayName } assignee { displayName } } }');
    expect(data.tickets).toEqual([
      { id: '1', about: { displayName: 'gateway' }, assignee: { displayName: 'Person of gateway' } },
      { id: '2', about: null, assignee: null },
    ]);
  });

  test('a hundred entities are one statement', async () => {
    const ids = await Promise.all(Array.from({ length: 100 }, () => createParticipant(world.tenant)));
    others.tickets.push(...ids.map((assigneeId, index) => ({ ...ticket(String(index), world), assigneeId })));
    const { data, statements } = await ask('{ tickets { assignee { id displayName } } }');
    expect(data.tickets.map(({ assignee }: Untyped) => [assignee.id, typeof assignee.displayName])).toEqual(
      ids.map((id) => [id, 'string']),
    );
    expect(statements).toHaveLength(1);
  });

  test('everything of a person, through the gateway', async () => {
    const query = `query ($id: ID!) { conversation(id: $id) { name participantsConnection(first: 5) { totalCount
      pageInfo { hasNextPage } nodes { id subject { __typename ... on ExternalUser { email openTickets } } } } } }`;
    const { data, errors } = await ask(query, undefined, { id: world.conversation });
    expect(errors).toBeUndefined();
    expect(data.conversation.participantsConnection).toMatchObject({ totalCount: 2, pageInfo: { hasNextPage: false } });
    expect(data.conversation.participantsConnection.nodes).toContainEqual({
      id: world.contactMember,
      subject: { __typename: 'ExternalUser', email: world.email, openTickets: 0 },
    });
  });
});

test('node finds what it finds without a gateway', async () => {
  const query = 'query ($id: ID!) { node(id: $id) { __typename id ... on Participant { displayName ticketCount } } }';
  const found = await ask(query, undefined, { id: world.participant });
  expect(found.data.node).toEqual({
    __typename: 'Participant',
    id: world.participant,
    displayName: 'Person of gateway',
    ticketCount: 0,
  });
  expect((await ask(query, undefined, { id: theirs.participant })).data.node).toBeNull();
});

describe('credentials', () => {
  test('reach both subgraphs', async () => {
    others.tickets.push(ticket('1', world));
    const headers = await bearer();
    await ask('{ tickets { about { displayName } } }', headers);
    expect(others.credentials).toEqual([headers.authorization]);
    const key = await createAgentKey(world.tenant, world.agent);
    expect((await ask('{ viewer { kind agent { id } } }', key.headers)).data.viewer).toEqual({
      kind: 'AGENT_KEY',
      agent: { id: world.agent },
    });
  });

  test('without a scope the entity is null, and the rest is answered', async () => {
    others.tickets.push(ticket('1', world));
    const headers = { authorization: `Bearer ${await world.tenant.token(['users:read'])}` };
    const { data, errors } = await ask('{ tickets { about { displayName } assignee { displayName } } }', headers);
    expect(data.tickets).toEqual([{ about: { displayName: 'gateway' }, assignee: null }]);
    expect(errors.map(({ path, extensions }: Untyped) => [path, extensions.code])).toEqual([
      [['tickets', 0, 'assignee', 'displayName'], 'FORBIDDEN'],
    ]);
  });

  test('without one, our part says so', async () => {
    const { data, errors } = await ask('{ tickets { id } viewer { kind } }', {});
    expect(data).toBeNull();
    expect(errors[0].extensions.code).toBe('UNAUTHENTICATED');
  });
});
