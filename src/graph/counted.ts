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
 * Makes every list of rows count itself into the result. Loaders bound what is read; a few rows that lead to each other
 * in circles could still be written out many thousand times.
 */
export function countRows(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    for (const field of Object.values(type.getFields())) {
      if (isListType(getNullableType(field.type)) && isCompositeType(getNamedType(field.type))) count(field);
    }
  }
  return schema;
}

function count(field: GraphQLField<unknown, GraphContext>): void {
  const resolve = field.resolve ?? defaultFieldResolver;
  field.resolve = (parent, args, context, info) => {
    const counted = (list: unknown) => {
      if (Array.isArray(list)) context.count(list.length);
      return list;
    };
    const list: unknown = resolve(parent, args, context, info);
    return list instanceof Promise ? list.then(counted) : counted(list);
  };
}
