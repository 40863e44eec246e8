import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApolloClient, HttpLink, InMemoryCache } from '@apollo/client';
import { createClient, fetchExchange } from '@urql/core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  ContactsDocument,
  CreateContactDocument,
  ErrorCode,
  heals,
  type Problem,
  problemOf,
  problemsOf,
  request,
} from '../../packages/client/src/index.ts';
import { pauseMs } from '../../packages/client/src/pause.ts';
import { openStream } from '../../packages/client/src/stream.ts';
import { catalogue } from '../../src/errors/catalogue.ts';
import { useApp } from '../use-app.ts';

const service = useApp({ PORT: '0' });
let url: string;
let headers: Record<string, string>;
beforeAll(async () => {
  url = `${(await service.app.listen()).url}/graphql`;
  headers = { authorization: `Bearer ${await service.tenant.token()}` };
});

const input = { kind: 'PERSON', displayName: ' ', email: 'x'.repeat(4_001) } as const;
const clients = {
  request: (sent: Record<string, string>) =>
    request({ url, headers: () => sent }, CreateContactDocument, { input }).then(
      () => null,
      (error: unknown) => error,
    ),
  urql: async (sent: Record<string, string>) => {
    const exchanges = [fetchExchange];
    const client = createClient({ url, preferGetMethod: false, exchanges, fetchOptions: { headers: sent } });
    return (await client.mutation(CreateContactDocument, { input }).toPromise()).error;
  },
  Apollo: (sent: Record<string, string>) => {
    const link = new HttpLink({ uri: url, headers: sent });
    const client = new ApolloClient({ link, cache: new InMemoryCache() });
    return client.mutate({ mutation: CreateContactDocument, variables: { input } }).then(
      () => null,
      (error: unknown) => error,
    );
  },
};

describe.each(Object.entries(clients))('a problem that comes through %s', (_, send) => {
  test('has its code, its status and each value that breaks a rule', async () => {
    const problem = problemOf(await send(headers));
    expect(problem).toMatchObject({ code: ErrorCode.ValidationFailed, status: 400, retryAfter: null });
    expect(problem.fieldErrors.map(({ path }) => path.join('.')).sort()).toEqual(['input.displayName', 'input.email']);
    expect(problem.requestId).toMatch(/^[\da-f-]{36}$/);
  });

  test('is known where nothing was executed', async () => {
    expect(problemOf(await send({ authorization: 'Bearer nobody' }))).toMatchObject({
      code: 'UNAUTHENTICATED',
      status: 401,
    });
  });
});

test('every code of the catalogue is one of the type’s', () => {
  expect(Object.values(ErrorCode).sort()).toEqual(Object.keys(catalogue).sort());
});

test('what is not the service’s is NETWORK, and a newer code is UNKNOWN', async () => {
  const nobody = { url: 'http://127.0.0.1:1/graphql', headers: () => ({}) };
  const failed = await request(nobody, ContactsDocument, { agentId: 'a' }).catch((error: unknown) => error);
  expect(problemOf(failed)).toMatchObject({ code: 'NETWORK', status: null });
  const balancer = createServer((_, response) => response.writeHead(502).end('<h1>Bad gateway</h1>'));
  await new Promise<void>((resolve) => balancer.listen(0, '127.0.0.1', resolve));
  const { port } = balancer.address() as AddressInfo;
  const bad = { url: `http://127.0.0.1:${port}/graphql`, headers: () => ({}) };
  const other = await request(bad, ContactsDocument, { agentId: 'a' }).catch((error: unknown) => error);
  expect(problemOf(other)).toMatchObject({ code: 'NETWORK', status: 502 });
  const ofStream = await new Promise((resolve) => {
    const body = { query: 'subscription { agentChanged { __typename } }', variables: {} };
    openStream({ endpoint: bad, body, silentAfterMs: 60_000, onOpen: () => {}, onData: () => {}, onEnd: resolve });
  });
  expect(ofStream).toMatchObject({ code: 'NETWORK', status: 502 });
  balancer.close();
  const errors = [
    { message: 'Later.', extensions: { code: 'RATE_LIMITED', status: 429, retryAfter: 7 } },
    { message: 'New.', extensions: { code: 'OF_NEXT_YEAR', status: 409 } },
  ];
  expect(problemsOf({ errors })).toMatchObject([
    { code: 'RATE_LIMITED', retryAfter: 7 },
    { code: 'UNKNOWN', status: 409, detail: 'New.' },
  ]);
});

test('the status says what heals', () => {
  const withStatus = (status: number | null) => heals({ code: 'UNKNOWN', status } as Problem);
  expect([null, 429, 500, 502, 503].map(withStatus)).toEqual([true, true, true, true, true]);
  expect([400, 401, 403, 404, 409].map(withStatus)).toEqual([false, false, false, false, false]);
});

test('pauses grow up to the longest, with up to a half at random, and are not shorter than the service asks for', () => {
  const pauses = { firstPauseMs: 500, longestPauseMs: 3_000 };
  const none = () => 0;
  expect([0, 1, 2, 3, 4, 2_000].map((tries) => pauseMs(tries, pauses, null, none))).toEqual([
    500, 1_000, 2_000, 3_000, 3_000, 3_000,
  ]);
  expect(pauseMs(0, pauses, null, () => 1)).toBe(750);
  expect(pauseMs(0, pauses, 7, none)).toBe(7_000);
});
