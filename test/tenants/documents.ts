import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isListType,
  isObjectType,
  isRequiredArgument,
  isUnionType,
} from 'graphql';

export type Operation = 'Query' | 'Mutation' | 'Subscription';

/** Every field of the three root types. */
export function rootFields(schema: GraphQLSchema): { operation: Operation; field: GraphQLField<unknown, unknown> }[] {
  return (['Query', 'Mutation', 'Subscription'] as const).flatMap((operation) => {
    const type = schema.getType(operation);
    return isObjectType(type) ? Object.values(type.getFields()).map((field) => ({ operation, field })) : [];
  });
}

/** A document that calls the field with all its arguments as variables, and selects everything down to that depth. */
export function documentOf(operation: Operation, field: GraphQLField<unknown, unknown>, depth = 3): string {
  const variables = field.args.map(({ name, type }) => `$${name}: ${type}`).join(', ');
  const given = field.args.map(({ name }) => `${name}: $${name}`).join(', ');
  return `${operation.toLowerCase()} ${variables && `(${variables})`} {
    ${field.name}${given && `(${given})`} ${selectionOf(field.type, depth)}
  }`;
}

/** Everything below a type that can be selected without arguments, connections with their first rows. */
export function selectionOf(type: GraphQLOutputType, depth: number, prefix = ''): string {
  const named = getNamedType(type);
  if (isLeafType(named)) return '';
  if (isUnionType(named)) {
    // Fields of the same name may have other types in other members.
    const parts = named
      .getTypes()
      .map((member) => `... on ${member.name} ${selectionOf(member, depth, `${member.name}_`)}`);
    return `{ __typename ${parts.join(' ')} }`;
  }
  const fields = isObjectType(named) || isInterfaceType(named) ? Object.values(named.getFields()) : [];
  const selected = fields
    .filter((field) => !field.args.some(isRequiredArgument) && field.name !== 'edges')
    .filter((field) => isLeafType(getNamedType(field.type)) || depth > 1)
    // A count for each row of a page costs more than a request may.
    .filter((field) => depth > 2 || !field.name.startsWith('totalCount'))
    .map((field) => {
      const first = field.args.some(({ name }) => name === 'first') ? '(first: 2)' : '';
      return `${prefix && `${prefix}${field.name}: `}${field.name}${first} ${selectionOf(field.type, depth - 1)}`;
    });
  return `{ ${selected.length > 0 ? selected.join(' ') : '__typename'} }`;
}

/** Where a field's arguments take an ID, as `input.channels.integrationConfigId`; lists don't show. */
export function idPaths(field: GraphQLField<unknown, unknown>): string[] {
  const below = (type: GraphQLInputType, path: string, seen: readonly string[]): string[] => {
    const named = getNamedType(type);
    if (isInputObjectType(named)) {
      if (seen.includes(named.name)) return [];
      return Object.values(named.getFields()).flatMap((each) =>
        below(each.type, `${path}.${each.name}`, [...seen, named.name]),
      );
    }
    return named.name === 'ID' ? [path] : [];
  };
  return field.args
    .flatMap(({ name, type }) => below(type, name, []))
    .filter((path) => !path.endsWith('clientMutationId'));
}

/** The values of variables at a path, with all items of a list. */
export function valuesAt(variables: unknown, path: string): unknown[] {
  return path
    .split('.')
    .reduce<unknown[]>(
      (values, name) =>
        values
          .flatMap((value) => (value as Record<string, unknown> | null | undefined)?.[name])
          .filter((value) => value != null),
      [variables],
    );
}

/** Whether an answer to a query says that nothing was found: null, an empty list, or an object of only these. */
export function saysNothing(value: unknown, type: GraphQLOutputType): boolean {
  if (value === null || value === 0) return true;
  if (Array.isArray(value)) return value.length === 0 && isListType(getNullableType(type));
  if (typeof value !== 'object') return false;
  const named = getNamedType(type);
  if (!isObjectType(named)) return false;
  return Object.entries(value as Record<string, unknown>).every(([name, inner]) => {
    const field = named.getFields()[name];
    return field ? name === 'pageInfo' || saysNothing(inner, field.type) : false;
  });
}
