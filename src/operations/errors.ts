import { type ExecutionResult, GraphQLError, type GraphQLErrorExtensions } from 'graphql';
import { problemBehind } from '../database/failures.ts';
import { type BoundedLog, createBoundedLog } from '../errors/bounded-log.ts';
import { catalogue, type ErrorCode, maxErrors, Problem, problemDetails, ResultLimit } from '../errors/catalogue.ts';

type Http = NonNullable<GraphQLErrorExtensions['http']>;

const isErrorCode = (code: unknown): code is ErrorCode => typeof code === 'string' && Object.hasOwn(catalogue, code);

/** Converts any error for the caller: a Problem stays, an outage becomes UNAVAILABLE, all else is masked. */
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

/** Returns the problem of an error that GraphQL or Yoga raised about the request. Null for an error from elsewhere. */
function ofGraphQL(error: GraphQLError, cause: unknown): Problem | null {
  const { code, http } = error.extensions;
  if (isErrorCode(code)) return new Problem(code, shortened(error.message));
  if (http?.status === 405) return new Problem('METHOD_NOT_ALLOWED', error.message);
  if (http?.status === 413) return new Problem('RESULT_TOO_LARGE', error.message);
  if (http?.status === 403) return new Problem('FORBIDDEN', error.message);
  // What graphql-js says of an argument, and what a custom scalar throws while variables are read, is about the
  // request.
  if (cause instanceof GraphQLError || (!error.path && /^Variable "\$/.test(error.message)))
    return new Problem('BAD_USER_INPUT', shortened(error.message));
  return null;
}

// graphql-js quotes the value that it refuses, of any length.
const longestMessage = 500;
const shortened = (message: string) =>
  message.length > longestMessage ? `${message.slice(0, longestMessage)} …` : message;

/** Returns any thrown value as a result's error. */
export const thrown = (error: unknown): GraphQLError =>
  error instanceof GraphQLError ? error : new GraphQLError('Unexpected error.', { originalError: error as Error });

/** The place of an error in the document, for another error in the same place. */
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

/** Returns a Problem that ends a request before its execution. The HTTP response has its status too. */
export const refusal = (problem: Problem): GraphQLError =>
  new GraphQLError(problem.message, { originalError: problem, extensions: { http: beforeExecution(problem) } });

// The GraphQL over HTTP specification demands 400, but not where the client accepts only application/json.
const aboutTheDocument = new Set<ErrorCode>([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'UNPROCESSABLE',
]);

/** The error formatter: gives every error of a result the request's id, and logs unexpected ones. */
export type FormatResult = (result: ExecutionResult, instance: string) => ExecutionResult;

/**
 * Creates the error formatter. A suggestion ("Did you mean …?") reveals the schema, so it is kept only with
 * `suggestions`. A result without errors is returned unchanged. Format a result once: a second time would lose details.
 */
export function createErrorFormatter(log: { error: BoundedLog; warn: BoundedLog }, suggestions: boolean): FormatResult {
  const logs = {
    unexpected: (fields: object) => log.error(fields, 'unexpected error'),
    // In an outage every request, also without a valid credential, causes one.
    unavailable: createBoundedLog((fields, message) => log.warn(fields, message)),
  };
  return (result, instance) => (result.errors?.length ? formatted(result, instance, logs, suggestions) : result);
}

type Logs = { unexpected(fields: object): void; unavailable: BoundedLog };

/** Formats every result of a stream, and its failure as the last result. Ending it ends the source at once. */
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

/** At most so many errors. Errors of the whole result come first. */
function withoutRepeats(errors: readonly GraphQLError[]): readonly GraphQLError[] {
  let told = false;
  const kept = errors.filter((error) => {
    if (!(innermost(error) instanceof ResultLimit)) return true;
    const first = !told;
    told = true;
    return first;
  });
  return kept.slice(0, maxErrors);
}

function formatted(result: ExecutionResult, instance: string, logs: Logs, suggestions: boolean): ExecutionResult {
  const executed = 'data' in result;
  return {
    ...result,
    errors: withoutRepeats(result.errors!).map((error) => {
      const told = problemOf(error);
      const guessed = !suggestions && aboutTheDocument.has(told.code) && told.message.match(/^(.*?) Did you mean /s);
      const problem = guessed ? new Problem(told.code, guessed[1] ?? '', { status: told.status }) : told;
      if (problem.code === 'INTERNAL') logs.unexpected({ err: problem.cause, instance, path: error.path });
      if (problem.code === 'UNAVAILABLE') logs.unavailable({ err: problem.cause, instance }, 'unavailable');
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

/** Removes from a result what its errors mean for an HTTP response. */
export function withoutHttp(result: ExecutionResult): ExecutionResult {
  if (!result.errors) return result;
  const errors = result.errors.map((error) => {
    const { http, ...extensions } = error.extensions;
    return new GraphQLError(error.message, { ...placeOf(error), ...(error.path && { path: error.path }), extensions });
  });
  return { ...result, errors };
}
