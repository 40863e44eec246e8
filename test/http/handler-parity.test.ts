import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { startApp, type TestApp } from '../app.ts';
import { createAgent, createParticipant } from '../factories.ts';

let service: TestApp;
let url: string;
let authorization: string;
let participantId: string;
const [trusted = ''] = Object.keys(JSON.parse(readFileSync('examples/trusted-documents.json', 'utf8')) as object);

beforeAll(async () => {
  service = await startApp({
    PORT: '0',
    CORS_ORIGINS: 'https://inbox.example',
    TRUSTED_DOCUMENTS: 'examples/trusted-documents.json',
  });
  ({ url } = await service.app.listen());
  authorization = `Bearer ${await service.tenant.token()}`;
  await createAgent(service.tenant, 'support');
  participantId = await createParticipant(service.tenant, { agentIds: ['support'] });
});
afterAll(() => service.close());

type Sent = { method: string; headers: Record<string, string>; body?: string | undefined };

const named = [
  'content-type',
  'www-authenticate',
  'retry-after',
  'x-request-id',
  'access-control-allow-origin',
  'vary',
  'allow',
];

/** What a client can tell of an answer. */
async function seen(response: Response) {
  return {
    status: response.status,
    headers: named.map((name) => [name, response.headers.get(name)]),
    body: await response.text(),
  };
}

/**
 * The request by both ways: with a declared length, and so by the GraphQL handler where it is a common one; and in
 * chunks, which is left to Yoga.
 */
async function both({ method, headers, body }: Sent) {
  const own = { ...headers, 'x-request-id': newId() };
  const send = (more: Record<string, string>) =>
    service.app.fetch(
      new Request(`${url}/graphql`, { method, headers: { ...own, ...more }, ...(body !== undefined && { body }) }),
    );
  const byHandler = await seen(await send({}));
  const byYoga = await seen(await send({ 'transfer-encoding': 'chunked' }));
  return { byHandler, byYoga };
}

