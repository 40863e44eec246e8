/** Every error that callers may get: the code, the status of the former REST systems, and when. */
export const catalogue = {
  GRAPHQL_PARSE_FAILED: { status: 400, title: 'Document does not parse', when: 'The document is not GraphQL.' },
  GRAPHQL_VALIDATION_FAILED: {
    status: 400,
    title: 'Document does not fit the schema',
    when: 'The document does not fit the schema, or is over a limit of depth, aliases or size.',
  },
  BAD_USER_INPUT: { status: 400, title: 'Bad input', when: 'The request or its variables do not fit the schema.' },
  VALIDATION_FAILED: {
    status: 400,
    title: 'Validation failed',
    when: 'A value breaks a rule; `errors` names every violation.',
  },
  PERSISTED_QUERY_NOT_SUPPORTED: {
    status: 400,
    title: 'Persisted query not supported',
    when: 'A document’s id or hash came without its text, and there are no trusted documents here. The response has the status 200: Apollo’s clients then send the text.',
  },
  CHANNEL_NOT_ON_PARTICIPANT: {
    status: 400,
    title: 'Channel not on participant',
    when: 'The named channel is not one of the participant’s.',
  },
  AVATAR_SOURCE_NOT_REGISTERED: {
    status: 400,
    title: 'Avatar source not registered',
    when: 'No avatars can be had from the channel’s provider.',
  },
  INTEGRATION_NOT_CONNECTED: {
    status: 400,
    title: 'Integration not connected',
    when: 'The integration config has no working token.',
  },
  AVATAR_NOT_AVAILABLE: {
    status: 400,
    title: 'Avatar not available',
    when: 'The provider has no image for the address: a group, a channel, a default avatar.',
  },
  USER_ALREADY_EXISTS: {
    status: 400,
    title: 'User already exists',
    when: 'Another external user has that e-mail, telephone number or foreign key; `field` and `errors` name what clashes, and `existingId` the user who has it, for viewers with `users:read`.',
  },
  UNAUTHENTICATED: {
    status: 401,
    title: 'Not authenticated',
    when: 'No credential, more than one, or one that does not verify.',
  },
  FORBIDDEN: { status: 403, title: 'Forbidden', when: 'The credential lacks the scope.' },
  DOCUMENT_NOT_TRUSTED: {
    status: 403,
    title: 'Document not trusted',
    when: 'Only trusted documents run here (`TRUSTED_DOCUMENTS_ONLY`). Send the id of one as `documentId`, or its hash.',
  },
  REMOVAL_NOT_ALLOWED: {
    status: 403,
    title: 'Removal not allowed',
    when: 'The last active user or agent of an open conversation stays.',
  },
  PARTICIPANT_NOT_FOUND: {
    status: 404,
    title: 'Participant not found',
    when: 'The tenant has no participant of that id.',
  },
  AGENT_NOT_FOUND: { status: 404, title: 'Agent not found', when: 'The tenant has no agent of that id.' },
  CONVERSATION_NOT_FOUND: {
    status: 404,
    title: 'Conversation not found',
    when: 'The tenant has no conversation of that id.',
  },
  CONVERSATION_PARTICIPANT_NOT_FOUND: {
    status: 404,
    title: 'Conversation participant not found',
    when: 'The conversation has no participant of that identity.',
  },
  EXTERNAL_USER_NOT_FOUND: {
    status: 404,
    title: 'External user not found',
    when: 'The tenant has no external user of that id.',
  },
  INTEGRATION_CONFIG_NOT_FOUND: {
    status: 404,
    title: 'Integration config not found',
    when: 'The tenant has no integration config of that id.',
  },
  CHANNEL_NOT_FOUND: { status: 404, title: 'Channel not found', when: 'The tenant has no channel of that id.' },
  BINDING_NOT_FOUND: { status: 404, title: 'Binding not found', when: 'The tenant has no binding of that id.' },
  UNKNOWN_SENDER_NOT_FOUND: {
    status: 404,
    title: 'Unknown sender not found',
    when: 'The tenant has no unknown sender of that id.',
  },
  FILE_NOT_FOUND: {
    status: 404,
    title: 'File not found',
    when: 'There is no file of that id, or the URL’s signature does not verify or has expired.',
  },
  MERGE_NOT_FOUND: { status: 404, title: 'Merge not found', when: 'The tenant has no merge of that id.' },
  DUPLICATE_CANDIDATE_NOT_FOUND: {
    status: 404,
    title: 'Duplicate candidate not found',
    when: 'The tenant has no duplicate candidate of that id, or not any more.',
  },
  AVATAR_SYNC_NOT_FOUND: {
    status: 404,
    title: 'Avatar sync not found',
    when: 'The tenant has no batch of avatar syncs, or no failed avatar sync, of that id. Finished ones are kept for some days.',
  },
  KEY_NOT_FOUND: {
    status: 404,
    title: 'Key not found',
    when: 'There is no access key, agent secret key or webhook key of that id.',
  },
  NOT_FOUND: { status: 404, title: 'Not found', when: 'Nothing is served at that path.' },
  PERSISTED_QUERY_NOT_FOUND: {
    status: 404,
    title: 'Persisted query not found',
    when: 'No trusted document has that id or hash. The response has the status 200: Apollo’s clients then send the hash with the text.',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    title: 'Method not allowed',
    when: 'The path is served, but not for that HTTP method.',
  },
  CONFLICT: {
    status: 409,
    title: 'Conflict',
    when: 'A unique value is taken, somebody was faster (`ifModifiedAt`), the same has been decided already, something else still depends on it, or an idempotency key came with another input.',
  },
  PARTICIPANT_STATE_CONFLICT: {
    status: 409,
    title: 'Participant state conflict',
    when: 'The status, or the closed conversation, forbids the change.',
  },
  RESULT_TOO_LARGE: {
    status: 413,
    title: 'Result too large',
    when: 'An unpaged list over 10,000 rows: use the connection. A result of more than 16 MB, or of more than 400,000 fields with those that take longer counted several times: ask for less at once. Or a request body over its limit.',
  },
  AVATAR_INVALID: { status: 422, title: 'Avatar invalid', when: 'The file is not an acceptable image.' },
  UNPROCESSABLE: {
    status: 422,
    title: 'Unprocessable',
    when: 'Understood, but cannot be done: the query would cost more than is allowed at once, or the provider cannot be signed in to.',
  },
  RATE_LIMITED: {
    status: 429,
    title: 'Rate limited',
    when: 'Too many requests; `retryAfter` says how many seconds to wait.',
  },
  PROVIDER_RATE_LIMITED: {
    status: 429,
    title: 'Provider rate limited',
    when: 'The provider asks to wait; `retryAfter` says how many seconds.',
  },
  INTERNAL: { status: 500, title: 'Internal error', when: 'Something unexpected; the log has it under `instance`.' },
  NOT_IMPLEMENTED: {
    status: 501,
    title: 'Not implemented',
    when: 'A REST face’s system has it, and this service has nothing to answer it with.',
  },
  PROVIDER_UNAVAILABLE: {
    status: 502,
    title: 'Provider unavailable',
    when: 'The provider failed (502) or was too slow (504).',
  },
  UNAVAILABLE: {
    status: 503,
    title: 'Unavailable',
    when: 'The database is away, or the server is stopping; `retryAfter` says how many seconds to wait.',
  },
} as const;

