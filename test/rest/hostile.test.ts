import { once } from 'node:events';
import { createConnection } from 'node:net';
import { beforeAll, describe, expect, test } from 'vitest';
import { faces } from '../../src/rest/faces.ts';
import { useApp } from '../use-app.ts';
import { createCaller, type RestRequest } from './caller.ts';
import { createRestWorld, inputs, nobody, pathOf, type RestWorld } from './world.ts';

const service = useApp({ PORT: '0' });
let caller: ReturnType<typeof createCaller>;
let world: RestWorld;
let port: number;
beforeAll(async () => {
  caller = createCaller(service);
  world = await createRestWorld(service);
  port = Number(new URL((await service.app.listen()).url).port);
});

const call = (method: string, path: string, request: RestRequest = {}) =>
  caller.call(method, pathOf(path, world), {
    ...request,
    headers: { authorization: world.authorization, ...request.headers },
  });

/** What the port answers to bytes that no client library would send: the status line's number, and the rest. */
async function sendRaw(text: string): Promise<{ status: number; text: string }> {
  const socket = createConnection({ port, host: '127.0.0.1' });
  socket.setEncoding('utf8');
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk;
  });
  socket.write(text);
  socket.setTimeout(10_000, () => socket.destroy());
  await once(socket, 'close');
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(received)?.[1]), text: received };
}
const head = (...lines: string[]) =>
  `${[...lines, 'Host: localhost', 'Connection: close', `Authorization: ${world.authorization}`].join('\r\n')}\r\n\r\n`;

describe('bytes on the wire', () => {
  const user = () => `/external/users/${world.user.id}`;

  test('a target in the absolute form is the path in it', async () => {
    const { status, text } = await sendRaw(head(`GET http://localhost${user()} HTTP/1.1`));
    expect([status, text.includes('Grace')]).toEqual([200, true]);
    expect((await sendRaw(head('GET http://localhost HTTP/1.1'))).status).toBe(302);
    expect((await sendRaw(head('GET HTTP://localhost/healthz?x HTTP/1.1'))).status).toBe(200);
  });

  test.each(['GET', 'POST', 'OPTIONS'])('a target that is no path leads nowhere: %s *', async (method) => {
    const { status, text } = await sendRaw(head(`${method} * HTTP/1.1`, 'Content-Length: 0'));
    expect([status, text.includes('NOT_FOUND'), text.includes('    at ')]).toEqual([404, true, false]);
  });

  test.each([
    ['a dot segment', () => `GET /external/agents/../users/${world.user.id} HTTP/1.1`],
    ['a backslash', () => `GET /external\\users\\${world.user.id} HTTP/1.1`],
    [
      'a verb twice',
      () => `POST /v1/tenants/${world.tenant.id}/participants/${world.participant}:disable:disable HTTP/1.1`,
    ],
    ['an empty verb', () => `POST /v1/tenants/${world.tenant.id}/participants/${world.participant}: HTTP/1.1`],
  ])('%s finds nothing', async (_, line) => {
    const { status, text } = await sendRaw(head(line()));
    expect([status, text.includes('Grace')]).toEqual([404, false]);
  });

  test('HEAD of what only changes is a 405 without a body', async () => {
    const { status, text } = await sendRaw(head('HEAD /external/users HTTP/1.1'));
    expect([status, text.split('\r\n\r\n')[1]]).toEqual([405, '']);
    expect(text).toMatch(/^allow: POST, OPTIONS\r$/im);
  });

  test('a body that ends too early, or never comes, is a 4xx', async () => {
    const path = 'POST /external/users HTTP/1.1';
    const { status } = await sendRaw(`${head(path, 'Content-Type: application/json', 'Content-Length: 2')}[]`);
    expect(status).toBe(400);
    const chunks = `${head(path, 'Content-Type: application/json', 'Transfer-Encoding: chunked')}1\r\n{\r\n0\r\n\r\n`;
    expect((await sendRaw(chunks)).status).toBe(400);
    expect((await sendRaw(head(path, 'Content-Type: application/json', 'Content-Length: -1'))).status).toBe(400);
  });
});

