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
import type { Variables } from './variables.ts';

/** Executes one query or mutation. */
export interface Executor {
  /** Expects variables that fit. */
  execute(context: GraphContext, variables: Variables): ExecutionResult | Promise<ExecutionResult>;
  /** Whether its last results were of many fields: it takes turns with those of other tenants. */
  readonly isWide: boolean;
}

export type ExecutorOptions = {
  /** How many runs by graphql-js come before compiling. A document that comes once is not worth it. */
  compileAfter: number;
  /** Called with the approximate bytes of compiled code, when there is some. */
  grown(bytes: number): void;
};

/** The largest query that is compiled, in fields. Compiling takes about 0.4 ms per field. */
const maxFields = 300;
const bytesOfField = 28_000;
/** From this much work of a result on, on average, an operation is wide. A participant with its channels is below. */
const wide = 200;
/** How many successes must follow an error before compiled code is used again. */
const successesAfterError = 100;

/**
 * Uses compiled code only for results without errors. graphql-js makes a result with an error again, so clients see no
 * difference. The query then runs by graphql-js alone until it has succeeded for some time. Mutations are not compiled,
 * because they cannot run again.
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

  // Until it has run, it is taken to be wide.
  let averageWork = wide;

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
    compiled = fields > maxFields ? null : compile(schema, document, operationName);
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
    get isWide() {
      return averageWork >= wide;
    },
    execute(context, variables) {
      const done = (result: ExecutionResult) => {
        // The context has waited for the database, so it is older than the rows, and in the old generation by now. What
        // an old object refers to is alive until the next full collection, and so is the value of a WeakMap, even when
        // the object is gone. All that the operation has read would move to the old generation first.
        RequestCache.clearForContext(context);
        context.release();
        averageWork += (context.size.work - averageWork) / 4;
        return result;
      };
      // A mutation's writes cannot be undone, so the fields after an error still run.
      const stops = operation.operation === OperationTypeNode.QUERY;
      const result = context.size.run(stops, () => run(context, variables));
      return result instanceof Promise ? result.then(done) : done(result);
    },
  };
}

/**
 * The nullable variables with a default that stand where null is not allowed. graphql-js finds a null there during
 * execution. Compiled code would take `@skip(if: null)` for true.
 */
const nullableWithDefault = ({ variableDefinitions = [] }: OperationDefinitionNode): readonly string[] =>
  variableDefinitions
    .filter(({ type, defaultValue }) => defaultValue && type.kind !== Kind.NON_NULL_TYPE)
    .map(({ variable }) => variable.name.value);

/** Counts an operation's fields with its fragments written out. */
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
    // The library's own serializer does not know scalars whose value differs from their JSON.
    const result = compileQuery(schema, document, operationName, { customJSONSerializer: false });
    return isCompiledQuery(result) ? result.query : null;
  } catch {
    return null;
  }
}
