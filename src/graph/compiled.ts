import { type DocumentNode, type ExecutionArgs, type ExecutionResult, type GraphQLSchema, getOperationAST } from 'graphql';
import { type CompiledQuery, compileQuery, isCompiledQuery } from 'graphql-jit';
import type { Plugin } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';
import type { GraphContext } from './context.ts';

/** How often a document must have come before it is worth compiling, and how many compiled ones are kept. */
const seenBefore = 2;
const kept = 500;

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
 * error is thrown away and made again by the ordinary executor, so that nobody can tell the two apart. Mutations are not compiled.
 */
export function createCompiler(): Compiler {
  const seen = new WeakMap<DocumentNode, number>();
  const compiled = new LRUCache<DocumentNode, Map<string, Compiled | null>>({ max: kept });

  function compiledFor(schema: GraphQLSchema, document: DocumentNode, operationName: string | null | undefined): Compiled | null {
    const times = (seen.get(document) ?? 0) + 1;
    if (times <= seenBefore) {
      seen.set(document, times);
      return null;
    }
    let operations = compiled.get(document);
    if (!operations) {
      operations = new Map();
      compiled.set(document, operations);
    }
    const name = operationName ?? '';
    let found = operations.get(name);
    if (found === undefined) {
      found = compile(schema, document, operationName);
      operations.set(name, found);
    }
    return found;
  }

  return {
    execute(args, plainly) {
      const { schema, document, operationName, contextValue, rootValue, variableValues } = args;
      const found = compiledFor(schema, document, operationName);
      if (!found) return plainly(args);
      const again = (result: ExecutionResult) => {
        if (!result.errors?.length) return result;
        (contextValue as GraphContext).recount();
        return plainly(args);
      };
      const result = found.query(rootValue, contextValue, variableValues ?? {});
      return result instanceof Promise ? result.then(again) : again(result);
    },
  };
}

/** Lets the compiler execute what Yoga would. */
export const useCompiledQueries = ({ execute }: Compiler): Plugin => ({
  onExecute({ executeFn, setExecuteFn }) {
    setExecuteFn((args) => execute(args as ExecutionArgs, executeFn as Execute) as never);
  },
});

function compile(schema: GraphQLSchema, document: DocumentNode, operationName: string | null | undefined): Compiled | null {
  const operation = getOperationAST(document, operationName);
  if (operation?.operation !== 'query') return null;
  try {
    // Its own serializer does not know scalars whose value is not the JSON they become.
    const result = compileQuery(schema, document, operationName ?? undefined, { customJSONSerializer: false });
    return isCompiledQuery(result) ? { query: result.query } : null;
  } catch {
    return null;
  }
}
