import { readFileSync } from 'node:fs';
import {
  type GraphQLNamedType,
  getNamedType,
  graphql,
  isEnumType,
  isInputObjectType,
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

/** The parts of a type that a reader of the schema sees, by their coordinates. */
function* described(type: GraphQLNamedType): Iterable<[string, string | null | undefined]> {
  yield [type.name, type.description];
  if (isEnumType(type)) for (const value of type.getValues()) yield [`${type.name}.${value.name}`, value.description];
  if (isInputObjectType(type))
    for (const field of Object.values(type.getFields())) yield [`${type.name}.${field.name}`, field.description];
  if (!isObjectType(type)) return;
  for (const field of Object.values(type.getFields())) {
    yield [`${type.name}.${field.name}`, field.description];
    for (const argument of field.args) yield [`${type.name}.${field.name}(${argument.name}:)`, argument.description];
  }
}

test('schema.graphql is what the code says', () => {
  expect(readFileSync('schema.graphql', 'utf8')).toBe(`${printSchema(lexicographicSortSchema(schema))}\n`);
});

test('schema.federation.graphql is what the code says', () => {
  expect(readFileSync('schema.federation.graphql', 'utf8')).toBe(subgraphText(schema));
});

test('everything has a description', () => {
  const bare = types
    .flatMap((type) => [...described(type)])
    .filter(([, description]) => !description)
    .map(([coordinate]) => coordinate);
  expect(bare).toEqual([]);
});

// Behind another scope than their parents': null with an error at its path, while the rest of the answer stands.
const behindScopes = ['ExternalUser.participants', 'Participant.externalUsers'];

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
