import {
  type DocumentNode,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  isInputObjectType,
  isListType,
  isNonNullType,
  Kind,
  type OperationDefinitionNode,
  TypeInfo,
  typeFromAST,
  valueFromAST,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import type { PreparedOperation } from '../operations/prepare.ts';
import { described, type JsonSchema, leafSchema, type ObjectSchema } from './json-schema.ts';

/**
 * Returns the schema of an operation's variables, with the descriptions of what each is given to. Nobody writes the
 * schema of a tool by hand: it is what its document takes.
 */
export function variablesSchema({ schema, document, operation }: PreparedOperation): ObjectSchema {
  const descriptions = describedIn(schema, document, operation);
  const properties: Record<string, JsonSchema> = {};
  const required: string[] = [];
  for (const { variable, type, defaultValue } of operation.variableDefinitions ?? []) {
    const { value: name } = variable.name;
    const inputType = typeFromAST(schema, type) as GraphQLInputType;
    properties[name] = {
      ...described(schemaOf(inputType), descriptions.get(name)),
      ...(defaultValue && { default: valueFromAST(defaultValue, inputType) }),
    };
    if (isNonNullType(inputType) && !defaultValue) required.push(name);
  }
  return { type: 'object', properties, required, additionalProperties: false };
}

/** The descriptions of the arguments and fields that an operation gives its variables to. */
function describedIn(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) {
  const descriptions = new Map<string, string>();
  const describe = (name: string, description: string | null | undefined) => {
    if (description && !descriptions.has(name)) descriptions.set(name, description);
  };
  const types = new TypeInfo(schema);
  const only: DocumentNode = { ...document, definitions: [operation] };
  visit(
    only,
    visitWithTypeInfo(types, {
      Argument({ value }) {
        if (value.kind === Kind.VARIABLE) describe(value.name.value, types.getArgument()?.description);
      },
      ObjectField({ name, value }) {
        const parent = getNamedType(types.getParentInputType());
        if (value.kind === Kind.VARIABLE && isInputObjectType(parent))
          describe(value.name.value, parent.getFields()[name.value]?.description);
      },
    }),
  );
  return descriptions;
}

function schemaOf(type: GraphQLInputType): JsonSchema {
  if (isNonNullType(type)) return schemaOf(type.ofType);
  if (isListType(type)) return { type: 'array', items: schemaOf(type.ofType) };
  if (!isInputObjectType(type)) return leafSchema(type);
  const fields = Object.values(type.getFields());
  return {
    type: 'object',
    ...(type.description && { description: type.description }),
    properties: Object.fromEntries(
      fields.map((field) => [field.name, described(schemaOf(field.type), field.description)]),
    ),
    required: fields
      .filter(({ type: of, defaultValue }) => isNonNullType(of) && defaultValue === undefined)
      .map(({ name }) => name),
    additionalProperties: false,
    ...(type.isOneOf && { minProperties: 1, maxProperties: 1 }),
  };
}
