import {
  defaultFieldResolver,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isListType,
  isObjectType,
} from 'graphql';
import type { GraphContext } from './context.ts';

/**
 * Makes every list of rows count itself into the result, and every single row that is found by a resolver. Loaders bound what is read;
 * a few rows that lead to each other in circles could still be written out many thousand times.
 */
export function countRows(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    for (const field of Object.values(type.getFields())) {
      if (!isCompositeType(getNamedType(field.type))) continue;
      if (isListType(getNullableType(field.type)) || field.resolve) count(field);
    }
  }
  return schema;
}

function count(field: GraphQLField<unknown, GraphContext>): void {
  const resolve = field.resolve ?? defaultFieldResolver;
  field.resolve = (parent, args, context, info) => {
    const counted = (found: unknown) => {
      if (found != null) context.count(Array.isArray(found) ? found.length : 1, info);
      return found;
    };
    const found: unknown = resolve(parent, args, context, info);
    return found instanceof Promise ? found.then(counted) : counted(found);
  };
}
