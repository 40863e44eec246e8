import {
  type GraphQLFieldConfig,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLScalarType,
  GraphQLSchema,
  GraphQLString,
  GraphQLUnionType,
  isObjectType,
  isScalarType,
} from 'graphql';
import { maxRows } from '../../database/loaders.ts';
import { Problem } from '../../errors/catalogue.ts';
import type { FieldCost } from '../../operations/field-cost.ts';
import type { GraphContext } from '../context.ts';
import { nodeTypes } from '../node-interface.ts';
import { entities, entityOf, type Representation } from './entities.ts';
import { subgraphText } from './text.ts';

type Field = GraphQLFieldConfig<unknown, GraphContext>;

/** Returns the schema with the fields that a gateway of Apollo Federation asks its subgraphs for. */
export function asSubgraph(schema: GraphQLSchema): GraphQLSchema {
  const config = schema.toConfig();
  const query = config.query?.toConfig();
  if (!query) throw new Error('There is no query type.');
  const extended = new GraphQLObjectType({
    ...query,
    fields: { ...query.fields, _service: serviceField(schema), _entities: entitiesField(schema) },
  });
  const types = config.types.filter((type) => type !== config.query);
  return new GraphQLSchema({ ...config, query: extended, types: [...types, extended] });
}

function serviceField(schema: GraphQLSchema): Field {
  let text: string | undefined;
  const service = new GraphQLObjectType({
    name: '_Service',
    description: 'This service as a subgraph.',
    fields: {
      sdl: {
        type: new GraphQLNonNull(GraphQLString),
        description: 'The schema with the directives of Apollo Federation, which a supergraph is composed of.',
        resolve: () => {
          text ??= subgraphText(schema);
          return text;
        },
      },
    },
  });
  return {
    type: new GraphQLNonNull(service),
    description: 'For gateways: this service as a subgraph. Needs no scope, and is answered without introspection too.',
    resolve: () => ({}),
  };
}

function entitiesField(schema: GraphQLSchema): Field {
  const entity = new GraphQLUnionType({
    name: '_Entity',
    description: 'What other graphs can extend.',
    types: () => Object.keys(entities).map((name) => objectType(schema, name)),
    resolveType: (row: object) => nodeTypes.get(row),
  });
  const cost: FieldCost = { asLongAs: 'representations' };
  return {
    type: new GraphQLNonNull(new GraphQLList(entity)),
    description: `For gateways: the entities that the representations name, in their order. Null for one that the tenant does not have or the viewer does not see. One without its type’s scope is null, with \`FORBIDDEN\`, and one without a type or key is null, with \`BAD_USER_INPUT\`; the others are answered. Over ${maxRows} it is \`RESULT_TOO_LARGE\`.`,
    args: {
      representations: {
        type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(anyScalar(schema)))),
        description: 'The entities: each with its `__typename` and the fields of one of its keys.',
      },
    },
    extensions: cost,
    resolve(_, { representations }: { representations: readonly Representation[] }, context) {
      if (representations.length > maxRows)
        throw new Problem('RESULT_TOO_LARGE', `There are more than ${maxRows} representations.`);
      return Promise.all(representations.map((representation) => entityOrRefusal(representation, context)));
    },
  };
}

/** A refusal is the error of its entity alone. What fails later, like the database, fails the whole list. */
function entityOrRefusal(representation: Representation, context: GraphContext): Promise<object | null> | Error | null {
  try {
    return entityOf(representation, context);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

function anyScalar(schema: GraphQLSchema): GraphQLScalarType {
  const jsonObject = schema.getType('JSONObject');
  if (!isScalarType(jsonObject)) throw new Error('There is no scalar JSONObject.');
  return new GraphQLScalarType({
    ...jsonObject.toConfig(),
    name: '_Any',
    description:
      'A representation of an entity: a JSON object with its `__typename` and the fields of one of its keys.',
  });
}

function objectType(schema: GraphQLSchema, name: string): GraphQLObjectType {
  const type = schema.getType(name);
  if (!isObjectType(type)) throw new Error(`There is no type ${name}.`);
  return type;
}
