import type { IncomingMessage, ServerResponse } from 'node:http';
import { useCSRFPrevention } from '@graphql-yoga/plugin-csrf-prevention';
import type { ExecutionResult } from 'graphql';
import {
  createYoga,
  type GraphQLParams,
  getSSEProcessor,
  type Plugin,
  processRegularResult,
  type YogaServerInstance,
} from 'graphql-yoga';
import type { Viewer } from '../auth/viewer.ts';
import { newId } from '../database/ids.ts';
import type { BoundedLog } from '../errors/bounded-log.ts';
import { Problem } from '../errors/catalogue.ts';
import { type Budget, createBudget } from '../operations/budget.ts';
import { type FormatResult, formatEach, problemOf, refusal } from '../operations/errors.ts';
import { limits } from '../operations/limits.ts';
import { asksForCost, failed, type Operations } from '../operations/run.ts';
import { type DocumentRequest, namesById } from '../operations/trusted.ts';
import type { BodyBudget } from './bodies.ts';
import type { CrossOrigin } from './cross-origin.ts';
import { renderPage } from './graphiql.ts';
import { takesEventStream } from './media-types.ts';
import { sendMultipart, takesMultipart } from './multipart-subscriptions.ts';
import { useStrictParsing } from './parsing.ts';
import { demandWholeView, seesOnlyTheRest } from './plugins.ts';
import { createUploads, type UploadOptions, type Uploads } from './uploads.ts';

/** What is known of a request before it is executed. */
export type ServerContext = {
  requestId?: string;
  /** The viewer. It is set after authentication and the rate limit. */
  viewer?: Viewer;
  budget?: Budget;
  /** Node's own objects, which Yoga sets. */
  req?: IncomingMessage;
  res?: ServerResponse;
};

export type Yoga = YogaServerInstance<ServerContext, object>;

export type YogaOptions = {
  operations: Operations;
  /** Authenticates the headers. Throws UNAUTHENTICATED or RATE_LIMITED. */
  signIn(headers: { get(name: string): string | null }): Promise<Viewer>;
  /** Whether a request with these headers may run documents that are not trusted, where others may not. */
  mayRunAny(headers: { get(name: string): string | null }): boolean;
  format: FormatResult;
  bodies: BodyBudget;
  /** Where files are while they arrive. */
  uploads: Pick<UploadOptions, 'heldFile' | 'places'> & { largestImport: number };
  crossOrigin: CrossOrigin;
  graphiql: Parameters<typeof createYoga<ServerContext>>[0]['graphiql'];
  /** Whether the server is stopping and takes no new work. */
  stopping(): boolean;
  /** Called with each result. */
  metrics: Plugin<object, ServerContext>;
  /** The other paths that the port serves. */
  routes: Plugin<object, ServerContext>;
  log: BoundedLog;
};

/**
 * Answers every request except the common one (graphql-handler.ts): GET, batches, uploads, streams, other media types,
 * GraphiQL. Yoga has no schema here. It reads requests and writes answers, and `operations` runs the operations.
 */
export function createRestHandler(options: YogaOptions): Yoga {
  const { bodies, crossOrigin, metrics, graphiql, log, routes } = options;
  return createYoga<ServerContext>({
    logging: {
      debug: () => {},
      info: () => {},
      warn: (...args) => log({ told: args.map(String) }, 'a request cannot be answered'),
      error: (...args) => log({ told: args.map(String) }, 'a request failed'),
    },
    // Errors are formatted in one place, with the request's id. Yoga adds nothing.
    maskedErrors: { maskError: (error) => (error instanceof Error ? error : new Error('Unexpected error.')) },
    parserAndValidationCache: false,
    batching: { limit: limits.batch },
    // Each kind of body has its own limit: see parsing.ts.
    maxRequestBodySize: false,
    landingPage: false,
    extraParamNames: ['documentId'],
    cors: crossOrigin.options,
    graphiql,
    renderGraphiQL: renderPage,
    plugins: demandWholeView([
      seesOnlyTheRest('the GraphQL handler names its requests, and serves one path', routes),
      seesOnlyTheRest('the GraphQL handler leaves requests with an Origin to Yoga', crossOrigin.plugin),
      seesOnlyTheRest(
        'the GraphQL handler takes nothing that a browser sends without asking',
        // A browser sends a preflight before a request with one of these headers crosses sites.
        useCSRFPrevention({
          requestHeaders: [
            'authorization',
            'agent-secret-key',
            'x-graphql-yoga-csrf',
            'graphql-require-preflight',
            'apollo-require-preflight',
          ],
        }),
      ),
      seesOnlyTheRest('the GraphQL handler does the same', useOperations(options)),
      seesOnlyTheRest(
        'the GraphQL handler has the same limits',
        useStrictParsing({ body: limits.body, bodies, uploads: uploadsOf(options) }),
      ),
      // After the errors have their codes.
      seesOnlyTheRest('the GraphQL handler measures its answers itself', metrics),
    ]),
  });
}

