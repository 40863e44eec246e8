import {
  coerceInputValue,
  type ExecutionResult,
  GraphQLError,
  type GraphQLSchema,
  isInputType,
  isNonNullType,
  type OperationDefinitionNode,
  typeFromAST,
  type VariableDefinitionNode,
} from 'graphql';

/** Variables as a client sent them. */
export type Variables = Readonly<Record<string, unknown>>;

const maxErrors = 5;

/**
 * Returns a result of what is wrong with the variables, the first five things, or null when they fit.
 *
 * graphql-js would check them too, but it prints the whole of a wrong object for each of its members that the type
 * lacks: an object of 900 KB took three seconds.
 */
export function refusedVariables(
  schema: GraphQLSchema,
  { variableDefinitions }: OperationDefinitionNode,
  variables: Variables,
): ExecutionResult | null {
  if (!variableDefinitions?.length) return null;
  const errors: GraphQLError[] = [];
  try {
    for (const definition of variableDefinitions) check(schema, definition, variables, errors);
  } catch (error) {
    if (!(error instanceof TooMany)) throw error;
  }
  return errors.length ? { errors } : null;
}

class TooMany extends Error {}

function check(
  schema: GraphQLSchema,
  definition: VariableDefinitionNode,
  variables: Variables,
  errors: GraphQLError[],
): void {
  const add = (message: string, originalError?: Error) => {
    if (errors.length === maxErrors) {
      errors.push(new GraphQLError('Too many errors in the variables: the others are not told.'));
      throw new TooMany();
    }
    errors.push(new GraphQLError(message, { nodes: definition, originalError }));
  };
  const { value: name } = definition.variable.name;
  const type = typeFromAST(schema, definition.type);
  // Validation has refused variables of other types.
  if (!isInputType(type)) return;
  if (!Object.hasOwn(variables, name)) {
    if (!definition.defaultValue && isNonNullType(type))
      add(`Variable "$${name}" of required type "${type}" was not provided.`);
    return;
  }
  const value = variables[name];
  if (value === null && isNonNullType(type)) {
    add(`Variable "$${name}" of non-null type "${type}" must not be null.`);
    return;
  }
  // Several errors can be about one object. To begin to enumerate a large one takes 16 ms.
  const quotes = new Map<unknown, string>();
  coerceInputValue(value, type, (path, wrong, error) => {
    const where = path.length ? ` at "${name}${path.map(step).join('')}"` : '';
    const quote = quotes.get(wrong) ?? quoted(wrong);
    quotes.set(wrong, quote);
    add(`Variable "$${name}" got invalid value ${quote}${where}; ${error.message}`, error);
  });
}

const step = (key: string | number) => (typeof key === 'number' ? `[${key}]` : `.${key}`);

const maxMembers = 10;
const deepest = 3;

/** A value for a message. Of a list or an object it prints the first ten members, down to the third level. */
function quoted(value: unknown, depth = 0): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? String(value);
  if ('toJSON' in value && typeof value.toJSON === 'function') return String(value.toJSON());
  if (depth === deepest) return Array.isArray(value) ? '[…]' : '{…}';
  const members: string[] = [];
  const isList = Array.isArray(value);
  for (const key in value) {
    if (members.length === maxMembers) {
      members.push('…');
      break;
    }
    const member = quoted((value as Variables)[key], depth + 1);
    members.push(isList ? member : `${key}: ${member}`);
  }
  if (isList) return `[${members.join(', ')}]`;
  return members.length ? `{ ${members.join(', ')} }` : '{}';
}
