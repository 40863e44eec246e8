import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApp, type TestApp, type Untyped } from '../app.ts';
import { call, connect, post, protocol } from './client.ts';

let service: TestApp;
let strict: TestApp;
let authorization: string;
beforeAll(async () => {
  service = await startApp({ CORS_ORIGINS: 'https://agents.example' });
  strict = await startApp({
    RATE_LIMIT: '5',
    HOST: '0.0.0.0',
    TRUSTED_DOCUMENTS: 'examples/trusted-documents.json',
    TRUSTED_DOCUMENTS_ONLY: 'on',
  });
  authorization = `Bearer ${await service.tenant.token()}`;
});
afterAll(() => Promise.all([service.close(), strict.close()]));

const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
const whoIs = (id: unknown, given: object = { by: { fkId: 'nobody' } }) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name: 'who_is', arguments: given },
});
async function sent(init: RequestInit & { url?: string }) {
  const headers = { ...protocol, authorization, ...(init.headers as Record<string, string>) };
  const request = new Request(init.url ?? 'http://localhost/mcp', { method: 'POST', ...init, headers });
  const response = await service.app.fetch(request);
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: (text ? JSON.parse(text) : null) as Untyped };
}
const code = async (init: RequestInit & { url?: string }) => {
  const { status, body } = await sent(init);
  return [status, body.code ?? body.error?.code];
};

test('a request needs a credential, and any of its kinds will do', async () => {
  await expect(connect(service, {})).rejects.toThrow(/UNAUTHENTICATED|401/);
  const refused = await post(service, {}, list);
  expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer, AccessKey']);
  expect(await refused.json()).toMatchObject({ code: 'UNAUTHENTICATED' });
  const both = { authorization, 'agent-secret-key': 'x' };
  expect((await post(service, both, list)).status).toBe(401);
});

test('requests are counted against the rate limit', async () => {
  const headers = { authorization: `Bearer ${await strict.tenant.token()}` };
  for (let request = 0; request < 5; request++) expect((await post(strict, headers, list)).status).toBe(200);
  const refused = await post(strict, headers, list);
  expect([refused.status, Number(refused.headers.get('retry-after')) > 0]).toEqual([429, true]);
});

test('the tools run where only trusted documents do', async () => {
  const client = await connect(strict, { authorization: `Bearer ${await (await strict.createTenant()).token()}` });
  expect(await call(client, 'find_external_user', { fkId: 'nobody' })).toMatchObject({
    data: { searchExternalUser: null },
  });
});

test('a request is answered without a session, with its id', async () => {
  const requestId = '0198f000-0000-7000-8000-00000000000a';
  const { status, headers, body } = await sent({ body: JSON.stringify(list), headers: { 'x-request-id': requestId } });
  expect([status, headers.get('content-type')?.split(';')[0]]).toEqual([200, 'application/json']);
  expect(headers.get('x-request-id')).toBe(requestId);
  expect(body.result.tools).toHaveLength(6);
  const failing = await sent({ body: JSON.stringify(whoIs(1, {})), headers: { 'x-request-id': requestId } });
  expect(failing.body.result.structuredContent.instance).toBe(`urn:uuid:${requestId}`);
});