function uploadsOf({ operations, mayRunAny, bodies, uploads: { largestImport, ...uploads } }: YogaOptions): Uploads {
  return createUploads({
    ...uploads,
    limits: { body: limits.body, upload: limits.upload, import: largestImport },
    bodies,
    documentsOf(all, headers) {
      const options = { budget: createBudget(), anyDocument: mayRunAny(headers) };
      return all.slice(0, limits.batch).map((each) => {
        const { operationName = null, ...request } = each as DocumentRequest & { operationName?: string | null };
        return operations.prepare(request, operationName, options).document;
      });
    },
  });
}

const sendEvents = getSSEProcessor();

/**
 * Authenticates Yoga's requests by their headers before a body is read, passes each operation on, and formats its
 * result.
 */
function useOperations({
  operations,
  signIn,
  mayRunAny,
  format,
  stopping,
}: YogaOptions): Plugin<object, ServerContext> {
  return {
    async onRequestParse({ request, serverContext }) {
      try {
        if (stopping())
          throw new Problem('UNAVAILABLE', 'The server is stopping: try again elsewhere.', { retryAfter: 1 });
        serverContext.viewer ??= await signIn(request.headers);
        serverContext.budget = createBudget();
      } catch (error) {
        throw refusal(problemOf(error));
      }
    },
    onParams({ params: given, request: { method, url }, setParams, setParamsHandler }) {
      const params = method === 'GET' ? withDocumentId(given, url) : given;
      // Yoga demands a query, also of an operation that names its document by an id alone.
      setParams(params && namesById(params) ? { ...params, query: params.query ?? '' } : params);
      setParamsHandler(({ params, request, context: { viewer, budget, requestId } }) => {
        // Both were set when the headers were read: see above.
        if (!viewer || !budget) throw new Error('A request came past its sign-in.');
        const { operationName = null, variables = null, ...document } = params;
        if (operationName !== null && typeof operationName !== 'string')
          throw refusal(new Problem('BAD_USER_INPUT', 'The operation’s name must be a string.'));
        return operations.answer({ ...document, operationName, variables }, viewer, {
          anyDocument: mayRunAny(request.headers),
          readOnly: request.method === 'GET',
          budget,
          requestId,
          tellCost: asksForCost(request.headers),
        });
      });
    },
    onResultProcess({ request, result, setResult, setResultProcessor, serverContext }) {
      const instance = serverContext.requestId ?? newId();
      if (Symbol.asyncIterator in result) {
        setResult(formatEach(result, (one) => format(one, instance)));
        // Yoga knows a subscription only after executing it. Only events are streamed. A client that does not accept
        // them is refused.
        const accept = request.headers.get('accept');
        if (takesMultipart(accept)) setResultProcessor(sendMultipart, 'multipart/mixed');
        else if (takesEventStream(accept)) setResultProcessor(sendEvents, 'text/event-stream');
        else setResultProcessor(processRegularResult, 'application/json');
      } else
        setResult(
          Array.isArray(result) ? result.map((one) => format(notStreamed(one), instance)) : format(result, instance),
        );
    },
  };
}

/** Ends a subscription of a batch, whose answer is one text, and refuses it. */
function notStreamed(result: ExecutionResult | AsyncIterable<ExecutionResult>): ExecutionResult {
  if (!(Symbol.asyncIterator in result)) return result;
  void result[Symbol.asyncIterator]().return?.();
  return failed(new Problem('BAD_USER_INPUT', 'A subscription is not answered in a batch: send it by itself.'));
}

/** Adds the document's id of a GET, which Yoga does not read. */
function withDocumentId(params: GraphQLParams, url: string): GraphQLParams {
  const documentId = new URL(url).searchParams.get('documentId');
  return documentId === null ? params : Object.assign(params, { documentId });
}
