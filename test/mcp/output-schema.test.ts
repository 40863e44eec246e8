import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/ajv';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dataSchema } from '../../src/mcp/output-schema.ts';
import { createPrepare } from '../../src/operations/prepare.ts';
import { buildSchema } from '../../src/schema/schema.ts';
import { dataOf, type Untyped } from '../app.ts';
import { createAgent, createParticipant } from '../factories.ts';
import { useApp } from '../use-app.ts';
import { call, connect } from './client.ts';

const service = useApp();
let client: Client;
beforeAll(async () => {
  client = await connect(service, { authorization: `Bearer ${await service.tenant.token()}` });
});
afterAll(() => client.close());

const faults = (schema: Untyped, value: unknown): string | undefined =>
  new AjvJsonSchemaValidator().getValidator(schema)(value).errorMessage;
const answers = async (name: string): Promise<Untyped> =>
  (await client.listTools()).tools.find((tool) => tool.name === name)?.outputSchema;

describe('a tool tells what it answers', () => {
  test('with the types, the nulls and the descriptions of the graph', async () => {
    const { type, anyOf } = await answers('get_conversation_participants');
    expect(type).toBe('object');
    expect(anyOf[0]).toMatchObject({
      type: 'object',
      required: ['conversation'],
      additionalProperties: false,
      properties: {
        conversation: {
          type: ['object', 'null'],
          description: expect.stringMatching(/\S/),
          properties: {
            id: { type: 'string' },
            closedAt: { type: ['string', 'null'], format: 'date-time', description: expect.stringMatching(/\S/) },
            participantsConnection: {
              type: 'object',
              properties: {
                totalCount: { type: ['integer', 'null'] },
                nodes: {
                  type: 'array',
                  items: { type: 'object', properties: { status: { enum: expect.anything() } } },
                },
              },
            },
          },
        },
      },
    });
  });

  test('in each of the ways in which it may be called, and followed', async () => {
    const { anyOf } = await answers('sync_avatar');
    expect(anyOf.map(({ required }: Untyped) => required)).toEqual([
      ['syncParticipantAvatarFromChannel'],
      ['syncAgentAvatars'],
      ['avatarSyncBatchProgress'],
      undefined,
      ['problems'],
    ]);
  });

  test('and nothing else passes', async () => {
    const schema = await answers('find_external_user');
    const problem = { type: 'urn:x', title: 'x', status: 400, detail: 'x', instance: 'urn:uuid:x', code: 'CONFLICT' };
    for (const value of [{ searchExternalUser: null }, problem, { problems: [problem] }])
      expect(faults(schema, value)).toBeUndefined();
    const { code, ...nameless } = problem;
    for (const value of [
      {},
      { searchExternalUser: {} },
      { searchExternalUser: null, more: 1 },
      { searchExternalUser: { externalUser: {}, conversationIds: [] } },
      nameless,
      { problems: [nameless] },
    ])
      expect(faults(schema, value), JSON.stringify(value)).toMatch(/\S/);
  });
});

test('what has as little as it may, and what was given in strange ways, fits', async () => {
  const { tenant } = service;
  const agentId = await createAgent(tenant);
  // The service keeps it, and the format `email` of validators does not know it.
  await createParticipant(tenant, { agentIds: [agentId], displayName: '𝒜', email: '.ada..x.@intranet' });
  await createParticipant(tenant, { agentIds: [agentId] });
  const made = await tenant.graphql(
    'mutation ($user: CreateExternalUserInput!) { createExternalUser(input: $user) { externalUser { id } } createConversation(input: { name: "Order" }) { conversation { id } } }',
    { user: { firstName: 'L', lastName: 'M', fkId: 'least', metadata: { any: [1, null, { deep: true }] } } },
  );
  const { id: conversationId } = dataOf(made).createConversation.conversation;
  const contacts = await call(client, 'list_contacts', { agentId });
  expect(contacts.data.participantsConnection.nodes).toHaveLength(2);
  const bare = await call(client, 'find_external_user', { fkId: 'least' });
  expect(bare.data.searchExternalUser.externalUser).toMatchObject({ email: null, phoneNumber: null });
  expect((await call(client, 'who_is', { by: { fkId: 'least' } })).data.whoIs.externalUsers).toHaveLength(1);
  expect((await call(client, 'get_conversation_participants', { conversationId })).isError).toBe(false);
});

describe('of a document', () => {
  const prepare = createPrepare(buildSchema(), { introspection: true, compileAfter: 2 });
  const schemaOf = (query: string): Untyped => dataSchema(prepare({ query }, null));

  test('with one of several types, each has what is selected of it', () => {
    const { properties } = schemaOf(
      '{ node(id: "x") { __typename id ... on Agent { name } ... on Participant { displayName } ... { same: id } } }',
    );
    const { anyOf } = properties.node;
    const of = (name: string) => anyOf.find((each: Untyped) => each.properties?.__typename.enum[0] === name);
    expect(anyOf.at(-1)).toEqual({ type: 'null' });
    expect(Object.keys(of('Agent').properties)).toEqual(['__typename', 'id', 'name', 'same']);
    expect(Object.keys(of('Participant').properties)).toEqual(['__typename', 'id', 'displayName', 'same']);
    expect(Object.keys(of('ExternalUser').properties)).toEqual(['__typename', 'id', 'same']);
    expect(of('Agent').required).toEqual(['__typename', 'id', 'name', 'same']);
  });

  test('with directives, what may be left out is not required', () => {
    const { required, properties } = schemaOf(
      `query ($a: Boolean!, $b: Boolean!) { viewer { kind } viewer @skip(if: $a) { scopes kind } agents @include(if: $b) { id }
        ... @include(if: $a) { again: agents { id } } }`,
    );
    expect(required).toEqual(['viewer']);
    expect(properties.viewer.required).toEqual(['kind']);
    expect(Object.keys(properties.viewer.properties)).toEqual(['kind', 'scopes']);
    expect(properties.agents.items.required).toEqual(['id']);
    expect(Object.keys(properties)).toEqual(['viewer', 'agents', 'again']);
  });
});
