import { readFileSync } from 'node:fs';
import {
  type GraphQLNamedType,
  getNamedType,
  graphql,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
  lexicographicSortSchema,
  printSchema,
} from 'graphql';
import { expect, test } from 'vitest';
import { subgraphText } from '../../src/schema/federation/text.ts';
import { buildSchema } from '../../src/schema/schema.ts';

const schema = buildSchema();
const types = Object.values(schema.getTypeMap()).filter(
  (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
);

/** The deprecation of each field, argument, input field and enum value, by its coordinate. */
function* deprecations(type: GraphQLNamedType): Iterable<[string, string | null | undefined]> {
  if (isEnumType(type))
    for (const value of type.getValues()) yield [`${type.name}.${value.name}`, value.deprecationReason];
  if (!isObjectType(type) && !isInterfaceType(type) && !isInputObjectType(type)) return;
  for (const field of Object.values(type.getFields())) {
    yield [`${type.name}.${field.name}`, field.deprecationReason];
    for (const argument of 'args' in field ? field.args : [])
      yield [`${type.name}.${field.name}(${argument.name}:)`, argument.deprecationReason];
  }
}

test('schema.graphql is what the code says', () => {
  expect(readFileSync('schema.graphql', 'utf8')).toBe(`${printSchema(lexicographicSortSchema(schema))}\n`);
});

test('schema.federation.graphql is what the code says', () => {
  expect(readFileSync('schema.federation.graphql', 'utf8')).toBe(subgraphText(schema));
});

test('every deprecation says what to use instead, and since when', () => {
  const deprecated = types.flatMap((type) => [...deprecations(type)]).filter(([, reason]) => reason != null);
  expect(deprecated.length).toBeGreaterThan(0);
  const lacking = deprecated.filter(([, reason]) => !/^Use .+ Deprecated on \d{4}-\d\d-\d\d\b/.test(reason ?? ''));
  expect(lacking).toEqual([]);
});

// Behind another scope than their parents': null with an error at its path, while the rest of the answer stands.
const behindScopes = [
  'DuplicateCandidate.participants',
  'DuplicateCandidate.users',
  'ExternalUser.participants',
  'Participant.externalUsers',
];

test('every list and its items are non-null, unless it needs another scope than its parent', () => {
  const nullable = types.filter(isObjectType).flatMap((type) =>
    Object.values(type.getFields())
      .filter((field) => /\[/.test(String(field.type)) && !/^\[.*!\]!$/.test(String(field.type)))
      .map((field) => `${type.name}.${field.name}: ${field.type}`),
  );
  expect(nullable.map((field) => field.split(':')[0]).sort()).toEqual(behindScopes);
});

test('every mutation takes one input of its own and returns a payload of its own', () => {
  const fields = Object.values(schema.getMutationType()?.getFields() ?? {});
  expect(fields.length).toBeGreaterThan(10);
  for (const field of fields) {
    const name = field.name[0]?.toUpperCase() + field.name.slice(1);
    expect(field.args.map((argument) => `${argument.name}: ${argument.type}`)).toEqual([`input: ${name}Input!`]);
    expect(getNamedType(field.type).name).toBe(`${name}Payload`);
  }
});

test('the schema begins with a description of itself, which introspection shows', async () => {
  const { data } = await graphql({ schema, source: '{ __schema { description } }' });
  expect(data).toMatchObject({ __schema: { description: expect.stringMatching(/^Rollcall answers one question/) } });
});
