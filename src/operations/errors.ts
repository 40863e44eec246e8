import { type ExecutionResult, GraphQLError, type GraphQLErrorExtensions } from 'graphql';
import type { Logger } from 'pino';
import { problemBehind } from '../database/failures.ts';
import { catalogue, type ErrorCode, Problem, problemDetails } from '../errors/catalogue.ts';
import { ResultLimit } from './result-size.ts';

type Http = NonNullable<GraphQLErrorExtensions['http']>;

const isErrorCode = (code: unknown): code is ErrorCode => typeof code === 'string' && Object.hasOwn(catalogue, code);

/** What the caller is told of anything that was thrown: a Problem as it is, an outage as such, all else masked. */
export function problemOf(error: unknown): Problem {
  const cause = error instanceof GraphQLError ? innermost(error) : error;
  const told = error instanceof GraphQLError && !(cause instanceof Problem) ? ofGraphQL(error, cause) : null;
  return told ?? problemBehind(cause);
}

function innermost(error: GraphQLError): unknown {
  let cause: unknown = error;
  while (cause instanceof GraphQLError && cause.originalError) cause = cause.originalError;
  return cause;
}

/** The problem of an error that GraphQL itself, or Yoga, raised about the request; null when it came from elsewhere. */
function ofGraphQL(error: GraphQLError, cause: unknown): Problem | null {
  const { code, http } = error.extensions;
  if (isErrorCode(code)) return new Problem(code, shortened(error.message));
  if (http?.status === 405) return new Problem('METHOD_NOT_ALLOWED', error.message);
  if (http?.status === 413) return new Problem('RESULT_TOO_LARGE', error.message);
  if (http?.status === 403) return new Problem('FORBIDDEN', error.message);
  // What graphql-js itself says of an argument, and what a custom scalar throws while variables are read, is about the
  // request.
  if (cause instanceof GraphQLError || (!error.path && /^Variable "\$/.test(error.message)))
    return new Problem('BAD_USER_INPUT', shortened(error.message));
  return null;
}

// graphql-js quotes the value it refuses, however large.
const longestMessage = 500;
const shortened = (message: string) =>
  message.length > longestMessage ? `${message.slice(0, longestMessage)} …` : message;

/** Anything that was thrown, as a result carries it. */
export const thrown = (error: unknown): GraphQLError =>
  error instanceof GraphQLError ? error : new GraphQLError('Unexpected error.', { originalError: error as Error });

/** Where in the document an error lies, for an error that is to lie in the same place. */
export const placeOf = ({ nodes, source, positions }: GraphQLError) => ({
  ...(nodes && { nodes }),
  ...(source && { source }),
  ...(positions && { positions }),
});

const beforeExecution = (problem: Problem): Http => {
  const headers: Record<string, string> = {};
  if (problem.status === 401) headers['www-authenticate'] = 'Bearer, AccessKey';
  if (problem.retryAfter !== undefined) headers['retry-after'] = String(problem.retryAfter);
  return { status: problem.status, headers };
};

/** A Problem that ends a request before it is executed: the HTTP response carries its status too. */
export const refusal = (problem: Problem): GraphQLError =>
  new GraphQLError(problem.message, { originalError: problem, extensions: { http: beforeExecution(problem) } });

// By the GraphQL over HTTP specification these are 400, but not where the client accepts only application/json.
const aboutTheDocument = new Set<ErrorCode>([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'UNPROCESSABLE',
]);

/** Makes a result what clients may see: every error a problem under the request's id, the unexpected ones logged. */
export type FormatResult = (result: ExecutionResult, instance: string) => ExecutionResult;

/**
 * Formats results for clients. A suggestion ("Did you mean …?") is a piece of the schema: it is kept only where
 * `suggestions` says that the schema may be seen. A result without errors is returned as it is. A result is formatted
 * once: a second time would lose details.
 */
export const createErrorFormatter =
  (log: Logger, suggestions: boolean): FormatResult =>
  (result, instance) =>
    result.errors?.length ? formatted(result, instance, log, suggestions) : result;

/** The same stream with every result formatted, and a failure as its last. Ending it ends the one below at once. */
export function formatEach(
  results: AsyncIterable<ExecutionResult>,
  format: (result: ExecutionResult) => ExecutionResult,
): AsyncIterableIterator<ExecutionResult> {
  const below = results[Symbol.asyncIterator]();
  let failed = false;
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      if (failed) return { done: true, value: undefined };
      try {
        const next = await below.next();
        return next.done ? { done: true, value: undefined } : { done: false, value: format(next.value) };
      } catch (error) {
        failed = true;
        return { done: false, value: format({ errors: [thrown(error)] }) };
      }
    },
    async return() {
      await below.return?.();
      return { done: true, value: undefined };
    },
  };
}

// The same mistake can be made once a row.
const mostErrors = 100;

/** So many errors at the most, and of what is wrong with the result as a whole the first. */
function withoutRepeats(errors: readonly GraphQLError[]): readonly GraphQLError[] {
  let told = false;
  const kept = errors.filter((error) => {
    if (!(innermost(error) instanceof ResultLimit)) return true;
    const first = !told;
    told = true;
    return first;
  });
  return kept.slice(0, mostErrors);
}

function formatted(result: ExecutionResult, instance: string, log: Logger, suggestions: boolean): ExecutionResult {
  const executed = 'data' in result;
  return {
    ...result,
    errors: withoutRepeats(result.errors!).map((error) => {
      const told = problemOf(error);
      const guessed = !suggestions && aboutTheDocument.has(told.code) && told.message.match(/^(.*?) Did you mean /s);
      const problem = guessed ? new Problem(told.code, guessed[1] ?? '', { status: told.status }) : told;
      if (problem.code === 'INTERNAL')
        log.error({ err: problem.cause, instance, path: error.path }, 'unexpected error');
      if (problem.code === 'UNAVAILABLE') log.warn({ err: problem.cause, instance }, 'unavailable');
      const http = executed
        ? undefined
        : (error.extensions.http ??
          (aboutTheDocument.has(problem.code) ? { spec: true, status: problem.status } : beforeExecution(problem)));
      return new GraphQLError(problem.message, {
        ...placeOf(error),
        ...(error.path && { path: error.path }),
        extensions: { ...problemDetails(problem, instance), ...(http && { http }) },
      });
    }),
  };
}
