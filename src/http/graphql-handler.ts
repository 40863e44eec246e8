import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { type ExecutionResult, OperationTypeNode } from 'graphql';
import type { Viewer } from '../auth/viewer.ts';
import { asUuid, newId } from '../database/ids.ts';
import { Problem, problemDetails } from '../errors/catalogue.ts';
import { type FormatResult, problemOf, refusal } from '../operations/errors.ts';
import type { PreparedOperation } from '../operations/prepare.ts';
import { isLarge } from '../operations/result-size.ts';
import { asksForCost, type Operations, failed as resultOf } from '../operations/run.ts';
import type { BodyBudget } from './bodies.ts';
import {
  commonMediaType,
  commonOperation,
  header,
  type RequestHeaders,
  type Written,
  written,
} from './common-request.ts';
import { hasOneHost, originForm } from './host.ts';
import { stringifyInPieces } from './long-json.ts';
import { byWeight, type JsonType, plainMediaType } from './media-types.ts';
import type { ServerContext, Yoga } from './yoga.ts';

export type GraphqlHandlerOptions = {
  /** Answers all other requests. */
  yoga: Yoga;
  operations: Operations;
  /**
   * Returns the viewer of the headers where that is known without waiting. Null where it has to be found out, or is
   * refused.
   */
  remembered(headers: RequestHeaders): Viewer | null;
  /** Counts a request of the viewer against its rate limit. Throws RATE_LIMITED. */
  admit(viewer: Viewer): Promise<void> | void;
  /** Authenticates the headers and counts the request. Throws UNAUTHENTICATED or RATE_LIMITED. */
  signIn(headers: RequestHeaders): Promise<Viewer>;
  /** Whether a request with these headers may run documents that are not trusted, where others may not. */
  mayRunAny(headers: RequestHeaders): boolean;
  format: FormatResult;
  bodies: BodyBudget;
  /** The bound of a body in bytes. Yoga refuses a larger one. */
  largestBody: number;
  /** Whether the server is stopping. Then Yoga refuses every request. */
  stopping(): boolean;
  /** Called with each answer: its status, the seconds it took, and its result. */
  answered(status: number, seconds: number, result: ExecutionResult): void;
  /** What answers the requests whose path begins with one of its prefixes. */
  others: readonly { prefixes: readonly string[]; handler: RequestListener }[];
  /** Called with an error of the handler itself. The connection is closed. */
  failed(error: unknown): void;
};

/** A common request in progress. */
type Exchange = {
  request: IncomingMessage;
  response: ServerResponse;
  headers: RequestHeaders;
  type: JsonType;
  startedAt: number;
  requestId: string;
};

/**
 * The handler behind the port. It answers the common request itself, without the cost of fetch's Request and Response
 * on Node: one query or mutation as JSON in a POST, from a client that takes JSON. All else is handed to Yoga. Both let
 * requests in, run operations and format results by the same functions; clients cannot tell which of the two answered.
 */
