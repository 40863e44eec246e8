import { connect } from 'node:net';
import { type Client, createClient } from 'graphql-ws';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { startApp, type TestApp, type TestTenant } from '../app.ts';
import { createAccessKey } from '../factories.ts';
import type { StreamResult } from '../streams.ts';
import { createSubject, revoke, subscription } from './trigger.ts';

let service: TestApp;
let url: string;
const clients: Client[] = [];
beforeAll(async () => {
  service = await startApp({ PORT: '0' });
  ({ url } = await service.app.listen());
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.dispose();
});
afterAll(() => service.close());

const socketUrl = (at = url) => `${at.replace('http', 'ws')}/graphql`;
const bearer = async (tenant: TestTenant, expiresIn: string | number = '1h') => ({
  authorization: `Bearer ${await tenant.token(undefined, { expiresIn })}`,
});

function clientOf(connectionParams: Record<string, unknown>, at = url): Client {
  const client = createClient({
    url: socketUrl(at),
    webSocketImpl: WebSocket,
    connectionParams,
    retryAttempts: 0,
    lazyCloseTimeout: 60_000,
  });
  clients.push(client);
  return client;
}

/** The results of an operation, one by one; null after the last. */
function results(client: Client, query: string, variables: Record<string, unknown> = {}) {
  const all = client.iterate({ query, variables })[Symbol.asyncIterator]();
  return async (): Promise<StreamResult | null> => {
    const { done, value } = await all.next();
    return done ? null : (value as StreamResult);
  };
}
const once = (client: Client, query: string, variables?: Record<string, unknown>) =>
  results(client, query, variables)();
const codeOf = (result: StreamResult | null) => result?.errors?.[0]?.extensions.code;

/** Talks to the socket by hand: what comes back, and the code it is closed with. */
function talk(messages: object[], headers: Record<string, string> = {}) {
  return new Promise<{ code: number; heard: string[] }>((resolve, reject) => {
    const socket = new WebSocket(socketUrl(), 'graphql-transport-ws', { headers });
    const heard: string[] = [];
    socket.on('open', () => {
      for (const message of messages) socket.send(JSON.stringify(message));
    });
    socket.on('message', (data) => heard.push((JSON.parse(String(data)) as { type: string }).type));
    socket.on('close', (code) => resolve({ code, heard }));
    socket.on('error', reject);
  });
}

