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
      const named = getNamedType(field.type);
      if (!isCompositeType(named)) continue;
      if (isListType(getNullableType(field.type)) || (field.resolve && !ofPages.test(`${type.name} ${named.name}`)))
        count(field);
    }
  }
  return schema;
}

// A connection is no row, and the rows in its edges are those of a list.
const ofPages = /Edge | (\w*Connection|PageInfo)$/;

function count(field: GraphQLField<unknown, GraphContext>): void {
  const resolve = field.resolve ?? defaultFieldResolver;
  field.resolve = (parent, args, context, info) => {
    const counted = (found: unknown) => {
      if (found != null) context.count(Array.isArray(found) ? found.length : 'one', info);
      return found;
    };
    const found: unknown = resolve(parent, args, context, info);
    return found instanceof Promise ? found.then(counted) : counted(found);
  };
}
