import { once } from 'node:events';
import { connect } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import WebSocket from 'ws';
import type { Storage } from '../../src/storage/storage.ts';
import { startApp, type TestApp } from '../app.ts';
import { raw, rawReset, statusOf } from './raw.ts';

let service: TestApp;
let url: string;
let told: ReturnType<typeof vi.spyOn>[];
let written = 0;
const storage: Storage = {
  put: async () => {},
  putStream: async () => {},
  get: async () => null,
  open: async () => null,
  delete: async () => {},
  check: async () => {
    written += 1;
  },
};
beforeAll(async () => {
  service = await startApp({ PORT: '0' }, undefined, { storage });
  ({ url } = await service.app.listen());
});
afterAll(() => service.close());
beforeEach(() => {
  const { log } = service.app;
  told = [
    ...(['fatal', 'error', 'warn', 'info'] as const).map((level) => vi.spyOn(log, level)),
    ...(['error', 'warn', 'info', 'log'] as const).map((name) => vi.spyOn(console, name)),
  ];
});
afterEach(async () => {
  // What was begun for a client that has gone ends before this answer does.
  await service.tenant.graphql('{ agents { id } }');
  const lines = told.flatMap((spy) => spy.mock.calls);
  vi.restoreAllMocks();
  expect(lines).toEqual([]);
});

const body = 'Content-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}';
const post = (more = '', path = '/graphql') => `POST ${path} HTTP/1.1\r\nHost: x\r\n${more}${body}`;
const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;

// A client without a credential can cause no line above debug, and nothing on the console.
test.each([
  ['bytes', '\0\x01\x02\r\n\r\n'],
  ['the beginning of TLS', `\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03${'a'.repeat(400)}`],
  ['line feeds only', 'GET /healthz HTTP/1.1\nHost: x\n\n'],
  ['a method that is none', 'FOO /graphql HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['a long header', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`],
  [
    'two lengths',
    'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  ['a chunk without a size', 'POST /graphql HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n'],
  ['CONNECT', 'CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n'],
  ['bytes in a path', get('/\xe9\xff')],
])('%s: refused without a line of the log', async (_, request) => {
  expect(await raw(url, request)).toMatch(/^(HTTP\/1\.1 4\d\d .*)?$/s);
});

test('paths, headers and bodies of any kind are refused without a line of the log', async () => {
  const requests = [
    ...['/files/%', '/files/%00', '/files/0198f000-0000-7000-8000-000000000000?size=-1&expires=1e400', '//x/graphql'],
    ...['/graphql?query=%', '/graphql?query={a}&variables=%7B', '/oauth/slack/callback?code=%00&state=%00', '/%00'],
    ...['/v1/tenants/%/participants', '/workspaces/%E0%A4/conversations', '/external/users/%00', '/openapi/%.json'],
  ].map(get);
  requests.push(
    ...['Bearer \xe9.\xff.\x80', 'Bearer eyJhbGciOiJub25lIn0.e30.', 'Bearer ..', 'AccessKey \xe9', 'Basic x'].map(
      (value) => post(`Authorization: ${value}\r\n`),
    ),
    post('Agent-Secret-Key: \xe9\r\n'),
    post('Agent-Secret-Key: x\r\nAuthorization: Bearer x\r\n'),
    post('Origin: \xe9:::\r\n'),
    post('Content-Encoding: gzip\r\n'),
    post('Expect: x\r\n'),
    post('X-Request-Id: \x80\r\n'),
    ...['/hooks/slack/%ff%fe', `/hooks/slack/${'a'.repeat(40)}`, '/hooks/%00/x', '/external/users', '/'].map((path) =>
      post('', path),
    ),
  );
  for (const request of requests) {
    const status = statusOf(await raw(url, request));
    expect(status >= 400 && status < 500, `${status}: ${request}`).toBe(true);
  }
});

test('connections that are reset, and TLS on a plain port, leave no line in the log', async () => {
  const half = 'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{';
  for (const afterMs of [0, 1, 10])
    await Promise.all(
      [half, post(), get('/metrics'), get('/graphql'), post('', '/hooks/slack/x'), 'GET /'].map((request) =>
        rawReset(url, request, afterMs),
      ),
    );
  const tls = connect({ port: Number(new URL(url).port), host: '127.0.0.1', rejectUnauthorized: false });
  const [error] = (await once(tls, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toMatch(/SSL|ECONNRESET/);
});

describe('a WebSocket', () => {
  const upgrade = (more: string) =>
    `GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n${more}\r\n`;
  const graph = upgrade('Sec-WebSocket-Protocol: graphql-transport-ws\r\n');

  test.each([
    ['an unmasked frame', `${graph}\x81\x05hello`],
    ['a frame that is none', `${graph}\xff\xff\xff\xff\xff\xff`],
    ['a frame of many bytes', `${graph}\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0`],
    ['text that is no UTF-8', `${graph}\x81\x82\0\0\0\0\xff\xfe`],
    ['a message that is no JSON', `${graph}\x81\x81\0\0\0\0{`],
    ['an operation before its turn', `${graph}\x81\x93\0\0\0\0{"type":"subscribe"}`],
    ['an old protocol', upgrade('Sec-WebSocket-Protocol: graphql-ws\r\n')],
    ['no protocol', upgrade('')],
    ['an extension that is none', upgrade('Sec-WebSocket-Extensions: \x80\r\n')],
  ])('with %s is closed without a line of the log', async (_, bytes) => {
    // The server would wait for half a minute for the answer to its close.
    expect(await raw(url, bytes, /\x88|HTTP\/1\.1 4/)).toMatch(/^HTTP\/1\.1 (101|400)/);
  });

  test('that is reset while it is answered leaves no line in the log', async () => {
    const ping = `\x81\x8f\0\0\0\0{"type":"ping"}`;
    for (const afterMs of [0, 1, 10]) await rawReset(url, graph + ping.repeat(200), afterMs);
    const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    await once(socket, 'open');
    for (let time = 0; time < 100; time++) socket.send('{"type":"ping"}');
    socket.terminate();
    await once(socket, 'close');
  });
});

test('to ask often whether the service is ready writes to the storage once in half a minute', async () => {
  for (let time = 0; time < 20; time += 1)
    await Promise.all(
      ['/readyz', '/metrics', '/readyz'].map((path) => service.app.fetch(new Request(`http://localhost${path}`))),
    );
  expect(written).toBe(1);
});
