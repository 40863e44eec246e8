import { type DocumentNode, type ExecutionArgs, type ExecutionResult, type GraphQLSchema, getOperationAST } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';
import type { Viewer } from '../auth/viewer.ts';
import type { Compiler, Execute } from './compiled.ts';
import type { GraphContext } from './context.ts';
import { refusedBeforeExecution } from './plugins.ts';

/** One operation as a client sends it. */
export type OperationRequest = {
  query: string;
  operationName: string | null;
  variables: Readonly<Record<string, unknown>> | null;
};

/** Runs operations that have been run before, without the plugins that have nothing to say about them a second time. */
export interface DirectExecution {
  /** What runs the operation for a viewer; null when the document has not come through the plugins before, or names no such operation. */
  find(operation: OperationRequest): ((viewer: Viewer) => ExecutionResult | Promise<ExecutionResult>) | null;
  /** Remembers the documents that were parsed, validated and executed. */
  plugin: Plugin;
}

// By their length: a document is at most 64,000 characters long, most are a few hundred.
const keptCharacters = 4_000_000;

/**
 * A second way to the same executors. What depends on the document alone (parsing, validation, limits) has been done when it first came
 * through Yoga's plugins; what depends on the request (variables, cost, context) is done here as there.
 */
export function createDirectExecution(contextOf: (viewer: Viewer) => GraphContext, compiler: Compiler): DirectExecution {
  const known = new LRUCache<string, { schema: GraphQLSchema; document: DocumentNode; plainly: Execute }>({
    maxSize: keptCharacters,
    sizeCalculation: (_, query) => Math.max(1, query.length),
  });

  return {
    plugin: {
      onExecute({ args: { schema, document, contextValue }, executeFn }) {
        const query = (contextValue as { params?: { query?: string } }).params?.query;
        if (query && !known.has(query)) known.set(query, { schema, document, plainly: executeFn as Execute });
      },
    },
    find({ query, operationName, variables }) {
      const found = known.get(query);
      if (!found || !getOperationAST(found.document, operationName)) return null;
      const { schema, document, plainly } = found;
      return (viewer) => {
        const contextValue = contextOf(viewer);
        const args: ExecutionArgs = { schema, document, operationName, variableValues: variables, contextValue };
        return refusedBeforeExecution(args) ?? compiler.execute(args, plainly);
      };
    },
  };
}
