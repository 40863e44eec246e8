import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApolloClient, HttpLink, InMemoryCache } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { cacheExchange, createClient, fetchExchange } from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import {
  ContactsChangedDocument,
  ContactsDocument,
  CreateContactDocument,
  documentIdOf,
  type Endpoint,
  follow,
  ParticipantKind,
  type Problem,
  problemOf,
  request,
} from '../../packages/client/src/index.ts';
import type { Untyped } from '../app.ts';
import { until } from '../events/trigger.ts';
import { bearer, post } from '../http/trusted.ts';
import { useApp } from '../use-app.ts';

// The client's own map, and what these tests need beside it.
const map = JSON.parse(readFileSync('packages/client/src/generated/persisted-documents.json', 'utf8'));
const agent = 'mutation { createAgent(input: { id: "support", name: "Support" }) { agent { id } } }';
const file = join(tmpdir(), `rollcall-client-${process.pid}.json`);
writeFileSync(file, JSON.stringify({ ...map, agent }));
const strict = useApp({ PORT: '0', TRUSTED_DOCUMENTS: file, TRUSTED_DOCUMENTS_ONLY: 'on' });
const others = useApp({ PORT: '0', TRUSTED_DOCUMENTS: 'examples/trusted-documents.json' });

const agentId = 'support';
let headers: Record<string, string>;
let endpoint: Endpoint;
beforeAll(async () => {
  headers = await bearer(strict);
  endpoint = { url: `${(await strict.app.listen()).url}/graphql`, headers: () => headers, byId: true };
  expect((await post(strict, { documentId: 'agent' })).body).toEqual({
    data: { createAgent: { agent: { id: agentId } } },
  });
});

const failure = async (sent: Promise<unknown>): Promise<Problem> =>
  problemOf(
    await sent.then(
      () => 'nothing was refused',
      (error: unknown) => error,
    ),
  );
/** Follows until the end. */
const endOf = (at: Endpoint, subscription: Untyped): Promise<Problem | null> =>
  new Promise((onEnd) => {
    follow({
      endpoint: at,
      subscription,
      variables: { agentId },
      current: async () => null,
      onCurrent: () => {},
      onEvent: () => {},
      onEnd,
    });
  });
/** The same document as somebody has it who did not make it with codegen. */
const { __meta__: _, ...unknown } = ContactsDocument as Untyped;
const { __meta__: __, ...unknownSubscription } = ContactsChangedDocument as Untyped;

describe('where only trusted documents run', () => {
  test('a query, a mutation and a subscription run by their ids', async () => {
    const shown: unknown[] = [];
    const changed = vi.fn();
    const followed = follow({
      endpoint,
      subscription: ContactsChangedDocument,
      variables: { agentId },
      current: async (signal) => (await request(endpoint, ContactsDocument, { agentId }, signal)).participants,
      onCurrent: (current) => shown.push(current),
      onEvent: changed,
    });
    await until(() => shown.length > 0);
    const input = { kind: ParticipantKind.Person, displayName: 'Ada', agentIds: [agentId] };
    const { createParticipant } = await request(endpoint, CreateContactDocument, { input });
    await until(() => changed.mock.calls.length > 0);
    followed.stop();
    const id = createParticipant?.participant.id;
    expect(shown).toEqual([[]]);
    expect(changed.mock.calls[0]?.[0].participantChanged.participants).toMatchObject([{ id, displayName: 'Ada' }]);
    expect((await request(endpoint, ContactsDocument, { agentId })).participants).toMatchObject([{ id }]);
  });

  test('a text is refused by its code, also of a document that has no id', async () => {
    const byText = { ...endpoint, byId: false };
    for (const [at, query, subscription] of [
      [byText, ContactsDocument, ContactsChangedDocument],
      [endpoint, unknown, unknownSubscription],
    ] as const) {
      expect(await failure(request(at, query, { agentId }))).toMatchObject({
        code: 'DOCUMENT_NOT_TRUSTED',
        status: 403,
      });
      expect(await endOf(at, subscription)).toMatchObject({ code: 'DOCUMENT_NOT_TRUSTED', status: 403 });
    }
  });

  test('urql and Apollo’s client run them', async () => {
    const generateHash = async (_: unknown, document: Untyped) => documentIdOf(document) ?? '';
    const urql = createClient({
      url: endpoint.url,
      fetchOptions: { headers },
      preferGetMethod: false,
      exchanges: [
        cacheExchange,
        persistedExchange({ enforcePersistedQueries: true, enableForMutation: true, generateHash }),
        fetchExchange,
      ],
    });
    const { data, error } = await urql.query(ContactsDocument, { agentId }).toPromise();
    expect([data?.participants, error]).toEqual([expect.any(Array), undefined]);
    const input = { kind: ParticipantKind.Person, displayName: 'Bo', agentIds: [agentId] };
    expect((await urql.mutation(CreateContactDocument, { input }).toPromise()).error).toBeUndefined();

    const link = new PersistedQueryLink({ generateHash: (document) => documentIdOf(document) ?? '' });
    const apollo = new ApolloClient({
      link: link.concat(new HttpLink({ uri: endpoint.url, headers })),
      cache: new InMemoryCache(),
    });
    const found = await apollo.query({ query: ContactsDocument, variables: { agentId } });
    expect(found.data?.participants.map(({ displayName }) => displayName)).toContain('Bo');
    expect((await apollo.mutate({ mutation: CreateContactDocument, variables: { input } })).error).toBeUndefined();
  });
});

test('ids that the service does not know end by their code', async () => {
  const theirs = await bearer(others);
  const there = { ...endpoint, url: `${(await others.app.listen()).url}/graphql`, headers: () => theirs };
  const code = { code: 'PERSISTED_QUERY_NOT_FOUND', status: 404 };
  expect(await failure(request(there, ContactsDocument, { agentId }))).toMatchObject(code);
  expect(await endOf(there, ContactsChangedDocument)).toMatchObject(code);
});
