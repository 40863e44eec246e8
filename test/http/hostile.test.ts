import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { limits } from '../../src/operations/limits.ts';
import { dataOf, problemOf, startApp, type TestApp } from '../app.ts';

let service: TestApp;
let url: string;

beforeAll(async () => {
  service = await startApp({ PORT: '0' });
  ({ url } = await service.app.listen());
});
afterAll(() => service.close());

test('rows that lead to each other in circles are not written out for ever', async () => {
  const { tenant } = service;
  const { createConversation } = dataOf(
    await tenant.graphql('mutation { createConversation(input: {}) { conversation { id } } }'),
  );
  const { id } = createConversation.conversation;
  for (let from = 0; from < 60; from += 30) {
    const fields = Array.from(
      { length: 30 },
      (_, index) =>
        `a${index}: ensureConversationParticipant(input: { conversationId: "${id}", participant: { flow: { id: "f${from + index}" } } }) { created }`,
    );
    dataOf(await tenant.graphql(`mutation { ${fields.join('\n')} }`));
  }
  const circle = (levels: number): string =>
    levels === 0 ? 'id' : `participants { conversation { ${circle(levels - 1)} } }`;
  const document = (levels: number) => `{ conversation(id: "${id}") { ${circle(levels)} } }`;
  expect((await tenant.graphql(document(2))).errors).toBeUndefined();
  // 60³ rows of two fields, each a row and the list that it leads to.
  expect(limits.work).toBeLessThan(4 * 60 ** 3);
  // The third time it runs compiled.
  for (let time = 0; time < 4; time++) {
    const { errors, data } = await tenant.graphql(document(3));
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['RESULT_TOO_LARGE']);
    expect(data).toBeNull();
  }

  // Few lists, but each of their rows leads to one and the same again and again.
  const again = Array.from({ length: 58 }, (_, index) => `a${index}: conversation { id }`).join(' ');
  const few = `{ conversation(id: "${id}") { participants { conversation { participants { ${again} } } } } }`;
  const answer = await tenant.graphql(few);
  expect(answer.errors?.map(({ extensions, path }) => [extensions.code, path?.slice(0, 2)])).toEqual([
    ['RESULT_TOO_LARGE', ['conversation', 'participants']],
  ]);
});

test('what is said of variables is short, however large they are, each time', async () => {
  const query = 'query ($filter: ParticipantFilter) { participantsConnection(filter: $filter) { totalCount } }';
  const filter = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`k${index}`, index]));
  for (let time = 0; time < 4; time++) {
    const answer = await service.tenant.graphql(query, { filter });
    expect(JSON.stringify(answer.errors).length).toBeLessThan(20_000);
    expect(new Set(answer.errors?.map(({ extensions }) => extensions.code))).toEqual(new Set(['BAD_USER_INPUT']));
  }
});

test.each([
  ['query ($s: Int = 64) { participants { avatarUrl(size: $s) } }', { s: null }],
  ['query ($s: ID = "x") { agent(id: $s) { id } }', { s: null }],
])('%s with null is nobody’s fault but the caller’s', async (query, variables) => {
  const { errors } = await service.tenant.graphql(query, variables);
  expect((errors ?? []).map(({ extensions }) => extensions.code).filter((code) => code !== 'BAD_USER_INPUT')).toEqual(
    [],
  );
});

test('a document has a longest length, comments and all', async () => {
  const long = (length: number) => `{ agents { id } } #${'x'.repeat(length - 19)}`;
  expect((await service.tenant.graphql(long(limits.document))).errors).toBeUndefined();
  expect(problemOf(await service.tenant.graphql(long(limits.document + 1))).code).toBe('GRAPHQL_PARSE_FAILED');
});

test.each(['[', 'a b@:', 'x:99999999'])(
  'a request for the host %s is refused, without a trace of ours',
  async (host) => {
    const { hostname, port } = new URL(url);
    for (const [method, path] of [
      ['GET', '/healthz'],
      ['POST', '/graphql'],
    ] as const) {
      const { status, body } = await new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
        request({ hostname, port, method, path, headers: { host, 'content-type': 'application/json' } }, (response) => {
          let body = '';
          response
            .on('data', (chunk) => {
              body += chunk;
            })
            .on('end', () => resolve({ status: response.statusCode, body }));
        })
          .on('error', reject)
          .end(method === 'POST' ? '[]' : undefined);
      });
      expect(status).toBe(400);
      expect(JSON.parse(body)).toMatchObject({ code: 'BAD_USER_INPUT', status: 400 });
    }
  },
);