const bodies = (id: string): Record<string, string> => ({
  readById: JSON.stringify({
    query: 'query ($id: ID!) { participant(id: $id) { id displayName createdAt agentIds } }',
    variables: { id },
  }),
  alias: JSON.stringify({ query: '{ a: participants { id } b: agents { id __typename } }' }),
  named: JSON.stringify({ query: 'query A { agents { id } } query B { viewer { kind } }', operationName: 'B' }),
  unnamed: JSON.stringify({ query: 'query A { agents { id } } query B { viewer { kind } }' }),
  unknownName: JSON.stringify({ query: 'query A { agents { id } }', operationName: 'C' }),
  introspection: JSON.stringify({ query: '{ __schema { queryType { name } } __typename }' }),
  skipped: JSON.stringify({
    query: 'query ($no: Boolean!) { agents @skip(if: $no) { id } viewer @include(if: $no) { kind } }',
    variables: { no: true },
  }),
  ruleBroken: JSON.stringify({ query: '{ participantsConnection(first: 1000) { totalCount } }' }),
  partly: JSON.stringify({ query: '{ agents { id } searchExternalUser(by: { email: "no" }) { conversationIds } }' }),
  notFound: JSON.stringify({ query: 'mutation { deleteParticipant(input: { participantId: "x" }) { deletedId } }' }),
  invalid: JSON.stringify({ query: '{ nothing }' }),
  unparsable: JSON.stringify({ query: '{' }),
  emptyQuery: JSON.stringify({ query: '' }),
  noQuery: JSON.stringify({ variables: {} }),
  queryIsNumber: JSON.stringify({ query: 1 }),
  queryIsNull: JSON.stringify({ query: null }),
  variablesAreText: JSON.stringify({ query: '{ agents { id } }', variables: 'x' }),
  variablesAreList: JSON.stringify({ query: '{ agents { id } }', variables: [] }),
  variablesAreNull: JSON.stringify({ query: '{ agents { id } }', variables: null }),
  missingVariable: JSON.stringify({ query: 'query ($id: ID!) { participant(id: $id) { id } }' }),
  wrongVariable: JSON.stringify({
    query: 'query ($id: ID!) { participant(id: $id) { id } }',
    variables: { id: { a: 1 } },
  }),
  noneOfOne: JSON.stringify({
    query: 'query ($by: IdentityInput!) { whoIs(by: $by) { participants { id } } }',
    variables: { by: {} },
  }),
  twoOfOne: JSON.stringify({
    query: 'query ($by: IdentityInput!) { whoIs(by: $by) { participants { id } } }',
    variables: { by: { email: 'a@b.example', fkId: '1' } },
  }),
  extraMember: JSON.stringify({ query: '{ agents { id } }', more: 1 }),
  tooCostly: JSON.stringify({
    query:
      '{ participantsConnection(first: 100) { nodes { conversations(first: 100) { nodes { participants { conversation { id } } } } } } }',
  }),
  batch: JSON.stringify([{ query: '{ agents { id } }' }, { query: '{ viewer { kind } }' }]),
  emptyBatch: '[]',
  scalar: '1',
  nothing: 'null',
  text: '"{ agents { id } }"',
  brokenJson: '{"query":',
  noBody: '',
  unknownHash: JSON.stringify({ extensions: { persistedQuery: { version: 1, sha256Hash: 'x' } } }),
  unknownId: JSON.stringify({ documentId: 'x', variables: {} }),
  trustedId: JSON.stringify({ documentId: trusted }),
  trustedHash: JSON.stringify({ query: null, extensions: { persistedQuery: { version: 1, sha256Hash: trusted } } }),
  otherText: JSON.stringify({ documentId: trusted, query: '{ agents { id } }' }),
  idIsNumber: JSON.stringify({ documentId: 1 }),
  idIsEmpty: JSON.stringify({ documentId: '' }),
  hashIsNumber: JSON.stringify({ extensions: { persistedQuery: { version: 1, sha256Hash: 1 } } }),
  persistedIsText: JSON.stringify({ query: '{ agents { id } }', extensions: { persistedQuery: 'x' } }),
  emptyExtensions: JSON.stringify({ extensions: {} }),
  control: '{"query":"{ agent(id: \\"\\u0000\\") { id } }"}',
});

const accepts = [
  undefined,
  '*/*',
  'application/json',
  'application/graphql-response+json',
  'application/graphql-response+json, application/json;q=0.9',
  'application/json, application/graphql-response+json',
  'application/json; charset=utf-8',
  'application/json; charset=iso-8859-1',
  'application/*',
  'text/html',
  'text/plain',
];

