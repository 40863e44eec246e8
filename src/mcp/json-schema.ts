import { type GraphQLLeafType, isEnumType } from 'graphql';

/** A JSON Schema, as far as tools need it. */
export type JsonSchema = {
  type?: string | readonly string[];
  format?: string;
  description?: string;
  enum?: readonly (string | null)[];
  default?: unknown;
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean;
  minProperties?: number;
  maxProperties?: number;
  anyOf?: JsonSchema[];
  $ref?: string;
  $defs?: Record<string, JsonSchema>;
};

/** The schema of an object of which all members are known. */
export type ObjectSchema = JsonSchema & {
  type: 'object';
  properties: Record<string, JsonSchema>;
  required: string[];
};

const scalars: Readonly<Record<string, JsonSchema>> = {
  ID: { type: 'string' },
  String: { type: 'string' },
  Int: { type: 'integer' },
  Float: { type: 'number' },
  Boolean: { type: 'boolean' },
  DateTime: { type: 'string', format: 'date-time' },
  // Without formats: validators know narrower ones than the service, which keeps both as they were given.
  EmailAddress: { type: 'string' },
  URL: { type: 'string' },
  JSONObject: { type: 'object' },
};

/** Returns the schema of a scalar or an enum, which is the same in an argument and in an answer. */
export function leafSchema(type: GraphQLLeafType): JsonSchema {
  if (!isEnumType(type)) return scalars[type.name] ?? {};
  const values = type.getValues();
  const meanings = values.map(({ name, description }) => `${name}: ${description ?? name}`);
  return { type: 'string', enum: values.map(({ name }) => name), description: meanings.join('\n') };
}

/** Returns the schema with the description of where it stands, if that has one. */
export const described = (schema: JsonSchema, description: string | null | undefined): JsonSchema =>
  description ? { ...schema, description } : schema;

/** Returns the schema that also lets null pass. */
export function nullable(schema: JsonSchema): JsonSchema {
  const { type, enum: values, anyOf } = schema;
  return {
    ...schema,
    ...(type && { type: [...(typeof type === 'string' ? [type] : type), 'null'] }),
    ...(values && { enum: [...values, null] }),
    ...(anyOf && { anyOf: [...anyOf, { type: 'null' }] }),
  };
}