export function createGraphqlHandler(options: GraphqlHandlerOptions): RequestListener {
  const { yoga, operations, remembered, admit, signIn, format, bodies, largestBody, stopping, answered, failed } =
    options;
  const { others, mayRunAny } = options;

  const rest = (request: IncomingMessage, response: ServerResponse, context: ServerContext = {}): void => {
    Promise.resolve(yoga(request, response, context)).catch(broken(response));
  };
  const broken = (response: ServerResponse) => (error: unknown) => {
    failed(error);
    response.destroy();
  };

  /** Authenticates without waiting where possible, and always before the body is read. */
  function letIn(headers: RequestHeaders): Viewer | Promise<Viewer> {
    const viewer = remembered(headers);
    if (!viewer) return signIn(headers);
    const admitted = admit(viewer);
    return admitted ? admitted.then(() => viewer) : viewer;
  }

  function read(exchange: Exchange, length: number, viewer: Viewer): void {
    const { request } = exchange;
    const release = bodies.reserve(length);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      release?.();
      const [only] = chunks;
      const body = (chunks.length === 1 && only ? only : Buffer.concat(chunks)).toString('utf8');
      try {
        run(exchange, body, viewer);
      } catch (error) {
        broken(exchange.response)(error);
      }
    });
    if (release) request.once('close', release);
  }

  function run(exchange: Exchange, body: string, viewer: Viewer): void {
    const { request, response, headers, requestId } = exchange;
    // In the form of body parsers: Yoga takes this body instead of the request, which has been read. Not the text
    // itself, whose keys Yoga would list: one for each character, a second for a body of 1 MB.
    const leaveToYoga = () =>
      rest(Object.assign(request, { body: Readable.from([body]) }), response, { viewer, requestId });
    const operation = commonOperation(body);
    if (!operation) {
      leaveToYoga();
      return;
    }
    const answer = (prepared: PreparedOperation): void => {
      if (prepared.operation.operation === OperationTypeNode.SUBSCRIPTION) {
        leaveToYoga();
        return;
      }
      const tellCost = asksForCost(headers);
      const outcome = operations.run(prepared, operation.variables ?? {}, viewer, { requestId, tellCost });
      if (outcome instanceof Promise) outcome.then((result) => send(exchange, result)).catch(broken(response));
      else send(exchange, outcome);
    };
    const refuse = (error: unknown): void => send(exchange, resultOf(error));
    let prepared: ReturnType<Operations['prepareFor']>;
    try {
      prepared = operations.prepareFor(viewer, operation, operation.operationName, {
        anyDocument: mayRunAny(headers),
      });
    } catch (error) {
      refuse(error);
      return;
    }
    if (prepared instanceof Promise) prepared.then(answer, refuse).catch(broken(response));
    else answer(prepared);
  }

  function send(exchange: Exchange, outcome: Awaited<ReturnType<Operations['run']>>): void {
    const { requestId } = exchange;
    if (Symbol.asyncIterator in outcome) throw new Error('A query or mutation has answered with a stream.');
    const result = format(outcome, requestId);
    if (isLarge(result)) {
      stringifyInPieces(result)
        .then((body) => respond(exchange, result, { status: 200, headers: {}, body }))
        .catch(broken(exchange.response));
    } else respond(exchange, result, written(result, exchange.type));
  }

  function respond(
    { response, type, startedAt, requestId }: Exchange,
    result: ExecutionResult,
    { status, headers, body }: Written,
  ): void {
    answered(status, (performance.now() - startedAt) / 1_000, result);
    if (stopping()) response.setHeader('connection', 'close');
    response.writeHead(status, {
      'content-type': `${type}; charset=utf-8`,
      ...headers,
      'x-request-id': requestId,
      'content-length': Buffer.byteLength(body),
    });
    // Text leaves with the headers in one system call.
    response.end(body);
    // Promises that are older than the data would keep it alive until the next full collection.
    result.data = null;
  }

  return (request, response) => {
    if (!hasOneHost(request)) return refuseHost(response);
    request.url = originForm(request.url);
    const { 'content-type': given, accept } = request.headers;
    if (given !== undefined) request.headers['content-type'] = plainMediaType(given);
    if (accept !== undefined) request.headers.accept = byWeight(accept);
    const type =
      request.method === 'POST' && request.url === '/graphql' && !stopping() ? commonMediaType(request) : null;
    const length = Number(request.headers['content-length']);
    const other = type
      ? undefined
      : others.find(({ prefixes }) => prefixes.some((one) => request.url?.startsWith(one)));
    if (other) return other.handler(request, response);
    if (!type || !(length > 0 && length <= largestBody)) return rest(request, response);

    const headers = { get: (name: string) => header(request, name) };
    // Not a version 7 UUID: it is in no index, and randomUUID keeps random bytes in store.
    const requestId = asUuid(header(request, 'x-request-id') ?? '') ?? randomUUID();
    const exchange = { request, response, headers, type, startedAt: performance.now(), requestId };
    const refused = (error: unknown) => send(exchange, { errors: [refusal(problemOf(error))] });
    try {
      const viewer = letIn(headers);
      if (viewer instanceof Promise)
        viewer
          .then((known) => read(exchange, length, known))
          .catch(refused)
          .catch(broken(response));
      else read(exchange, length, viewer);
    } catch (error) {
      refused(error);
    }
  };
}

function refuseHost(response: ServerResponse): void {
  const problem = problemDetails(
    new Problem('BAD_USER_INPUT', 'The request does not have one Host header that is a host.'),
    newId(),
  );
  response.writeHead(400, { 'content-type': 'application/problem+json; charset=utf-8', connection: 'close' });
  response.end(JSON.stringify(problem));
}
