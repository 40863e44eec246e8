import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { startApp, type TestApp } from '../app.ts';
import { png } from '../fakes/images.ts';
import { uploadForm } from '../uploads.ts';
import { raw, statusOf } from './raw.ts';

const listed = 'https://inbox.example';
const other = 'https://admin.example';
let service: TestApp;
let url: string;
let authorization: string;
beforeAll(async () => {
  service = await startApp({ PORT: '0', CORS_ORIGINS: `${listed},${other}` });
  ({ url } = await service.app.listen());
  authorization = `Bearer ${await service.tenant.token()}`;
});
afterAll(() => service.close());

describe('a Host', () => {
  const others = ['x/metrics?', 'x#', 'user@x', 'x/', 'x\\y', 'x:', 'x:1:2', 'x:port', '[::1', 'x y', ''];
  const names = [
    'é.example',
    'x..y',
    '.x',
    'a,b',
    'a;b',
    '*',
    'x:65536',
    '%61',
    '"x"',
    '<x>',
    '[::1%25a]',
    '1.2.3.999',
  ];
  test.each([...others, ...names, 'x'.repeat(300), 'a\r\nHost: b', 'a\r\nhost: a'])('%j is none', async (host) => {
    for (const request of ['GET /healthz', 'POST /graphql', 'GET /v1/tenants/x/participants'])
      expect(
        statusOf(await raw(url, `${request} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)),
        request,
      ).toBe(400);
    const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13';
    const key = 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==';
    const answer = await raw(url, `GET /graphql HTTP/1.1\r\nHost: ${host}\r\n${upgrade}\r\n${key}\r\n\r\n`);
    expect(statusOf(answer)).toBe(400);
  });

  test.each([
    'x',
    'x.example',
    'X.example:80',
    '127.0.0.1:4000',
    '[::1]',
    '[::1]:4000',
    'a_b',
    'x.',
    'xn--bcher-kva.example',
  ])('%j is one', async (host) => {
    expect(statusOf(await raw(url, `GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`))).toBe(200);
  });
});

describe('an offer of another protocol is passed over', () => {
  const body = JSON.stringify({ query: '{ viewer { kind } }' });
  test.each(['h2c', 'TLS/1.0', 'h2c, websocket'])('%s', async (upgrade) => {
    const offer = `Host: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: ${upgrade}\r\nHTTP2-Settings: AAMAAABk\r\n`;
    expect(await raw(url, `GET /healthz HTTP/1.1\r\n${offer}\r\n`, /ok\n/)).toMatch(/^HTTP\/1\.1 200 .*ok\n/s);
    const post = `POST /graphql HTTP/1.1\r\n${offer}Authorization: ${authorization}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
    expect(await raw(url, `${post}${body}`, /\}$/)).toMatch(
      /^HTTP\/1\.1 200 .*\{"data":\{"viewer":\{"kind":"USER"\}\}\}$/s,
    );
  });
});

describe('pages of other origins', () => {
  const seen = async (path: string, origin: string, init: RequestInit = {}) => {
    const headers = { origin, ...(init.headers as Record<string, string>) };
    const response = await service.app.fetch(new Request(`http://localhost${path}`, { ...init, headers }));
    const names = [...response.headers.keys()].filter((name) => name.startsWith('access-control-'));
    return { response, names };
  };

  test.each(['/graphql', '/metrics', '/healthz', '/nowhere'])(
    'that are not listed get no header at %s',
    async (path) => {
      for (const origin of ['https://evil.example', 'null', 'https://inbox.example.evil.example']) {
        const { response, names } = await seen(path, origin, { headers: { accept: 'text/html' } });
        expect(names, origin).toEqual([]);
        expect(response.headers.get('vary')).toContain('Origin');
      }
      for (const origin of [listed, other]) {
        const { response } = await seen(path, origin, { headers: { accept: 'text/html' } });
        expect(response.headers.get('access-control-allow-origin')).toBe(origin);
      }
    },
  );

  test('that ask first are told which variable to set', async () => {
    const asking = { method: 'OPTIONS', headers: { 'access-control-request-method': 'POST' } };
    const refused = await seen('/graphql', 'https://evil.example', asking);
    expect([refused.response.status, refused.names]).toEqual([403, []]);
    expect(await refused.response.json()).toMatchObject({
      code: 'FORBIDDEN',
      detail: expect.stringContaining('CORS_ORIGINS'),
    });
    for (const origin of [listed, other]) {
      const { response } = await seen('/graphql', origin, asking);
      expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([204, origin]);
    }
    for (const origin of [`${listed},${other}`, `${listed} ${other}`, `${listed}/`, 'https://INBOX.example'])
      expect((await seen('/graphql', origin, asking)).names, origin).toEqual([]);
  });

  test('open no WebSocket unless they are listed, or of the same host', async () => {
    const opened = (origin?: string) =>
      new Promise<boolean>((resolve) => {
        const socket = new WebSocket(
          `${url.replace('http', 'ws')}/graphql`,
          'graphql-transport-ws',
          origin === undefined ? {} : { origin },
        );
        socket.on('open', () => {
          socket.close();
          resolve(true);
        });
        socket.on('error', () => resolve(false));
      });
    expect(await opened('https://evil.example')).toBe(false);
    expect(await opened('null')).toBe(false);
    expect(await opened(listed)).toBe(true);
    expect(await opened(other)).toBe(true);
    expect(await opened(`${listed},${other}`)).toBe(false);
    expect(await opened(url)).toBe(true);
    expect(await opened()).toBe(true);
  });
});

describe('a request without a credential', () => {
  test('is refused before its body is read, whichever way it goes', async () => {
    for (const more of [
      'Content-Type: application/json',
      'Content-Type: application/json\r\nAccept: text/event-stream',
      'Content-Type: multipart/form-data; boundary=x\r\nGraphQL-Require-Preflight: 1',
    ]) {
      const answer = await raw(
        url,
        `POST /graphql HTTP/1.1\r\nHost: x\r\n${more}\r\nContent-Length: 900000\r\n\r\n{`,
        /UNAUTHENTICATED/,
      );
      expect(answer, more).toContain('401');
    }
  });
});

describe('multipart', () => {
  const send = async (operations: object, map: object, files: string[] = []) => {
    const body = new FormData();
    body.set('operations', JSON.stringify(operations));
    body.set('map', JSON.stringify(map));
    for (const name of files) body.set(name, new File([new Uint8Array(await png())], 'a.png', { type: 'image/png' }));
    const response = await service.app.fetch(
      new Request('http://localhost/graphql', { method: 'POST', headers: { authorization }, body }),
    );
    const { errors } = (await response.json()) as { errors?: { message: string; extensions: { code: string } }[] };
    messages = errors?.map(({ message }) => message) ?? [];
    return { status: response.status, code: errors?.[0]?.extensions.code };
  };
  let messages: string[] = [];

  test.each([
    ['mutation ($v: CreateAgentInput!) { createAgent(input: $v) { agent { id } } }', { id: null, name: 'x' }, 'v.id'],
    ['mutation ($v: CreateAgentInput!) { createAgent(input: $v) { agent { id } } }', { id: 'x', name: null }, 'v.name'],
    ['mutation ($v: CreateAgentInput!) { createAgent(input: $v) { agent { id } } }', null, 'v'],
    ['query ($v: Int) { participantsConnection(first: $v) { totalCount } }', null, 'v'],
    ['query ($v: ID!) { participant(id: $v) { id } }', null, 'v'],
    ['query ($v: Boolean!) { viewer { kind @skip(if: $v) } }', null, 'v'],
  ])('prints nothing of a file that stands where none belongs: %s, %j', async (query, v, place) => {
    const { code } = await send({ query, variables: { v } }, { 0: [`variables.${place}`] }, ['0']);
    expect(code).toBe('BAD_USER_INPUT');
    expect(messages.join(' ')).toContain('a file');
    expect(messages.join(' ')).not.toMatch(/\[object|\[Object|blobParts|lastModified|function/);
  });

  test('is not for plain operations', async () => {
    expect(await send({ query: '{ viewer { kind } }' }, {})).toEqual({ status: 415, code: 'BAD_USER_INPUT' });
    expect(await send([{ query: '{ viewer { kind } }' }], {}, ['0'])).toEqual({ status: 415, code: 'BAD_USER_INPUT' });
  });

  test('is for one file', async () => {
    const upload = JSON.parse(String(uploadForm('x', new Uint8Array()).get('operations')));
    const map = { 0: ['0.variables.input.file'], 1: ['1.variables.input.file'] };
    expect(await send([upload, upload], map, ['0', '1'])).toEqual({ status: 413, code: 'RESULT_TOO_LARGE' });
    expect(await send([upload, upload], { 0: [...map[0], ...map[1]] }, ['0'])).toEqual({
      status: 413,
      code: 'RESULT_TOO_LARGE',
    });
  });
});

describe('one request', () => {
  const post = (app: TestApp, token: string, body: unknown, accept = '*/*') =>
    app.app.fetch(
      new Request('http://localhost/graphql', {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept },
        body: JSON.stringify(body),
      }),
    );

  test('is counted once by the rate limit: a batch, and a subscription for a client that takes anything', async () => {
    const limited = await startApp({ RATE_LIMIT: '3' });
    const token = await limited.tenant.token();
    const query = '{ viewer { kind } }';
    expect((await post(limited, token, [{ query }, { query }, { query }, { query }])).status).toBe(200);
    const stream = await post(limited, token, { query: 'subscription { participantAvatarSynced { outcome } }' });
    expect([stream.status, stream.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    await stream.body?.cancel();
    expect((await post(limited, token, { query })).status).toBe(200);
    expect((await post(limited, token, { query })).status).toBe(429);
    await limited.close();
  });

  test('shares one cost between the operations of a batch', async () => {
    const query =
      '{ participantsConnection(first: 100) { nodes { bindings { participant { bindings { participant { bindings { id } } } } } } } }';
    const token = await service.tenant.token();
    const answers = (await (await post(service, token, [{ query }, { query }, { query }])).json()) as {
      errors?: { extensions: { code: string } }[];
    }[];
    const codes = answers.map(({ errors }) => errors?.[0]?.extensions.code);
    expect(codes[0]).toBeUndefined();
    expect(codes.at(-1)).toBe('UNPROCESSABLE');
    expect((await post(service, token, { query })).status).toBe(200);
  });

  test('names no operation by an empty name', async () => {
    const token = await service.tenant.token();
    const query = 'query A { viewer { kind } }';
    const expected = { data: { viewer: { kind: 'USER' } } };
    expect(await (await post(service, token, { query, operationName: '' })).json()).toEqual(expected);
    expect(await (await post(service, token, [{ query, operationName: '' }])).json()).toEqual([expected]);
    const two = { query: `${query} query B { viewer { kind } }`, operationName: '' };
    expect(await (await post(service, token, two)).text()).toContain('BAD_USER_INPUT');
  });

  test.each([
    'query ($s: Boolean = true) { viewer { kind @skip(if: $s) } }',
    'query ($s: Boolean = true) { viewer { kind @include(if: $s) } }',
  ])('of %s with null is an error each time, compiled or not', async (query) => {
    const token = await service.tenant.token();
    const ask = async (variables: object) =>
      (await (await post(service, token, { query, variables })).json()) as {
        errors?: { extensions: { code: string } }[];
      };
    for (let time = 0; time < 5; time++) expect((await ask({})).errors).toBeUndefined();
    for (let time = 0; time < 3; time++)
      expect((await ask({ s: null })).errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
    expect((await ask({})).errors).toBeUndefined();
  });
});

test('a stop ends a connection whose request never arrives, and says so to others by errors of the graph', async () => {
  const stopping = await startApp({ PORT: '0' });
  const { url: at } = await stopping.app.listen();
  const halves = [
    'POST /graphql HTTP/1.1\r\nHost: x\r\n',
    `POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${await stopping.tenant.token()}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"query"`,
  ];
  const ends = halves.map((half) => raw(at, half));
  await sleep(200);
  const closing = stopping.app.close();
  const response = await stopping.app.fetch(
    new Request('http://localhost/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    }),
  );
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({
    errors: [{ extensions: { code: 'UNAVAILABLE', status: 503, retryAfter: 1 } }],
  });
  expect(response.headers.get('retry-after')).toBe('1');
  await closing;
  await Promise.all(ends);
  await stopping.close();
});
