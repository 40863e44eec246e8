import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ApolloClient, HttpLink, InMemoryCache } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { type DocumentNode, parse, print } from 'graphql';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { startApp, type TestApp, type Untyped } from '../app.ts';
import { png } from '../fakes/images.ts';
import { ReadByIdDocument } from '../graph/generated/graphql.ts';
import { uploadForm } from '../uploads.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const documents = {
  viewer: 'query Viewer { viewer { kind } }',
  agents: 'query Agents { agents { id } }',
  participant: 'query Participant($id: ID!) { participant(id: $id) { id displayName } }',
  person: 'mutation Person { createParticipant(input: { kind: PERSON, displayName: "Ada" }) { participant { id } } }',
  create: 'mutation Create($id: ID!) { createAgent(input: { id: $id, name: "Made" }) { agent { id } } }',
  changes: 'subscription Changes { participantAvatarSynced { outcome participant { id } } }',
  upload:
    'mutation Upload($id: ID!, $file: File!) { uploadParticipantAvatar(input: { participantId: $id, file: $file }) { participant { id } } }',
};
const file = join(tmpdir(), `rollcall-trusted-${process.pid}.json`);
const map = JSON.parse(readFileSync('examples/trusted-documents.json', 'utf8')) as Record<string, string>;
writeFileSync(file, JSON.stringify({ ...documents, ...map, [`sha256:${sha256(documents.viewer)}`]: documents.viewer }));

let open: TestApp;
let strict: TestApp;
let plain: TestApp;
let url: string;
beforeAll(async () => {
  open = await startApp({ TRUSTED_DOCUMENTS: file });
  strict = await startApp({ TRUSTED_DOCUMENTS: file, TRUSTED_DOCUMENTS_ONLY: 'on', PORT: '0', GRAPHIQL: 'on' });
  plain = await startApp({ PORT: '0' });
  ({ url } = await strict.app.listen());
});
afterAll(() => Promise.all([open.close(), strict.close(), plain.close()]));

const bearer = async (service: TestApp) => ({ authorization: `Bearer ${await service.tenant.token()}` });

