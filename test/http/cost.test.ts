import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { limits } from '../../src/operations/limits.ts';
import { startApp, type TestApp, type Untyped } from '../app.ts';
import { createAgent, createParticipant } from '../factories.ts';
import { openStream } from '../streams.ts';

let service: TestApp;
let url: string;
let authorization: string;
const asking = { 'x-cost': '1' };
const { cost: limit } = limits;

beforeAll(async () => {
  service = await startApp({ PORT: '0' });
  ({ url } = await service.app.listen());
  authorization = `Bearer ${await service.tenant.token()}`;
  const agentId = await createAgent(service.tenant, 'costs');
  for (let count = 0; count < 3; count++) await createParticipant(service.tenant, { agentIds: [agentId] });
});
afterAll(() => service.close());

const send = async (path: string, init: { method?: string; headers?: object; body?: unknown }): Promise<Untyped> => {
  const { method = 'POST', headers = {}, body } = init;
  const response = await service.app.fetch(
    new Request(`${url}/graphql${path}`, {
      method,
      headers: { authorization, 'content-type': 'application/json', ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    }),
  );
  return response.json();
};
const costOf = async (query: string, variables?: object) =>
  (await send('', { headers: asking, body: { query, variables } })).extensions.cost;

describe('what an operation costs', () => {
  test.each([
    ['a field', '{ __typename }', 0, 0],
    ['fields of one row', '{ viewer { kind tenant { id } } }', 4, 4],
    // A page of 20: 1 + 20 × (1 + id); three rows are there.
    ['a page', '{ participantsConnection { nodes { id } } }', 41, 5],
    ['a page by a variable', 'query ($n: Int = 10) { participantsConnection(first: $n) { nodes { id } } }', 21, 5],
    ['a list', '{ participants(agentId: "costs") { id agents { id } } }', 1 + 10 * (1 + 1 + 10), 1 + 3 * (1 + 1 + 1)],
    ['a skipped field', '{ viewer { kind subject @skip(if: true) } }', 3, 2],
    // Each user has to be looked at. A page of 20: 5,000 + 1 + 20 × (1 + id); none is there.
    [
      'a filter without an index',
      '{ externalUsersConnection(filter: { source: "x" }) { nodes { id } } }',
      5_041,
      5_002,
    ],
    ['what is null', '{ agent(id: "nobody") { id name } }', 3, 1],
    // Both fragments could apply; a field that comes twice is one field.
    ['fragments', '{ a: agent(id: "costs") { ...A ...A name } } fragment A on Agent { id name }', 6, 3],
    ['another name', '{ viewer { a: kind b: kind } }', 3, 3],
  ])('of %s', async (_, query, requested, actual) => {
    expect(await costOf(query)).toEqual({ requested, actual, limit });
  });

  test('of a node is that of its own type’s fields', async () => {
    const id = await createParticipant(service.tenant);
    const query = `{ node(id: "${id}") { id ... on Participant { displayName } ... on Channel { address } } }`;
    expect(await costOf(query)).toEqual({ requested: 4, actual: 3, limit });
  });

  test('is told of one that costs too much, and was not run', async () => {
    const query =
      '{ participantsConnection(first: 100) { nodes { agents { participantsConnection(first: 100) { nodes { id displayName } } } } } }';
    const { data, errors, extensions } = await send('', { headers: asking, body: { query } });
    expect([data, errors[0].extensions.code]).toEqual([undefined, 'UNPROCESSABLE']);
    expect(extensions.cost).toEqual({ requested: expect.any(Number), actual: 0, limit });
    expect(extensions.cost.requested).toBeGreaterThan(limit);
  });

  test('is told beside errors', async () => {
    const query = '{ viewer { kind } searchExternalUser(by: { email: "no" }) { conversationIds } }';
    const { errors, extensions } = await send('', { headers: asking, body: { query } });
    expect(errors).toHaveLength(1);
    expect(extensions.cost.actual).toBe(3);
  });
});

describe('is told only to who asks, by every way', () => {
  const query = '{ viewer { kind } }';
  const cost = { requested: 2, actual: 2, limit };

  test('JSON, in a length and in chunks, compiled or not', async () => {
    for (const headers of [asking, { ...asking, 'transfer-encoding': 'chunked' }])
      for (let times = 0; times < 4; times++)
        expect(await send('', { headers, body: { query } })).toEqual({
          data: { viewer: { kind: 'USER' } },
          extensions: { cost },
        });
    for (const headers of [{}, { 'x-cost': '0' }, { 'x-cost': 'true' }, { 'transfer-encoding': 'chunked' }])
      expect(await send('', { headers, body: { query } })).toEqual({ data: { viewer: { kind: 'USER' } } });
  });

  test('GET, and each operation of a batch', async () => {
    const { extensions } = await send(`?query=${encodeURIComponent(query)}`, { method: 'GET', headers: asking });
    expect(extensions).toEqual({ cost });
    const batch = await send('', { headers: asking, body: [{ query }, { query: '{ viewer { kind subject } }' }] });
    expect(batch.map((each: Untyped) => each.extensions.cost.actual)).toEqual([2, 3]);
  });

  test('a stream of events', async () => {
    const document = 'subscription { participantChanged(agentId: "costs") { participants { id } } }';
    const headers = { authorization, ...asking };
    const stream = await openStream(service.app.fetch, `${url}/graphql`, headers, document, {});
    const next = stream.next() as Promise<Untyped>;
    await createParticipant(service.tenant, { agentIds: ['costs'] });
    expect((await next).extensions.cost).toMatchObject({ requested: 12, actual: 3, limit });
    await stream.leave();
  });

  test('WebSocket, where the connection says so', async () => {
    const results: Untyped[] = [];
    for (const connectionParams of [{ authorization, ...asking }, { authorization }]) {
      const client = createClient({
        url: `${url.replace('http', 'ws')}/graphql`,
        webSocketImpl: WebSocket,
        connectionParams,
      });
      for await (const result of client.iterate({ query })) results.push(result);
      await client.dispose();
    }
    expect(results.map(({ extensions }) => extensions)).toEqual([{ cost }, undefined]);
  });

  test('GraphiQL, whose page asks', async () => {
    const page = await service.app.fetch(new Request(`${url}/graphql`, { headers: { accept: 'text/html' } }));
    expect(await page.text()).toContain('"additionalHeaders":{"x-cost":"1"}');
  });
});
