import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import {
  buildSchema,
  type GraphQLInputType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredInputField,
} from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { catalogue } from '../../src/errors/catalogue.ts';
import { startApp, type TestApp, type Untyped } from '../app.ts';
import { createWorld, type World } from '../tenants/world.ts';

const schema = buildSchema(readFileSync('schema.graphql', 'utf8'));
const mutations = schema.getMutationType()?.getFields() ?? {};

let service: TestApp;
let world: World;
let headers: Record<string, string>;
beforeAll(async () => {
  service = await startApp();
  world = await createWorld(service, 'hostile', '+14155550199');
  headers = { authorization: `Bearer ${await world.tenant.token()}`, 'content-type': 'application/json' };
});
afterAll(() => service.close());

/** Stands for something of the tenant's, which there is only once it has been made. */
const knownIds = [
  'agent',
  'config',
  'participant',
  'binding',
  'conversation',
  'externalUser',
  'member',
  'key',
  'webhookKey',
  'unknownSender',
] as const;
const marker = 'the tenant’s ';

const hostile = fc.oneof(
  fc.constantFrom(
    ...[
      '',
      ' ',
      '\u0000',
      'a\u0000b',
      '\ud800',
      'x\udfff',
      '\u202e',
      '\u200b',
      '\u2800',
      '\n',
      "'; drop table tenant; --",
      '%',
      '\\',
      '\\u0000',
    ],
    ...['x'.repeat(151), '😀'.repeat(151), '\ufdfa'.repeat(150), 'x'.repeat(256), 'x'.repeat(4_001), 'é'.repeat(4_000)],
    ...[
      'ada@example.com',
      `${'a'.repeat(3_900)}@example.com`,
      '+14155550101',
      '68849',
      'AI_AGENT',
      'null',
      '-1',
      '1e400',
    ],
    ...[
      '00000000-0000-0000-0000-000000000000',
      '{}',
      'ffffffff-ffff-ffff-ffff-ffffffffffff',
      'slack',
      'email',
      'US',
      '2026-02-30T00:00:00.000Z',
    ],
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(...knownIds.map((name) => `${marker}${name}`)),
);
const integer = fc.oneof(fc.constantFrom(0, -1, 1, 2 ** 31 - 1, -(2 ** 31)), fc.integer());

function valueOfType(type: GraphQLInputType, depth = 0): fc.Arbitrary<unknown> {
  if (isNonNullType(type)) return valueOfType(type.ofType, depth);
  if (isListType(type)) return fc.array(valueOfType(type.ofType, depth + 1), { maxLength: 3 });
  if (isEnumType(type)) return fc.constantFrom(...type.getValues().map(({ name }) => name));
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields());
    const of = (names: typeof fields) =>
      Object.fromEntries(names.map((field) => [field.name, valueOfType(field.type, depth + 1)]));
    if (type.isOneOf) return fc.oneof(...fields.map((field) => fc.record(of([field]))));
    return fc.record(of(fields), { requiredKeys: fields.filter(isRequiredInputField).map(({ name }) => name) });
  }
  const values: Record<string, fc.Arbitrary<unknown>> = {
    Int: integer,
    Float: fc.oneof(integer, fc.double({ noNaN: true, noDefaultInfinity: true })),
    Boolean: fc.boolean(),
    JSONObject: fc.dictionary(hostile, fc.oneof(hostile, fc.jsonValue()), { maxKeys: 4 }),
  };
  return values[type.name] ?? hostile;
}

const known = (value: unknown): unknown => {
  if (typeof value === 'string' && value.startsWith(marker))
    return world[value.slice(marker.length) as (typeof knownIds)[number]];
  if (Array.isArray(value)) return value.map(known);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, known(part)]));
};

test.each(Object.keys(mutations))(
  '%s answers every input with a code that callers are told of',
  async (name) => {
    const [argument] = mutations[name]?.args ?? [];
    if (!argument) throw new Error(`${name} takes no input`);
    const query = `mutation ($input: ${String(argument.type)}) { ${name}(input: $input) { __typename } }`;
    await fc.assert(
      fc.asyncProperty(valueOfType(argument.type), async (input) => {
        const response = await service.app.fetch(
          new Request('http://localhost/graphql', {
            method: 'POST',
            headers,
            body: JSON.stringify({ query, variables: { input: known(input) } }),
          }),
        );
        const { errors = [] } = (await response.json()) as Untyped;
        for (const { extensions } of errors) {
          expect(Object.keys(catalogue)).toContain(extensions.code);
          expect(['INTERNAL', 'UNAVAILABLE']).not.toContain(extensions.code);
        }
      }),
      { numRuns: 60 },
    );
  },
  120_000,
);

test('an AI_AGENT of an agent without a name is of none', async () => {
  const { errors } = await world.tenant.graphql(
    'mutation ($input: CreateParticipantInput!) { createParticipant(input: $input) { participant { id } } }',
    { input: { kind: 'AI_AGENT', displayName: 'Bot', relatedAgentId: '' } },
  );
  expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['AGENT_NOT_FOUND']);
});
