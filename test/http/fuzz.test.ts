import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { catalogue } from '../../src/errors/catalogue.ts';
import { type Answer, type ResultError, startApp, type TestApp, type TestTenant } from '../app.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import { writtenRowsOf } from '../tenants/world.ts';

let service: TestApp;
let tenant: TestTenant;
let participantId: string;
let configId: string;
let headers: Record<string, string>;
beforeAll(async () => {
  service = await startApp();
  ({ tenant } = service);
  const agentId = await createAgent(tenant, 'agent');
  configId = await createConfig(tenant);
  participantId = await createParticipant(tenant, { agentIds: [agentId] });
  headers = { authorization: `Bearer ${await tenant.token()}`, 'content-type': 'application/json' };
});
afterAll(() => service.close());

const codeOf = ({ extensions }: ResultError) => extensions.code;

/** The answer, which must be no worse than the caller's own fault. */
async function answerTo(body: string): Promise<Answer<unknown>[]> {
  const response = await service.app.fetch(new Request('http://localhost/graphql', { method: 'POST', headers, body }));
  expect(response.status).toBeLessThan(500);
  const told = (await response.json()) as Answer<unknown> | Answer<unknown>[];
  return Array.isArray(told) ? told : [told];
}

test('every body is at most the caller’s own fault', async () => {
  const operation = fc.record(
    {
      query: fc.oneof(
        fc.constantFrom('{ viewer { kind } }', '{', 'subscription { x }', 'query ($x: Int) { agents { id } }'),
        fc.json(),
      ),
      variables: fc.jsonValue(),
      operationName: fc.jsonValue(),
      extensions: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  const body = fc.oneof(
    fc.string(),
    fc.json(),
    operation.map((it) => JSON.stringify(it)),
    fc.array(operation, { maxLength: 12 }).map((it) => JSON.stringify(it)),
  );
  await fc.assert(
    fc.asyncProperty(body, async (text) => {
      for (const { errors } of await answerTo(text)) {
        for (const error of errors ?? []) expect(Object.keys(catalogue)).toContain(codeOf(error));
      }
    }),
    { numRuns: 300 },
  );
});

const anything = () =>
  fc.oneof(
    fc.jsonValue(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      '\u0000',
      'a\u0000b',
      '\ud800',
      '😀'.repeat(151),
      'x'.repeat(4_001),
      -1,
      2 ** 31,
      1e300,
      '-Infinity',
      null,
    ),
    fc.constantFrom('participant', 'config', 'agent'),
  );
const known = (value: unknown): unknown =>
  value === 'participant' ? participantId : value === 'config' ? configId : value;
const inputOf = (...names: string[]) =>
  fc
    .record(Object.fromEntries(names.map((name) => [name, anything()])), { requiredKeys: [] })
    .map((given) => Object.fromEntries(Object.entries(given).map(([name, value]) => [name, known(value)])));

/**
 * Inputs that lack what the mutation cannot do without, or have what it never takes, so that nothing may come of them.
 */
const mutations: Record<string, fc.Arbitrary<Record<string, unknown>>> = {
  createParticipant: inputOf('email', 'relatedAgentId', 'agentIds', 'channels').map((input) => ({
    ...input,
    kind: 'PERSON',
    displayName: '\u0000',
  })),
  updateParticipant: inputOf('displayName', 'email', 'channels', 'agentIds').map((input) => ({
    ...input,
    participantId,
    relatedAgentId: 'agent',
  })),
  bindParticipant: inputOf('participantId', 'agentId').filter(({ agentId }) => agentId !== 'agent'),
  syncParticipantAvatarFromChannel: inputOf('participantId', 'integrationConfigId', 'address'),
  createAgent: inputOf('name').map((input) => ({ ...input, id: 'no agent’s id' })),
  connectIntegration: inputOf('token').chain((input) =>
    inputOf('id').map(({ id }) => ({ ...input, id: id === configId ? 'x' : id })),
  ),
  revokeKey: inputOf('id'),
};

test.each(Object.entries(mutations))(
  'no variables of %s are more than the caller’s own fault, or change anything',
  async (name, input) => {
    const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
    const query = `mutation ($input: ${type}!) { ${name}(input: $input) { __typename } }`;
    const before = await writtenRowsOf(service.app.database, tenant.id);
    await fc.assert(
      fc.asyncProperty(input, async (given) => {
        const [answer] = await answerTo(JSON.stringify({ query, variables: { input: given } }));
        expect(answer?.errors).not.toHaveLength(0);
        for (const { extensions } of answer!.errors!) {
          expect(Object.keys(catalogue)).toContain(extensions.code);
          expect(extensions.status).toBeLessThan(500);
        }
      }),
      { numRuns: 150 },
    );
    expect(await writtenRowsOf(service.app.database, tenant.id)).toEqual(before);
  },
);

test('no arguments of a query are more than the caller’s own fault', async () => {
  const query = `query ($id: ID!, $agentId: ID, $filter: ParticipantFilter, $first: Int, $after: String, $last: Int, $before: String) {
    participant(id: $id) { id } agent(id: $id) { id } participants(agentId: $agentId) { id }
    participantsConnection(filter: $filter, first: $first, after: $after, last: $last, before: $before) { totalCount nodes { id } }
  }`;
  const cursor = fc.oneof(
    anything(),
    fc.array(anything()).map((keys) => Buffer.from(JSON.stringify(keys)).toString('base64url')),
  );
  const variables = fc.record(
    {
      id: anything(),
      agentId: anything(),
      filter: inputOf('agentId', 'email', 'kind', 'disabled'),
      first: anything(),
      after: cursor,
      last: anything(),
      before: cursor,
    },
    { requiredKeys: ['id'] },
  );
  await fc.assert(
    fc.asyncProperty(variables, async (given) => {
      const [answer] = await answerTo(JSON.stringify({ query, variables: given }));
      for (const error of answer?.errors ?? []) expect(error.extensions.status).toBeLessThan(500);
    }),
    { numRuns: 300 },
  );
});
