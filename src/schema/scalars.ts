import { GraphQLScalarType } from 'graphql';
import { GraphQLDateTimeISO, GraphQLEmailAddress, GraphQLJSONObject, GraphQLURL } from 'graphql-scalars';
import { builder } from './builder.ts';

/** A library's scalar whose values were checked when they were stored, and need not be again with every row. */
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
builder.addScalarType(
  'JSONObject',
  stored(GraphQLJSONObject, 'A JSON object with any members.', (value) => value),
);
// What parses a multipart request has a File class of its own, so its instances are known by what they can do, which JSON can't say.
const isFile = (value: unknown): value is File =>
  typeof value === 'object' &&
  value !== null &&
  'size' in value &&
  'arrayBuffer' in value &&
  typeof value.arrayBuffer === 'function';

builder.scalarType('File', {
  description: 'A file of a GraphQL multipart request. It can only be sent, as a variable.',
  parseValue: (value) => {
    if (isFile(value)) return value;
    throw new TypeError('A File must be sent in a multipart request, as a variable.');
  },
  serialize: () => {
    throw new TypeError('A File cannot be returned.');
  },
});
