import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type SelectionSetNode,
} from 'graphql';
import { z } from 'zod';
import { problemShape } from '../errors/problem-shape.ts';
import type { PreparedOperation } from '../operations/prepare.ts';
import { described, type JsonSchema, leafSchema, nullable, type ObjectSchema } from './json-schema.ts';

/** The schema of what a tool answers: an object, in one of several forms. */
export type AnswerSchema = JsonSchema & { type: 'object'; anyOf: JsonSchema[] };

const { $schema, ...problem } = z.toJSONSchema(problemShape, { io: 'input' }) as JsonSchema & { $schema?: string };

const aProblem: JsonSchema = { $ref: '#/$defs/problem' };

/** What a failed call answers: its problem, or the several of them. */
const failures: readonly JsonSchema[] = [
  aProblem,
  { type: 'object', properties: { problems: { type: 'array', items: aProblem } }, required: ['problems'] },
];

/**
 * Returns the schema of the answers of a tool that runs one of the operations. Nobody writes it by hand: it is what the
 * documents select, with the types and the descriptions of the graph. Clients check failed calls against it, too.
 */
export const answerSchema = (operations: readonly PreparedOperation[]): AnswerSchema => ({
  type: 'object',
  anyOf: [...operations.map(dataSchema), ...failures],
  $defs: { problem },
});

/** Returns the schema of the data that an operation answers with. */
export function dataSchema({ schema, document, operation }: PreparedOperation): ObjectSchema {
  const root = schema.getRootType(operation.operation);
  if (!root) throw new Error(`The schema has no ${operation.operation}.`);
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  return objectSchema(root, [{ node: operation.selectionSet, always: true }], { schema, fragments });
}

type Scope = { schema: GraphQLSchema; fragments: ReadonlyMap<string, FragmentDefinitionNode> };

/** A selection, and whether it is there whenever its object is: no directive may leave it out. */
type Selected<Node> = { node: Node; always: boolean };

function objectSchema(
  type: GraphQLObjectType,
  selections: readonly Selected<SelectionSetNode>[],
  scope: Scope,
): ObjectSchema {
  const members = new Map<string, Selected<FieldNode>[]>();
  for (const selection of selections) collect(type, selection, scope, members);
  const properties: Record<string, JsonSchema> = {};
  for (const [key, fields] of members) properties[key] = memberSchema(type, fields, scope);
  return {
    type: 'object',
    properties,
    required: [...members].filter(([, fields]) => fields.some(({ always }) => always)).map(([key]) => key),
    additionalProperties: false,
  };
}

function memberSchema(parent: GraphQLObjectType, fields: readonly Selected<FieldNode>[], scope: Scope): JsonSchema {
  const name = fields[0]?.node.name.value ?? '';
  if (name === '__typename') return { type: 'string', enum: [parent.name] };
  const field = parent.getFields()[name];
  if (!field) throw new Error(`${parent.name} has no ${name}.`);
  // What is selected once is there with its field. Of several, one may be left out while the field stays.
  const below = fields.flatMap(({ node: { selectionSet }, always }) =>
    selectionSet ? [{ node: selectionSet, always: always || fields.length === 1 }] : [],
  );
  return described(valueSchema(field.type, below, scope), field.description);
}

type Below = readonly Selected<SelectionSetNode>[];

function valueSchema(type: GraphQLOutputType, below: Below, scope: Scope): JsonSchema {
  return isNonNullType(type) ? someSchema(type.ofType, below, scope) : nullable(someSchema(type, below, scope));
}

function someSchema(type: GraphQLOutputType, below: Below, scope: Scope): JsonSchema {
  if (isNonNullType(type)) return someSchema(type.ofType, below, scope);
  if (isListType(type)) return { type: 'array', items: valueSchema(type.ofType, below, scope) };
  if (isLeafType(type)) return leafSchema(type);
  if (isObjectType(type)) return objectSchema(type, below, scope);
  return { anyOf: scope.schema.getPossibleTypes(type).map((each) => objectSchema(each, below, scope)) };
}

/** Adds the fields of a selection that an object of the type answers, as an execution collects them. */
function collect(
  type: GraphQLObjectType,
  { node: { selections }, always }: Selected<SelectionSetNode>,
  scope: Scope,
  members: Map<string, Selected<FieldNode>[]>,
): void {
  for (const node of selections) {
    const directives = node.directives?.map(({ name }) => name.value) ?? [];
    const stays = always && !directives.includes('skip') && !directives.includes('include');
    if (node.kind === Kind.FIELD) {
      const key = node.alias?.value ?? node.name.value;
      members.set(key, [...(members.get(key) ?? []), { node, always: stays }]);
      continue;
    }
    const fragment = node.kind === Kind.FRAGMENT_SPREAD ? scope.fragments.get(node.name.value) : node;
    if (!fragment) throw new Error('A fragment is missing.');
    if (applies(fragment.typeCondition?.name.value, type, scope.schema))
      collect(type, { node: fragment.selectionSet, always: stays }, scope, members);
  }
}

function applies(condition: string | undefined, type: GraphQLObjectType, schema: GraphQLSchema): boolean {
  if (condition === undefined || condition === type.name) return true;
  const of = schema.getType(condition) as GraphQLCompositeType | undefined;
  return isAbstractType(of) && schema.isSubType(of, type);
}