describe('a WebSocket', () => {
  test.each([
    ['none', {}],
    ['a wrong token', { authorization: 'Bearer nonsense' }],
    ['a credential that is no text', { authorization: 7 }],
    ['an unknown key', { 'Agent-Secret-Key': 'rcs_000000000000_' }],
  ])('with a credential that is %s is closed with 4403, and hears nothing', async (_, payload) => {
    const ask = { type: 'subscribe', id: '1', payload: { query: '{ viewer { kind } }' } };
    const { code, heard } = await talk([{ type: 'connection_init', payload }, ask]);
    // Whether the question was read before or after the refusal: it was not let in.
    expect([4401, 4403]).toContain(code);
    expect(heard).toEqual([]);
    expect(await talk([{ type: 'connection_init', payload }])).toEqual({ code: 4403, heard: [] });
  });

  test('with two credentials is closed', async () => {
    const authorization = (await bearer(service.tenant)).authorization;
    const payload = { authorization };
    expect((await talk([{ type: 'connection_init', payload }], { 'agent-secret-key': 'rcs_x' })).code).toBe(4403);
  });

  test('answers queries and mutations, by a credential in the payload in any case or in the upgrade', async () => {
    const client = clientOf({ Authorization: (await bearer(service.tenant)).authorization });
    expect(await once(client, '{ viewer { kind } }')).toEqual({ data: { viewer: { kind: 'USER' } } });
    const created = await once(
      client,
      'mutation { createAgent(input: { id: "by-socket", name: "x" }) { agent { id } } }',
    );
    expect(created).toEqual({ data: { createAgent: { agent: { id: 'by-socket' } } } });
  });

  test('holds operations to the same rules, and stays open', async () => {
    const client = clientOf(await bearer(service.tenant));
    expect(codeOf(await once(client, '{').catch((errors) => ({ errors })))).toBe('GRAPHQL_PARSE_FAILED');
    expect(codeOf(await once(client, '{ nobody }').catch((errors) => ({ errors })))).toBe('GRAPHQL_VALIDATION_FAILED');
    const costly =
      'query ($n: Int) { participantsConnection(first: $n) { nodes { bindings { participant { bindings { participant { bindings { id agentId } } } } } } } }';
    expect(codeOf(await once(client, costly, { n: 100 }))).toBe('UNPROCESSABLE');
    const missing = await once(client, 'mutation { deleteParticipant(input: { participantId: "x" }) { deletedId } }');
    expect(missing?.errors?.[0]?.extensions).toMatchObject({ code: 'PARTICIPANT_NOT_FOUND', status: 404 });
    expect(missing?.errors?.[0]?.extensions.instance).toMatch(/^urn:uuid:[0-9a-f-]{36}$/);
    expect(await once(client, '{ viewer { kind } }')).toEqual({ data: { viewer: { kind: 'USER' } } });
  });

  test('tells events to those they concern', async () => {
    const [tenant, stranger] = [await service.createTenant(), await service.createTenant()];
    const [ada, bo, eve] = [await createSubject(tenant), await createSubject(tenant), await createSubject(stranger)];
    const next = results(clientOf(await bearer(tenant)), subscription, { ids: [bo.id, eve.id] });
    const first = next();
    await subscribed();
    for (const { sync } of [eve, ada, bo]) await sync();
    expect((await first)?.data.participantAvatarSynced).toEqual({
      participant: { id: bo.id },
      outcome: 'FAILED',
      error: { code: 'CHANNEL_NOT_ON_PARTICIPANT' },
    });
  });

  test('outlives its credential, but lets it do nothing more', async () => {
    const tenant = await service.createTenant();
    const { id, headers } = await createAccessKey(tenant, ['ADMIN']);
    const client = clientOf(headers);
    const next = results(client, subscription);
    const last = next();
    expect(await once(client, '{ viewer { kind } }')).toEqual({ data: { viewer: { kind: 'ACCESS_KEY' } } });
    await revoke(tenant, id);
    expect(codeOf(await last)).toBe('UNAUTHENTICATED');
    expect(await next()).toBeNull();
    expect(codeOf(await once(client, '{ viewer { kind } }').catch((errors) => ({ errors })))).toBe('UNAUTHENTICATED');
  });

  test('tells a stream when its token expires', async () => {
    const next = results(clientOf(await bearer(service.tenant, Math.floor(Date.now() / 1_000) + 2)), subscription);
    expect(codeOf(await next())).toBe('UNAUTHENTICATED');
    expect(await next()).toBeNull();
  });

  test('tells its streams to come again when the server stops', async () => {
    const stopping = await startApp({ PORT: '0' });
    const { url: at } = await stopping.app.listen();
    const client = clientOf(await bearer(stopping.tenant), at);
    expect(await once(client, '{ viewer { kind } }')).not.toBeNull();
    const last = results(client, subscription)();
    await subscribed();
    const closing = stopping.close();
    expect(codeOf(await last)).toBe('UNAVAILABLE');
    await closing;
  });
});

/** A subscription over a socket isn't confirmed; by then it has reached the server. */
const subscribed = () => new Promise((resolve) => setTimeout(resolve, 300));

describe('an upgrade that is none of ours', () => {
  /** Sends an upgrade request and leaves; returns how the answer begins. */
  const upgrade = (path: string, rude = false) =>
    new Promise<string>((resolve, reject) => {
      const { hostname, port } = new URL(url);
      const socket = connect(Number(port), hostname === 'localhost' ? '127.0.0.1' : hostname, () => {
        socket.write(
          `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
        );
        if (rude) setImmediate(() => socket.resetAndDestroy());
      });
      let answer = '';
      socket.on('data', (data) => {
        answer += data;
      });
      socket.on('close', () => resolve(answer.split('\r\n')[0] ?? ''));
      socket.on('error', reject);
    });

  test('is refused on any path, and ends nothing else', async () => {
    for (const path of ['/', '/other', '//', '/\\', 'http://', '*']) {
      expect(await upgrade(path), path).toMatch(/^HTTP\/1\.1 4\d\d/);
    }
    for (let times = 0; times < 20; times += 1) await upgrade('/other', true);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });
});
