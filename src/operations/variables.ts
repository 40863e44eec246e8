import { type ExecutionResult, type GraphQLSchema, getVariableValues, type OperationDefinitionNode } from 'graphql';

/** Variables as a client sent them. */
export type Variables = Readonly<Record<string, unknown>>;

/**
 * Returns a result of what is wrong with the variables, the first five things, or null when they fit. Each message
 * quotes a value, which may be large.
 */
export function refusedVariables(
  schema: GraphQLSchema,
  { variableDefinitions }: OperationDefinitionNode,
  variables: Variables,
): ExecutionResult | null {
  if (!variableDefinitions?.length) return null;
  const { errors } = getVariableValues(schema, variableDefinitions, variables, { maxErrors: 5 });
  return errors ? { errors } : null;
}
