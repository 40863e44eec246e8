import { RequestCache } from '@pothos/plugin-scope-auth';
import {
  type DocumentNode,
  type ExecutionResult,
  execute,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  type SelectionSetNode,
} from 'graphql';
import { type CompiledQuery, compileQuery, isCompiledQuery } from 'graphql-jit';
import type { GraphContext } from '../schema/context.ts';

/** Variables as a client sent them, after they were found to fit. */
export type Variables = Readonly<Record<string, unknown>>;

/** Executes one query or mutation. */
export interface Executor {
  /** Variables must have been checked before: compiled code trusts them. */
  execute(context: GraphContext, variables: Variables): ExecutionResult | Promise<ExecutionResult>;
}

export type ExecutorOptions = {
  /** How often a query runs by graphql-js before it is compiled: a document that comes once is not worth compiling. */
  compileAfter: number;
  /** Told how many bytes compiled code takes, about, when there is some. */
  grown(bytes: number): void;
};

/** The longest query that is compiled, in fields. Compiling takes about 0.4 ms a field. */
const mostFields = 300;
const bytesOfField = 28_000;
/** How often a query must succeed after an error before compiled code is used again. */
const successesAfterError = 100;

/**
 * Only success is taken from compiled code: a result with an error is made again by graphql-js, so that clients cannot
 * tell the two apart. The query then stays with graphql-js, and is executed once a request, until it has succeeded for
 * a time. Mutations are not compiled, because they cannot be made again.
 */
export function createExecutor(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  { compileAfter, grown }: ExecutorOptions,
): Executor {
  const operationName = operation.name?.value;
  const nullable = nullableWithDefault(operation);
  let compiled: CompiledQuery['query'] | null | undefined;
  let runsLeft = operation.operation === OperationTypeNode.QUERY ? compileAfter : Number.POSITIVE_INFINITY;

  const plainly = (contextValue: GraphContext, variableValues: Variables) => {
    const counted = (result: ExecutionResult) => {
      runsLeft = result.errors ? Math.max(runsLeft, successesAfterError) : runsLeft - 1;
      return result;
    };
    const result = execute({ schema, document, operationName, contextValue, variableValues });
    return result instanceof Promise ? result.then(counted) : counted(result);
  };

  function compiledQuery(): CompiledQuery['query'] | null {
    if (compiled !== undefined) return compiled;
    const fields = fieldsOf(document, operation);
    compiled = fields > mostFields ? null : compile(schema, document, operationName);
    if (compiled) grown(fields * bytesOfField);
    return compiled;
  }

  const run = (context: GraphContext, variables: Variables) => {
    const query = runsLeft > 0 || nullable.some((name) => variables[name] === null) ? null : compiledQuery();
    if (!query) return plainly(context, variables);
    const again = (result: ExecutionResult) => {
      if (!result.errors?.length) return result;
      context.size.reset();
      return plainly(context, variables);
    };
    const result: ExecutionResult | Promise<ExecutionResult> = query(undefined, context, variables);
    return result instanceof Promise ? result.then(again) : again(result);
  };

  return {
    execute(context, variables) {
      const done = (result: ExecutionResult) => {
        // Of a WeakMap's entry, what it leads to counts as alive until the next full collection, even where its key is
        // gone: all that the operation has read would be moved to the old generation first.
        RequestCache.clearForContext(context);
        return result;
      };
      // What a mutation has written cannot be taken back, so the fields after it are run.
      const stops = operation.operation === OperationTypeNode.QUERY;
      const result = context.size.run(stops, () => run(context, variables));
      return result instanceof Promise ? result.then(done) : done(result);
    },
  };
}

/**
 * The variables that may be null although they stand where null may not, because they have a default. graphql-js finds
 * a null there while it executes; compiled code would take `@skip(if: null)` for true.
 */
const nullableWithDefault = ({ variableDefinitions = [] }: OperationDefinitionNode): readonly string[] =>
  variableDefinitions
    .filter(({ type, defaultValue }) => defaultValue && type.kind !== Kind.NON_NULL_TYPE)
    .map(({ variable }) => variable.name.value);

/** How many fields an operation has with its fragments written out wherever they are spread. */
function fieldsOf(document: DocumentNode, operation: OperationDefinitionNode): number {
  const fragments = new Map<string, SelectionSetNode>();
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition.selectionSet);
  const known = new Map<string, number>();
  const count = (selections: SelectionSetNode | undefined): number => {
    let fields = 0;
    for (const selection of selections?.selections ?? []) {
      if (selection.kind === Kind.FIELD) fields += 1 + count(selection.selectionSet);
      else if (selection.kind === Kind.INLINE_FRAGMENT) fields += count(selection.selectionSet);
      else {
        const { value: name } = selection.name;
        if (!known.has(name)) known.set(name, count(fragments.get(name)));
        fields += known.get(name) ?? 0;
      }
    }
    return fields;
  };
  return count(operation.selectionSet);
}

function compile(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | undefined,
): CompiledQuery['query'] | null {
  try {
    // Its own serializer does not know scalars whose value is not the JSON they become.
    const result = compileQuery(schema, document, operationName, { customJSONSerializer: false });
    return isCompiledQuery(result) ? result.query : null;
  } catch {
    return null;
  }
}