describe('queries', () => {
  const list = '/workspaces/{workspaceId}/conversations';
  test.each([
    ['limit=%00', 422],
    ['limit=0x10', 422],
    ['limit=%EF%BC%95', 422],
    ['limit=99999999999999999999', 422],
    ['limit=-1', 422],
    ['LIMIT=0', 422],
    ['limit=5&Limit=5', 422],
    ['reverse=TRUE', 422],
    ['reverse=', 422],
    ['pageToken=null', 422],
    ['pageToken=W10', 422],
    ['pageToken=WzFd', 422],
    ['pageToken=%22', 422],
    ['__proto__=1', 200],
    ['constructor=1&toString=2', 200],
    ['unknown=1&unknown=2', 422],
    ['&&&', 200],
    ['limit[]=5', 200],
  ])('%s is answered with %i', async (query, status) => {
    const answer = await call('GET', list, { query });
    expect(answer.status).toBe(status);
  });

  test('a token of another list, or of another end, shows nothing of anybody else', async () => {
    const participants = '/workspaces/{workspaceId}/conversations/{conversationId}/participants';
    const { nextPageToken } = (await call('GET', participants, { query: 'limit=1' })).body;
    for (const query of [`pageToken=${nextPageToken}`, `pageToken=${nextPageToken}&reverse=true`]) {
      const answer = await call('GET', list, { query });
      expect(answer.status).toBeLessThan(500);
      for (const { id } of answer.body.results ?? []) expect(id).toBe(world.conversation);
    }
  });

  test.each([
    ['/external/agents/users', 'page=0x1', 400],
    ['/external/agents/users', 'page=-1', 400],
    ['/external/agents/users', 'page=1000000&pageSize=100', 200],
    ['/external/agents/users', 'Page=1&page=1', 400],
    ['/external/agents/users', 'orderBy=createdAt&orderDirection=asc', 400],
    ['/external/users/search', 'email=%F0%9F%98%80', 400],
    ['/external/users/search', `fkId=${'x'.repeat(7_000)}`, 400],
    ['/v1/tenants/{tenant}/participantAccessRequests', 'status=BLOCKED', 400],
    ['/v1/tenants/{tenant}/participantAccessRequests', 'participantId=x', 400],
    ['/v1/tenants/{tenant}/participantAccessRequests', 'agentId=%00', 400],
    ['/v1/tenants/{tenant}/participants', 'agentId=%00', 400],
    ['/v1/tenants/{tenant}/network/graph', 'agentId=%00', 400],
    ['/v1/tenants/{tenant}/participants', 'agentId=nobody', 200],
    ['/v1/tenants/{tenant}/network/graph', 'agentId=nobody', 200],
  ])('%s?%s is answered with %i', async (path, query, status) => {
    expect((await call('GET', path, { query })).status).toBe(status);
  });
});

describe('bodies', () => {
  test.each([
    ['a BOM', '\ufeff{}'],
    ['a lone surrogate', '{"firstName":"\\ud800","lastName":"B","fkId":"s"}'],
    ['a NUL', '{"firstName":"\\u0000","lastName":"B","fkId":"s"}'],
    ['a key NUL in the data', '{"firstName":"A","lastName":"B","fkId":"s","customData":{"\\u0000":1}}'],
    ['NaN', '{"firstName":NaN}'],
    ['a comment', '{"firstName":"A" /* */}'],
    ['only spaces', '   '],
    ['true', 'true'],
  ])('%s is a 400', async (_, text) => {
    const answer = await call('POST', '/external/users', { raw: { type: 'application/json', text } });
    expect(answer.status).toBe(400);
  });

  test.each([
    ['application/json; charset="UTF-8"', 201],
    ['application/vnd.api+json', 201],
    ['APPLICATION/JSON', 201],
    ['application/json, text/plain', 415],
    ['multipart/form-data; boundary=x', 415],
    [';', 415],
    [null, 415],
  ])('a body of the type %s is answered with %i', async (type, status) => {
    const text = JSON.stringify({ firstName: 'A', lastName: 'B', fkId: `type ${type}` });
    const answer = await call('POST', '/external/users', { raw: { type, text } });
    expect(answer.status).toBe(status);
  });
});

const creating = faces.flatMap((face) =>
  face.operations
    .filter(({ creates }) => creates)
    .map((operation) => ({ name: `${face.name}.${operation.id}`, operation })),
);

test.each(creating)(
  '$name creates once for a hundred racing repeats',
  async ({ name, operation: { path, method } }) => {
    const own = await createRestWorld(service);
    const headers = { authorization: own.authorization, 'idempotency-key': 'race' };
    const request = { ...inputs[name]?.(own), headers };
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => caller.call(method, pathOf(path, own), request)),
    );
    expect([...new Set(answers.map(({ status }) => status))]).toHaveLength(1);
    expect(answers[0]?.status).toBeLessThan(300);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  },
);

test('of a hundred racing requests with one key and two bodies one body wins', async () => {
  const own = await createRestWorld(service);
  const headers = { authorization: own.authorization, 'idempotency-key': 'race' };
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      caller.call('POST', `/v1/tenants/${own.tenant.id}/participants`, {
        headers,
        body: { displayName: index % 2 ? 'One' : 'Other' },
      }),
    ),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([...Array(50).fill(201), ...Array(50).fill(409)]);
  expect(new Set(answers.filter(({ status }) => status === 201).map(({ body }) => body.id)).size).toBe(1);
});

test('a key is of no account where nothing is created', async () => {
  const headers = { 'idempotency-key': 'x'.repeat(300) };
  expect((await call('GET', `/external/users/${world.user.id}`, { headers })).status).toBe(200);
  expect((await call('DELETE', `/external/users/${nobody}`, { headers })).status).toBe(404);
});