describe('what is no message', () => {
  const body = JSON.stringify(list);
  test.each<[string, () => RequestInit & { url?: string }, [number, unknown]]>([
    ['a GET', () => ({ method: 'GET' }), [405, 'METHOD_NOT_ALLOWED']],
    ['a DELETE', () => ({ method: 'DELETE' }), [405, 'METHOD_NOT_ALLOWED']],
    ['a PUT', () => ({ method: 'PUT', body }), [405, 'METHOD_NOT_ALLOWED']],
    ['another path', () => ({ url: 'http://localhost/mcp/x', body }), [404, 'NOT_FOUND']],
    ['a path that begins like it', () => ({ url: 'http://localhost/mcpx', body }), [404, 'NOT_FOUND']],
    ['JSON alone accepted', () => ({ body, headers: { accept: 'application/json' } }), [406, -32000]],
    ['text', () => ({ body, headers: { 'content-type': 'text/plain' } }), [415, 'BAD_USER_INPUT']],
    ['gzip', () => ({ body: gzipSync(body), headers: { 'content-encoding': 'gzip' } }), [415, 'BAD_USER_INPUT']],
    ['too large', () => ({ body: JSON.stringify({ ...list, x: 'x'.repeat(1_000_000) }) }), [413, 'RESULT_TOO_LARGE']],
    ['no JSON', () => ({ body: '{' }), [400, 'BAD_USER_INPUT']],
    ['nothing', () => ({}), [400, 'BAD_USER_INPUT']],
    ['a number', () => ({ body: '1' }), [400, -32700]],
    ['null', () => ({ body: 'null' }), [400, -32700]],
    ['an object of something else', () => ({ body: '{"query":"{ viewer { kind } }"}' }), [400, -32700]],
    ['an id that is an object', () => ({ body: JSON.stringify({ ...list, id: {} }) }), [400, -32700]],
    [
      'an id that no double keeps',
      () => ({ body: '{"jsonrpc":"2.0","id":12345678901234567890,"method":"ping"}' }),
      [400, -32700],
    ],
    ['no messages', () => ({ body: '[]' }), [400, 'BAD_USER_INPUT']],
    [
      'too many messages',
      () => ({ body: JSON.stringify(Array.from({ length: 11 }, () => list)) }),
      [400, 'BAD_USER_INPUT'],
    ],
    ['a version of nobody', () => ({ body, headers: { 'mcp-protocol-version': '1999-01-01' } }), [400, -32000]],
  ])('is refused in words: %s', async (_, init, expected) => {
    expect(await code(init())).toEqual(expected);
  });

  test('a method of nobody is told in the message', async () => {
    expect((await sent({ body: JSON.stringify({ ...list, method: 'nothing' }) })).body.error.code).toBe(-32601);
    const { body: answer } = await sent({ body: JSON.stringify({ ...whoIs(1), params: { name: 1 } }) });
    expect(answer.error.code).toBe(-32602);
    for (const params of [null, [], 'x', {}, { name: 'who_is', arguments: [] }, { name: 'who_is', arguments: 'x' }])
      expect((await sent({ body: JSON.stringify({ ...whoIs(1), params }) })).status).toBeLessThan(500);
  });

  test('a task is not to be had, and nothing is run', async () => {
    const { params, ...message } = whoIs(1);
    const { body: answer } = await sent({ body: JSON.stringify({ ...message, params: { ...params, task: {} } }) });
    expect(answer.error.message).toMatch('does not support task');
  });
});

test('messages in one request are answered together, and share what a request may cost', async () => {
  const { body } = await sent({ body: JSON.stringify([whoIs(1), whoIs('two')]) });
  expect(body.map(({ id, result }: Untyped) => [id, result.structuredContent.whoIs.participants])).toEqual([
    [1, []],
    ['two', []],
  ]);
});

describe('a page of a stranger', () => {
  const body = JSON.stringify(list);
  test('is refused, also by a name that leads to this machine', async () => {
    const headers = { origin: 'http://rebound.example:4000' };
    expect(await code({ body, headers })).toEqual([403, 'FORBIDDEN']);
    expect(await code({ body, headers, url: 'http://rebound.example:4000/mcp' })).toEqual([403, 'FORBIDDEN']);
    expect(await code({ body, url: 'http://rebound.example:4000/mcp' })).toEqual([403, 'FORBIDDEN']);
    expect(await code({ body, headers: { origin: 'null' } })).toEqual([403, 'FORBIDDEN']);
    const preflight = { origin: 'https://stranger.example', 'access-control-request-method': 'POST' };
    expect(await code({ method: 'OPTIONS', headers: preflight })).toEqual([403, 'FORBIDDEN']);
  });

  test('is not what runs on this machine, or is listed', async () => {
    for (const origin of ['http://localhost:6274', 'http://127.0.0.1:4000', 'https://agents.example'])
      expect((await sent({ body, headers: { origin } })).status).toBe(200);
    const listed = { origin: 'https://agents.example', 'access-control-request-method': 'POST' };
    const preflight = await sent({
      method: 'OPTIONS',
      headers: { ...listed, 'access-control-request-headers': 'authorization,mcp-session-id' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('https://agents.example');
    expect(preflight.headers.get('access-control-allow-headers')).toBe('authorization,mcp-session-id');
    expect(
      (await sent({ body, headers: { origin: 'https://agents.example' } })).headers.get(
        'access-control-expose-headers',
      ),
    ).toMatch('Mcp-Session-Id');
  });

  test('cannot be told by its host where the service listens for others', async () => {
    const headers = { authorization: `Bearer ${await (await strict.createTenant()).token()}` };
    const request = new Request('http://rollcall.internal/mcp', {
      method: 'POST',
      headers: { ...protocol, ...headers },
      body,
    });
    expect((await strict.app.fetch(request)).status).toBe(200);
  });
});

test('a server that stops takes no calls', async () => {
  const stopping = await startApp();
  const headers = { authorization: `Bearer ${await stopping.tenant.token()}` };
  expect((await post(stopping, headers, list)).status).toBe(200);
  await stopping.app.close();
  const refused = await post(stopping, headers, list);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  await stopping.close();
});