export type ErrorCode = keyof typeof catalogue;

/** One broken rule: where in the arguments, and what is wrong. */
export type Violation = { path: readonly (string | number)[]; message: string };

/** What a Problem may carry besides its code and detail. */
export type ProblemOptions = {
  /** Replaces the catalogue's status where a code has two (502 or 504). */
  status?: number;
  /** Seconds to wait before the next try. */
  retryAfter?: number;
  errors?: readonly Violation[];
  /** The row that has what was to be unique, for viewers who may read it. */
  existingId?: string;
  /** The field of the input that is wrong, where it is one. */
  field?: string;
  cause?: unknown;
};

// It may quote input of any length.
const longestDetail = 500;
const shortened = (detail: string) => (detail.length > longestDetail ? `${detail.slice(0, longestDetail)} …` : detail);

/** An error that the caller may see unchanged. Any other error is masked as INTERNAL. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ErrorCode;
  readonly status: number;
  readonly retryAfter: number | undefined;
  readonly errors: readonly Violation[] | undefined;
  readonly existingId: string | undefined;
  readonly field: string | undefined;

  constructor(code: ErrorCode, detail: string, options: ProblemOptions = {}) {
    super(shortened(detail), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = options.status ?? catalogue[code].status;
    this.retryAfter = options.retryAfter;
    this.errors = options.errors;
    this.existingId = options.existingId;
    this.field = options.field;
  }
}

/** One mistake can cause an error for each row. So many errors of a result are told. */
export const maxErrors = 100;

/** There is no room for a list in the whole result, which every list that finds out says. One error is told. */
export class ResultLimit extends Problem {
  constructor(detail = 'The result has no room for the list.') {
    super('RESULT_TOO_LARGE', detail);
  }
}

/** Returns the members of an RFC 9457 problem. `instance` is the request's id. */
export function problemDetails(problem: Problem, instance: string): Record<string, unknown> {
  return {
    code: problem.code,
    status: problem.status,
    type: `urn:rollcall:error:${problem.code.toLowerCase().replaceAll('_', '-')}`,
    title: catalogue[problem.code].title,
    detail: problem.message,
    instance: `urn:uuid:${instance}`,
    ...(problem.retryAfter !== undefined && { retryAfter: problem.retryAfter }),
    ...(problem.errors && { errors: problem.errors }),
    ...(problem.field !== undefined && { field: problem.field }),
    ...(problem.existingId !== undefined && { existingId: problem.existingId }),
  };
}
