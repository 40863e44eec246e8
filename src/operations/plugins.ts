import {
  type ExecutionArgs,
  type ExecutionResult,
  GraphQLError,
  getOperationAST,
  getVariableValues,
  NoSchemaIntrospectionCustomRule,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Authenticator } from '../auth/authenticate.ts';
import type { Viewer } from '../auth/viewer.ts';
import { newId } from '../database/ids.ts';
import { Problem } from '../errors/catalogue.ts';
import { demandAffordable, documentLimits, limits } from './limits.ts';
import { type Present, placeOf, problemOf, refusal, thrown } from './problems.ts';

/** What a request carries before there is a GraphContext. */
export type ServerContext = {
  viewer?: Viewer;
  requestId?: string;
  /** The WebSocket connection that an operation came over; absent over HTTP. */
  connection?: object;
};

/** Names a request's errors, from the parser's to the database's, and gives each the request's id. */
export function useProblems(present: Present): Plugin<ServerContext> {
  const named = (code: 'GRAPHQL_PARSE_FAILED' | 'GRAPHQL_VALIDATION_FAILED', error: GraphQLError) =>
    new GraphQLError(error.message, { ...placeOf(error), extensions: { code, http: { spec: true, status: 400 } } });
  return {
    onParse({ params, parseFn, setParseFn }) {
      // Documents are kept, comments and all.
      if (params.source.toString().length > limits.document) {
        throw named(
          'GRAPHQL_PARSE_FAILED',
          new GraphQLError(`The document is longer than ${limits.document} characters.`),
        );
      }
      setParseFn((source, options) => {
        try {
          return parseFn(source, { ...options, maxTokens: limits.tokens });
        } catch (error) {
          throw error instanceof GraphQLError ? named('GRAPHQL_PARSE_FAILED', error) : error;
        }
      });
    },
    onValidate:
      () =>
      ({ result, setResult }) => {
        if (result.length > 0)
          setResult((result as readonly GraphQLError[]).map((error) => named('GRAPHQL_VALIDATION_FAILED', error)));
      },
    onResultProcess({ result, setResult, serverContext }) {
      const instance = (serverContext as ServerContext).requestId ?? newId();
      const presented = (one: object) => present(one, instance);
      if (Array.isArray(result)) setResult(result.map(presented));
      else if (Symbol.asyncIterator in result) setResult(presentEach(result, presented));
      else setResult(presented(result));
    },
  };
}

/** The same stream with every result presentable, a failure as its last; ending it ends the one below at once. */
export function presentEach(
  results: AsyncIterable<object>,
  present: (result: ExecutionResult) => object,
): AsyncIterableIterator<object> {
  const below = results[Symbol.asyncIterator]();
  let failed = false;
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      if (failed) return { done: true, value: undefined };
      try {
        const { done, value } = await below.next();
        return done ? { done, value } : { done: false, value: present(value) };
      } catch (error) {
        failed = true;
        return { done: false, value: present({ errors: [thrown(error)] }) };
      }
    },
    async return() {
      await below.return?.();
      return { done: true, value: undefined };
    },
  };
}

/** Lets nobody in without a credential, before the document is even parsed. */
export function useAuthentication(
  authenticator: Authenticator,
  admit: (viewer: Viewer) => Promise<void> | void,
): Plugin<ServerContext> {
  return {
    async onParams({ request, context }) {
      try {
        const viewer = await authenticator.authenticate(request.headers);
        await admit(viewer);
        (context as ServerContext).viewer = viewer;
      } catch (error) {
        throw refusal(problemOf(error));
      }
    },
  };
}

/** Holds documents and operations to the limits. */
export function useLimits(introspection: boolean): Plugin<ServerContext> {
  return {
    onValidate({ addValidationRule }) {
      addValidationRule(documentLimits);
      if (!introspection) addValidationRule(NoSchemaIntrospectionCustomRule);
    },
    onExecute({ args, setResultAndStopExecution }) {
      const refused = refusedBeforeExecution(args);
      if (refused) setResultAndStopExecution(refused);
    },
    onSubscribe({ args, setResultAndStopExecution }) {
      const refused = refusedBeforeExecution(args);
      if (refused) setResultAndStopExecution(refused as never);
    },
  };
}

/** The result of an operation whose variables do not fit; null when it may be executed. Throws when it would cost too much. */
export function refusedBeforeExecution(args: ExecutionArgs): ExecutionResult | null {
  const refused = refusedVariables(args);
  if (!refused) demandToBeAffordable(args);
  return refused;
}

/**
 * Executes by an executor that reads the variables itself, and refuses what would have been refused before, in the same words: the
 * variables are looked at here only where it has refused them, which it does before it runs anything.
 */
export function executeChecking(
  args: ExecutionArgs,
  execute: (args: ExecutionArgs) => ExecutionResult | Promise<ExecutionResult>,
): ExecutionResult | Promise<ExecutionResult> {
  try {
    demandToBeAffordable(args);
  } catch (error) {
    const refused = refusedVariables(args);
    if (refused) return refused;
    throw error;
  }
  const told = (result: ExecutionResult) => ('data' in result ? result : (refusedVariables(args) ?? result));
  const result = execute(args);
  return result instanceof Promise ? result.then(told) : told(result);
}

/** What is wrong with the variables, the first five things; null when they fit. Each message quotes the value, so all of them could be large. */
function refusedVariables({ schema, document, operationName, variableValues }: ExecutionArgs): ExecutionResult | null {
  const definitions = getOperationAST(document, operationName)?.variableDefinitions;
  if (!definitions?.length) return null;
  const { errors } = getVariableValues(schema, definitions, variableValues ?? {}, { maxErrors: 5 });
  return errors ? { errors } : null;
}

function demandToBeAffordable({ schema, document, operationName, variableValues }: ExecutionArgs): void {
  try {
    demandAffordable(schema, document, operationName, variableValues ?? {});
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw new GraphQLError(error.message, {
      originalError: error,
      extensions: { http: { spec: true, status: error.status } },
    });
  }
}
