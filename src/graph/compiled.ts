import { type DocumentNode, type ExecutionResult, type GraphQLSchema, getOperationAST } from 'graphql';
import { type CompiledQuery, compileQuery, isCompiledQuery } from 'graphql-jit';
import type { Plugin } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';
import type { GraphContext } from './context.ts';

/** How often a document must have come before it is worth compiling, and how many compiled ones are kept. */
const seenBefore = 2;
const kept = 500;

type Compiled = { query: CompiledQuery['query'] };

/**
 * Runs queries that come again and again through code compiled for them. Only what succeeds is taken
 * from there: variables have been checked by graphql-js before, and a result with an error is thrown away and made
 * again by the ordinary executor, so that nobody can tell the two apart. Mutations and subscriptions are not compiled.
 */
export function useCompiledQueries(): Plugin {
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
    onExecute({ args, executeFn, setExecuteFn }) {
      const { schema, document, operationName, contextValue, rootValue, variableValues } = args;
      const found = compiledFor(schema, document, operationName);
      if (!found) return;
      setExecuteFn(() => {
        const again = (result: ExecutionResult) => {
          if (!result.errors?.length) return result;
          (contextValue as unknown as GraphContext).recount();
          return executeFn(args);
        };
        const result = found.query(rootValue, contextValue, variableValues ?? {});
        return result instanceof Promise ? result.then(again) : again(result);
      });
    },
  };
}

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
