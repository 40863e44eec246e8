import { defaultFieldResolver, type GraphQLSchema } from 'graphql';
import type { GraphContext } from './context.ts';

/**
 * Names each mutation in the history of what it changes. The mutations of an operation run one after the other, so the
 * name is right until the next one begins.
 */
export function namedOperations(schema: GraphQLSchema): GraphQLSchema {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    const { resolve = defaultFieldResolver } = field;
    field.resolve = (source, args, context: GraphContext, info) => {
      if (context.actor) context.actor.operation = field.name;
      return resolve(source, args, context, info);
    };
  }
  return schema;
}
