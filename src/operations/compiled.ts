import { RequestCache } from '@pothos/plugin-scope-auth';
import {
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { type CompiledQuery, compileQuery, isCompiledQuery } from 'graphql-jit';
import type { Plugin } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';
import type { GraphContext } from '../schema/context.ts';

/** How often a document must have come before it is worth compiling. */
const seenBefore = 2;
/**
 * Compiled code is as long as the document with its fragments written out, and takes about 0.4 ms and 28 kB a field: so many fields
 * one may have, and so many are kept in all.
 */
const mostFields = 300;
const keptFields = 5_000;

type Compiled = { query: CompiledQuery['query'] };

/** How one operation is executed: by the plain executor, or by code compiled for it. */
export type Execute = (args: ExecutionArgs) => ExecutionResult | Promise<ExecutionResult>;

/** Compiles queries that come again and again. */
export interface Compiler {
  /** Executes a query or mutation: by compiled code where there is some, else by the executor given. */
  execute(args: ExecutionArgs, plainly: Execute): ExecutionResult | Promise<ExecutionResult>;
}

/**
 * Only success is taken from compiled code: variables have been checked by graphql-js before, and a result with an
 * error is thrown away and made again by the ordinary executor, so that nobody can tell the two apart. Mutations are not compiled: they
 * cannot be made again, and those that are known come with variables that nobody has checked (direct.ts).
 */
export function createCompiler(): Compiler {
  const seen = new WeakMap<DocumentNode, number>();
  const compiled = new LRUCache<OperationDefinitionNode, { compiled: Compiled | null; fields: number }>({
    maxSize: keptFields,
    sizeCalculation: ({ fields }) => fields,
  });

  function compiledFor(
    schema: GraphQLSchema,
    document: DocumentNode,
    operationName: string | null | undefined,
  ): Compiled | null {
    const times = (seen.get(document) ?? 0) + 1;
    if (times <= seenBefore) {
      seen.set(document, times);
      return null;
    }
    const operation = getOperationAST(document, operationName);
    if (operation?.operation !== 'query') return null;
    let found = compiled.get(operation);
    if (!found) {
      const fields = fieldsOf(document, operation);
      found =
        fields > mostFields
          ? { compiled: null, fields: 1 }
          : { compiled: compile(schema, document, operationName), fields: fields + 1 };
      compiled.set(operation, found);
    }
    return found.compiled;
  }

  const execute: Compiler['execute'] = (args, plainly) => {
    const { schema, document, operationName, contextValue, rootValue, variableValues } = args;
    const found = compiledFor(schema, document, operationName);
    if (!found) return plainly(args);
    const again = (result: ExecutionResult) => {
      if (!result.errors?.length) return result;
      (contextValue as GraphContext).size.reset();
      return plainly(args);
    };
    const result = found.query(rootValue, contextValue, variableValues ?? {});
    return result instanceof Promise ? result.then(again) : again(result);
  };

  return {
    execute(args, plainly) {
      const done = (result: ExecutionResult) => {
        forgetScopes(args.contextValue);
        return result;
      };
      // What a mutation has written cannot be taken back, so the fields after it are run.
      const stops = getOperationAST(args.document, args.operationName)?.operation === 'query';
      const result = (args.contextValue as GraphContext).size.run(stops, () => execute(args, plainly));
      return result instanceof Promise ? result.then(done) : done(result);
    },
  };
}

/**
 * Takes an operation's scopes out of the plugin's WeakMap. What an old WeakMap leads to counts as alive until the next full collection,
 * even where its key is gone: everything that the operation has read would be moved to the old generation first.
 */
function forgetScopes(context: unknown): void {
  RequestCache.clearForContext(context as GraphContext);
}

/** Lets the compiler execute what Yoga would. */
export const useCompiledQueries = ({ execute }: Compiler): Plugin => ({
  onExecute({ executeFn, setExecuteFn }) {
    setExecuteFn((args) => execute(args as ExecutionArgs, executeFn as Execute) as never);
  },
});

/** How many fields a document has with its fragments written out wherever they are spread. */
function fieldsOf(document: DocumentNode, operation: OperationDefinitionNode): number {
  const fragments = new Map<string, SelectionSetNode>();
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition.selectionSet);
  const counted = new Map<string, number>();
  const count = (selections: SelectionSetNode | undefined): number => {
    let fields = 0;
    for (const selection of selections?.selections ?? []) {
      if (selection.kind === Kind.FIELD) fields += 1 + count(selection.selectionSet);
      else if (selection.kind === Kind.INLINE_FRAGMENT) fields += count(selection.selectionSet);
      else {
        const { value: name } = selection.name;
        if (!counted.has(name)) counted.set(name, count(fragments.get(name)));
        fields += counted.get(name) ?? 0;
      }
    }
    return fields;
  };
  return count(operation.selectionSet);
}

function compile(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | null | undefined,
): Compiled | null {
  try {
    // Its own serializer does not know scalars whose value is not the JSON they become.
    const result = compileQuery(schema, document, operationName ?? undefined, { customJSONSerializer: false });
    return isCompiledQuery(result) ? { query: result.query } : null;
  } catch {
    return null;
  }
}
