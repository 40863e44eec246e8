import { ApolloClient, HttpLink, InMemoryCache } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { type DocumentNode, parse, print } from 'graphql';
import { createClient } from 'graphql-ws';
import { describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import type { TestApp, Untyped } from '../app.ts';
import { ReadByIdDocument } from '../graph/generated/graphql.ts';
import { useApp } from '../use-app.ts';
import { bearer, codesOf, createPerson, documents, get, persisted, post, sha256, useTrusted } from './trusted.ts';

const { open, strict, url } = useTrusted();
const plain = useApp();

describe('over WebSocket', () => {
  const results = async (payload: Untyped): Promise<Untyped> => {
    const client = createClient({
      url: `${url().replace('http', 'ws')}/graphql`,
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
    const socket = new WebSocket(`${url().replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
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
