import { ErrorCode } from './generated/graphql.ts';

/** A value that breaks a rule: where it is in the variables, and what the rule says. */
export type FieldError = { path: readonly (string | number)[]; message: string };

/** One error of the service, or a failure to reach it. */
export type Problem = {
  /**
   * A code of the service’s catalogue. NETWORK: no answer came, or one that is not the service’s. UNKNOWN: a code that
   * this version of the client does not have.
   */
  code: ErrorCode | 'NETWORK' | 'UNKNOWN';
  /** The status that a REST system would have answered; for NETWORK that of the answer, null where none came. */
  status: number | null;
  /** The service’s words, for a person to read. */
  detail: string;
  /** Seconds to wait before the next try; null where the service names none. */
  retryAfter: number | null;
  fieldErrors: readonly FieldError[];
  /** The id that the service’s log has the request under; null for NETWORK. */
  requestId: string | null;
};

/** What `request` throws. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(({ code, detail }) => `${code}: ${detail}`).join('\n'));
    this.problems = problems;
  }
}

const codes: ReadonlySet<string> = new Set(Object.values(ErrorCode));
const isErrorCode = (code: unknown): code is ErrorCode => typeof code === 'string' && codes.has(code);

/**
 * Returns the problems of what a client threw or answered: a result with `errors`, one of these errors, urql’s
 * CombinedError, Apollo’s CombinedGraphQLErrors, a ProblemError. Anything else is one NETWORK problem.
 */
export function problemsOf(error: unknown): readonly Problem[] {
  if (error instanceof ProblemError) return error.problems;
  const errors = errorsIn(error);
  return errors.length > 0
    ? errors.map(read)
    : [networkProblem(error instanceof Error ? error.message : String(error))];
}

/** Returns the first problem of `problemsOf`. */
export const problemOf = (error: unknown): Problem => problemsOf(error)[0] ?? networkProblem(String(error));

/** Whether the same operation may succeed later, with the same credential and variables. */
export const heals = ({ status }: Problem): boolean => status === null || status === 429 || status >= 500;

/** Returns a NETWORK problem. The status is that of an answer that is not the service’s. */
export const networkProblem = (detail: string, status: number | null = null): Problem => ({
  code: 'NETWORK',
  status,
  detail,
  retryAfter: null,
  fieldErrors: [],
  requestId: null,
});

type Extensions = Partial<{
  code: unknown;
  status: number;
  detail: string;
  retryAfter: number;
  errors: FieldError[];
  instance: string;
}>;
type GraphError = { message?: string; extensions?: Extensions };

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

const hasCode = (error: object): error is GraphError =>
  'extensions' in error && isObject(error.extensions) && 'code' in error.extensions;

/** The errors of a result, in each of the forms that clients give them. */
function errorsIn(error: unknown): readonly GraphError[] {
  if (Array.isArray(error)) return error.filter(isObject);
  if (!isObject(error)) return [];
  if ('graphQLErrors' in error) return errorsIn(error.graphQLErrors);
  if ('errors' in error) return errorsIn(error.errors);
  return hasCode(error) ? [error] : [];
}

function read({ message = '', extensions = {} }: GraphError): Problem {
  const { code, status, detail, retryAfter, errors, instance } = extensions;
  return {
    code: isErrorCode(code) ? code : 'UNKNOWN',
    status: status ?? null,
    detail: detail ?? message,
    retryAfter: retryAfter ?? null,
    fieldErrors: errors ?? [],
    requestId: instance?.replace('urn:uuid:', '') ?? null,
  };
}
