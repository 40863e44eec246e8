import { GraphQLError, GraphQLScalarType, Kind, type ValueNode } from 'graphql';
import { GraphQLDateTimeISO, GraphQLEmailAddress, GraphQLJSON, GraphQLJSONObject, GraphQLURL } from 'graphql-scalars';
import { UploadedFile } from '../storage/uploaded-file.ts';
import { isExact } from '../values/json-number.ts';
import { builder } from './builder.ts';

/**
 * Wraps a library's scalar whose values were checked when they were stored. They are not checked again with every row.
 */
function stored(scalar: GraphQLScalarType, description: string, serialize: (value: unknown) => unknown) {
  return new GraphQLScalarType({ ...scalar.toConfig(), description, serialize });
}

builder.addScalarType(
  'DateTime',
  new GraphQLScalarType({
    ...stored(GraphQLDateTimeISO, 'A timestamp in UTC with milliseconds, as in `2026-01-31T09:30:00.000Z`.', (value) =>
      (value as Date).toISOString(),
    ).toConfig(),
    name: 'DateTime',
  }),
);
builder.addScalarType(
  'EmailAddress',
  stored(GraphQLEmailAddress, 'An e-mail address, spelled as it was given. Compared without case.', (value) => value),
);
builder.addScalarType(
  'URL',
  stored(GraphQLURL, 'An absolute URL.', (value) => value),
);
/**
 * Refuses numbers in a document that a double would change. Numbers in variables are checked before they are parsed.
 */
function demandExact(node: ValueNode): void {
  if ((node.kind === Kind.INT || node.kind === Kind.FLOAT) && !isExact(node.value))
    throw new GraphQLError(`The number ${node.value.slice(0, 50)} cannot be kept exactly: send it as text.`, {
      nodes: node,
    });
  if (node.kind === Kind.LIST) node.values.forEach(demandExact);
  if (node.kind === Kind.OBJECT) for (const { value } of node.fields) demandExact(value);
}

const jsonObject = stored(
  GraphQLJSONObject,
  'A JSON object with any members. Numbers that a double cannot keep exactly are refused.',
  (value) => value,
);
builder.addScalarType(
  'JSONObject',
  new GraphQLScalarType({
    ...jsonObject.toConfig(),
    parseLiteral(node, variables) {
      demandExact(node);
      return jsonObject.parseLiteral(node, variables);
    },
  }),
);
builder.addScalarType(
  'JSON',
  stored(GraphQLJSON, 'Any JSON: a text, a number, true or false, an object or an array.', (value) => value),
);
builder.scalarType('File', {
  description: 'A file of a GraphQL multipart request. It can only be sent, as a variable.',
  parseValue: (value) => {
    if (value instanceof UploadedFile) return value;
    throw new TypeError('A File must be sent in a multipart request, as a variable.');
  },
  serialize: () => {
    throw new TypeError('A File cannot be returned.');
  },
});