test('which way a request goes cannot be told from its answer', { timeout: 120_000 }, async () => {
  const differences: unknown[] = [];
  let count = 0;
  const compare = async (name: string, sent: Sent) => {
    count++;
    const { byHandler, byYoga } = await both(sent);
    if (JSON.stringify(byHandler) !== JSON.stringify(byYoga)) differences.push({ name, byHandler, byYoga });
  };
  const plain = { 'content-type': 'application/json', authorization };
  for (const [name, body] of Object.entries(bodies(participantId))) {
    for (const accept of accepts) {
      await compare(`${name} for ${accept}`, {
        method: 'POST',
        headers: { ...plain, ...(accept && { accept }) },
        body,
      });
    }
    await compare(`${name} from another origin`, {
      method: 'POST',
      headers: { ...plain, origin: 'https://inbox.example' },
      body,
    });
    await compare(`${name} without a credential`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    await compare(`${name} as text`, { method: 'POST', headers: { ...plain, 'content-type': 'text/plain' }, body });
    await compare(`${name} with a charset`, {
      method: 'POST',
      headers: { ...plain, 'content-type': 'application/json; charset=UTF-8' },
      body,
    });
  }
  const readById = bodies(participantId)['readById'];
  for (const headers of [
    { ...plain, authorization: 'Bearer nonsense' },
    { ...plain, authorization: 'Basic eDp5' },
    { ...plain, 'agent-secret-key': 'x' },
    { ...plain, 'content-encoding': 'gzip' },
  ]) {
    await compare(JSON.stringify(headers), { method: 'POST', headers, body: readById });
  }
  await compare('a body over the limit', {
    method: 'POST',
    headers: plain,
    body: JSON.stringify({ query: `#${'x'.repeat(1_100_000)}` }),
  });
  await compare('a document over the limit', {
    method: 'POST',
    headers: plain,
    body: JSON.stringify({ query: `{ ${'agents { id } '.repeat(2_000)} }` }),
  });
  for (const method of ['PUT', 'DELETE', 'PATCH']) await compare(method, { method, headers: plain });

  // A subscription for a client that takes no stream; the others are in test/events.
  const body = JSON.stringify({ query: 'subscription { participantAvatarSynced { outcome } }' });
  for (const accept of ['application/json', 'application/graphql-response+json']) {
    await compare('a subscription', { method: 'POST', headers: { ...plain, accept }, body });
  }

  // Some of them say enough.
  expect(differences.slice(0, 3)).toEqual([]);
  expect(count).toBeGreaterThan(400);
});

test('nor, of a mutation that has come before, when its variables are wrong in any way, or it costs too much', {
  timeout: 120_000,
}, async () => {
  const query = `mutation Known($input: EnsureConversationParticipantInput!, $first: Int, $text: String, $metadata: JSONObject) {
    ensureConversationParticipant(input: $input) { created participant { conversation {
      participantsConnection(first: $first) { nodes { conversation { participantsConnection(first: $first) { nodes { conversation { participants { conversation { id } } } } } } } } } } }
    updateExternalUser(input: { id: "none", email: $text, metadata: $metadata }) { __typename }
  }`;
  const headers = { 'content-type': 'application/json', authorization };
  const send = (variables: unknown) => both({ method: 'POST', headers, body: JSON.stringify({ query, variables }) });
  const conversationId = newId();
  const input = { conversationId, participant: { flow: { id: 'f' } } };
  // The conversation does not exist: the mutation is executed, and so known from now on, but changes nothing.
  const executed = await send({ input, first: 2 });
  expect(executed.byHandler.body).toContain('CONVERSATION_NOT_FOUND');
  const dear = await send({ input, first: 100_000 });
  expect(dear.byHandler.body).toContain('UNPROCESSABLE');
  const dearAndWrong = await send({ input: { ...input, more: 1 }, first: 100_000 });
  expect(dearAndWrong.byHandler.body).toContain('BAD_USER_INPUT');

  const participant = fc.oneof(
    fc.constant(input.participant),
    fc.constant({}),
    fc.constant({ flow: { id: 'f' }, user: { id: 'u' } }),
    fc.record({ user: fc.record({ id: fc.jsonValue({ maxDepth: 1 }) }) }),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const wrong = fc.record(
    {
      input: fc.oneof(
        fc.record(
          { conversationId: fc.oneof(fc.constant(conversationId), fc.jsonValue({ maxDepth: 1 })), participant },
          { requiredKeys: [] },
        ),
        fc.jsonValue({ maxDepth: 2 }),
      ),
      first: fc.oneof(fc.constantFrom(2, 100_000, -1, 1.5), fc.jsonValue({ maxDepth: 1 })),
      text: fc.oneof(fc.constantFrom('no', 'a@b.example', null), fc.jsonValue({ maxDepth: 1 })),
      metadata: fc.jsonValue({ maxDepth: 2 }),
      __proto__: fc.jsonValue({ maxDepth: 1 }),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(wrong, async (variables) => {
      const { byHandler, byYoga } = await send(variables);
      expect(byHandler).toEqual(byYoga);
    }),
    { numRuns: 200 },
  );
});