async function send(service: TestApp, init: RequestInit, query = '') {
  const headers = { ...(await bearer(service)), ...(init.headers as Record<string, string>) };
  const response = await service.app.fetch(new Request(`http://localhost/graphql${query}`, { ...init, headers }));
  const text = await response.text();
  const body = text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text;
  return { status: response.status, headers: response.headers, body: body as Untyped };
}
const post = (service: TestApp, body: unknown, headers: Record<string, string> = {}) =>
  send(service, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
const get = (service: TestApp, parameters: Record<string, string>) =>
  send(service, { method: 'GET' }, `?${new URLSearchParams(parameters)}`);
const createPerson = async (service: TestApp): Promise<string> =>
  (await post(service, { documentId: 'person' })).body.data.createParticipant.participant.id;
const codesOf = (body: Untyped): string[] => (body.errors ?? []).map((error: Untyped) => error.extensions.code);
const persisted = (sha256Hash: string) => ({ persistedQuery: { version: 1, sha256Hash } });

describe('a trusted document runs', () => {
  test('by POST, from its id and from its hash, by both ways through the port', async () => {
    for (const service of [open, strict])
      for (const headers of [{}, { origin: 'http://localhost' }] as Record<string, string>[]) {
        const id = await createPerson(service);
        const variables = { id };
        const byId = await post(service, { documentId: 'participant', variables }, headers);
        expect(byId.body).toEqual({ data: { participant: { id, displayName: 'Ada' } } });
        const byHash = await post(service, { extensions: persisted(sha256(documents.viewer)) }, headers);
        expect(byHash).toMatchObject({ status: 200, body: { data: { viewer: { kind: 'USER' } } } });
      }
  });

  test('by GET, when it is a query', async () => {
    expect((await get(strict, { documentId: 'viewer' })).body).toEqual({ data: { viewer: { kind: 'USER' } } });
    const hash = await get(strict, { extensions: JSON.stringify(persisted('viewer')) });
    expect(hash.body).toEqual({ data: { viewer: { kind: 'USER' } } });
    const id = await createPerson(strict);
    const one = await get(strict, { documentId: 'participant', variables: JSON.stringify({ id }) });
    expect(one.body.data.participant.displayName).toBe('Ada');
    const mutation = await get(strict, { documentId: 'create', variables: '{"id":"made"}' });
    expect([mutation.status, codesOf(mutation.body)]).toEqual([405, ['METHOD_NOT_ALLOWED']]);
  });

  test('in a batch, each operation in its own way', async () => {
    const operations = [
      { documentId: 'viewer' },
      { query: '{ agents { id } }' },
      { extensions: persisted('agents') },
      { documentId: 'nobody' },
    ];
    const lenient = await post(open, operations);
    expect(lenient.body.map(codesOf)).toEqual([[], [], [], ['PERSISTED_QUERY_NOT_FOUND']]);
    const refused = await post(strict, operations);
    expect(refused.body.map(codesOf)).toEqual([[], ['DOCUMENT_NOT_TRUSTED'], [], ['PERSISTED_QUERY_NOT_FOUND']]);
  });

  test('with an upload', async () => {
    const id = await createPerson(strict);
    const form = uploadForm(id, await png());
    const text = await send(strict, { method: 'POST', body: form });
    expect([text.status, codesOf(text.body)]).toEqual([403, ['DOCUMENT_NOT_TRUSTED']]);
    form.set('operations', JSON.stringify({ documentId: 'upload', variables: { id, file: null } }));
    form.set('map', JSON.stringify({ 0: ['variables.file'] }));
    const sent = await send(strict, { method: 'POST', body: form });
    expect(sent.body).toEqual({ data: { uploadParticipantAvatar: { participant: { id } } } });
  });

  test('as a stream of events', async () => {
    const leaving = new AbortController();
    const response = await strict.app.fetch(
      new Request('http://localhost/graphql', {
        method: 'POST',
        headers: { ...(await bearer(strict)), 'content-type': 'application/json', accept: 'text/event-stream' },
        body: JSON.stringify({ documentId: 'changes' }),
        signal: leaving.signal,
      }),
    );
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    leaving.abort();
    const text = await post(strict, { query: documents.changes }, { accept: 'text/event-stream' });
    expect(text.body).toMatch('DOCUMENT_NOT_TRUSTED');
  });
});

describe('over WebSocket', () => {
  const results = async (payload: Untyped): Promise<Untyped> => {
    const client = createClient({
      url: `${url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: await bearer(strict),
      retryAttempts: 0,
    });
    try {
      const { value } = await client.iterate(payload).next();
      return value;
    } catch (errors) {
      return { errors };
    } finally {
      await client.dispose();
    }
  };

  test('an id or a hash takes the place of the text', async () => {
    const kind = { data: { viewer: { kind: 'USER' } } };
    expect(await results({ query: '', documentId: 'viewer' })).toEqual(kind);
    expect(await results({ query: '', extensions: persisted('viewer') })).toEqual(kind);
    expect(codesOf(await results({ query: '', documentId: 'nobody' }))).toEqual(['PERSISTED_QUERY_NOT_FOUND']);
    expect(codesOf(await results({ query: documents.viewer }))).toEqual(['DOCUMENT_NOT_TRUSTED']);
  });

  test('the text may be left out', async () => {
    const { authorization } = await bearer(strict);
    const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    const heard: Untyped[] = [];
    await new Promise<void>((resolve, reject) => {
      socket.on('error', reject);
      socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization } })));
      socket.on('close', (code) => reject(new Error(String(code))));
      socket.on('message', (data) => {
        const message = JSON.parse(String(data));
        heard.push(message);
        if (message.type === 'connection_ack')
          socket.send(
            JSON.stringify({ type: 'subscribe', id: '1', payload: { documentId: 'viewer', variables: { query: 1 } } }),
          );
        if (message.type === 'complete') resolve();
      });
    });
    socket.removeAllListeners('close').terminate();
    expect(heard[1]).toEqual({ type: 'next', id: '1', payload: { data: { viewer: { kind: 'USER' } } } });
  });
});

describe('with trusted documents only', () => {
  test('no other text runs, however it comes', async () => {
    for (const headers of [{}, { origin: 'http://localhost' }, { accept: 'application/graphql-response+json' }]) {
      const refused = await post(strict, { query: '{ viewer { kind } }' }, headers as Record<string, string>);
      expect([refused.status, codesOf(refused.body)]).toEqual([403, ['DOCUMENT_NOT_TRUSTED']]);
    }
    const byGet = await get(strict, { query: '{ viewer { kind } }' });
    expect([byGet.status, codesOf(byGet.body)]).toEqual([403, ['DOCUMENT_NOT_TRUSTED']]);
    const form = await send(strict, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'query={viewer{kind}}',
    });
    expect([form.status, codesOf(form.body)]).toEqual([403, ['DOCUMENT_NOT_TRUSTED']]);
    const graphql = await send(strict, {
      method: 'POST',
      headers: { 'content-type': 'application/graphql' },
      body: '{viewer{kind}}',
    });
    expect([graphql.status, codesOf(graphql.body)]).toEqual([403, ['DOCUMENT_NOT_TRUSTED']]);
  });

  test('GraphiQL on this machine runs any, and nobody who says that they are it', async () => {
    const page = await (
      await fetch(`${url}/graphql`.replace('127.0.0.1', 'localhost'), { headers: { accept: 'text/html' } })
    ).text();
    const pass = /"x-graphiql-pass":"([^"]+)"/.exec(page)?.[1] ?? '';
    expect(pass).toMatch(/^\d+\.[\w-]{43}$/);
    for (const headers of [{}, { origin: 'http://localhost' }] as Record<string, string>[]) {
      const mine = await post(strict, { query: '{ __typename }' }, { ...headers, 'x-graphiql-pass': pass });
      expect(mine.body).toEqual({ data: { __typename: 'Query' } });
    }
    const [, signed] = pass.split('.');
    for (const forged of ['1', '', `9999999999999.${signed}`, `${pass}x`, `1.${signed}`, 'NaN.x']) {
      const refused = await post(strict, { query: '{ __typename }' }, { 'x-graphiql-pass': forged });
      expect(codesOf(refused.body)).toEqual(['DOCUMENT_NOT_TRUSTED']);
    }
    const elsewhere = { accept: 'text/html', 'x-forwarded-for': '203.0.113.9' };
    expect(await (await fetch(`${url}/graphql`, { headers: elsewhere })).text()).not.toMatch('x-graphiql-pass');
    const named = await strict.app.fetch(
      new Request('http://rollcall.example/graphql', { headers: { accept: 'text/html' } }),
    );
    expect(await named.text()).not.toMatch('x-graphiql-pass');
  });
});

describe('Apollo’s client', () => {
  /** Runs a query as Apollo's client does; returns its data and what it sent. */
  async function run(
    service: TestApp,
    query: DocumentNode,
    generateHash: (document: DocumentNode) => string,
    variables = {},
  ) {
    const sent: { method: string; query: boolean }[] = [];
    const http = new HttpLink({
      uri: 'http://localhost/graphql',
      headers: { ...(await bearer(service)), 'apollo-require-preflight': 'true' },
      fetch: (uri, init) => {
        const { method = 'GET', body } = init ?? {};
        sent.push({
          method,
          query: String(method === 'GET' ? uri : body).includes('query ') || String(uri).includes('query='),
        });
        return service.app.fetch(new Request(String(uri), init));
      },
    });
    const link = new PersistedQueryLink({ generateHash, useGETForHashedQueries: true }).concat(http);
    const client = new ApolloClient({ link, cache: new InMemoryCache() });
    const { data } = await client.query({ query, variables, fetchPolicy: 'no-cache' });
    return { data, sent };
  }
  const hashOf = (document: DocumentNode) => sha256(print(document));
  const registered = (document: DocumentNode) => (document as Untyped).__meta__?.hash as string;

  test('runs what codegen has registered by its hash alone', async () => {
    const id = await createPerson(strict);
    const document: Untyped = ReadByIdDocument;
    const { data, sent } = await run(strict, document, () => registered(document), { id });
    expect(data).toMatchObject({ participant: { displayName: 'Ada' } });
    expect(sent).toEqual([{ method: 'GET', query: false }]);
  });

  test('sends the text of what is not known, and is answered', async () => {
    const { data, sent } = await run(open, parse('query Mine { viewer { kind } }'), hashOf);
    expect(data).toEqual({ viewer: { __typename: 'Viewer', kind: 'USER' } });
    expect(sent.map(({ query }) => query)).toEqual([false, true]);
  });

  test('sends the text where nothing is trusted', async () => {
    const { data, sent } = await run(plain, parse('query Mine { viewer { kind } }'), hashOf);
    expect(data).toEqual({ viewer: { __typename: 'Viewer', kind: 'USER' } });
    expect(sent.map(({ query }) => query)).toEqual([false, true]);
  });

  test('is told by name and status, and no cache keeps it', async () => {
    const unknown = await get(open, { extensions: JSON.stringify(persisted('x')) });
    expect(unknown).toMatchObject({
      status: 200,
      body: { errors: [{ message: 'PersistedQueryNotFound', extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }] },
    });
    expect(unknown.body).not.toHaveProperty('data');
    expect(unknown.headers.get('cache-control')).toBe('private, no-cache, must-revalidate');
    const unsupported = await post(plain, { extensions: persisted('x') });
    expect(unsupported).toMatchObject({
      status: 200,
      body: {
        errors: [{ message: 'PersistedQueryNotSupported', extensions: { code: 'PERSISTED_QUERY_NOT_SUPPORTED' } }],
      },
    });
    const wrong = await post(open, { query: '{ viewer { kind } }', extensions: persisted('x') });
    expect(codesOf(wrong.body)).toEqual(['BAD_USER_INPUT']);
  });
});

test('a compressed body is refused in words', async () => {
  const refused = await send(open, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
    body: gzipSync(JSON.stringify({ query: '{ viewer { kind } }' })),
  });
  expect([refused.status, codesOf(refused.body)]).toEqual([415, ['BAD_USER_INPUT']]);
  expect(refused.body.errors[0].message).toMatch('without Content-Encoding');
});

test('the start is refused with all that is wrong with the documents', async () => {
  const faulty = join(tmpdir(), `rollcall-faulty-${process.pid}.json`);
  writeFileSync(faulty, JSON.stringify({ a: '{ nothing }', b: '{', c: '{ viewer { kind } }' }));
  await expect(startApp({ TRUSTED_DOCUMENTS: faulty })).rejects.toThrow(
    /^TRUSTED_DOCUMENTS has a document that cannot run: a: Cannot query field "nothing".*\nTRUSTED_DOCUMENTS has a document that cannot run: b: Syntax Error/,
  );
});
