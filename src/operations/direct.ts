import {
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLSchema,
  getOperationAST,
  OperationTypeNode,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';
import type { Viewer } from '../auth/viewer.ts';
import type { GraphContext } from '../schema/context.ts';
import type { Compiler, Execute } from './compiled.ts';
import { executeChecking, refusedBeforeExecution } from './plugins.ts';

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

// In bytes, about: a document as it is kept costs some 3,000, and some 170 for each of its characters.
const keptBytes = 100_000_000;
const bytesOf = (query: string) => 3_000 + 170 * query.length;

/**
 * A second way to the same executors. What depends on the document alone (parsing, validation, limits) has been done when it first came
 * through Yoga's plugins; what depends on the request (variables, cost, context) is done here as there.
 */
export function createDirectExecution(
  contextOf: (viewer: Viewer) => GraphContext,
  compiler: Compiler,
): DirectExecution {
  const known = new LRUCache<string, { schema: GraphQLSchema; document: DocumentNode; plainly: Execute }>({
    max: 2_000,
    maxSize: keptBytes,
    sizeCalculation: (_, query) => bytesOf(query),
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
      const operation = found && getOperationAST(found.document, operationName);
      if (!operation) return null;
      const { schema, document, plainly } = found;
      return (viewer) => {
        const contextValue = contextOf(viewer);
        const args: ExecutionArgs = { schema, document, operationName, variableValues: variables, contextValue };
        // Compiled code trusts variables; the plain executor, which runs all mutations, checks them itself.
        return operation.operation === OperationTypeNode.MUTATION
          ? executeChecking(args, (checked) => compiler.execute(checked, plainly))
          : (refusedBeforeExecution(args) ?? compiler.execute(args, plainly));
      };
    },
  };
}
