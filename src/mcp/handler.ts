import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { RequestId } from '@modelcontextprotocol/sdk/types.js';
import type { Logger } from 'pino';
import type { Viewer } from '../auth/viewer.ts';
import { problemBehind } from '../database/failures.ts';
import { asUuid } from '../database/ids.ts';
import { createBoundedLog } from '../errors/bounded-log.ts';
import { Problem, problemDetails } from '../errors/catalogue.ts';
import type { EventBus } from '../events/events.ts';
import type { BodyBudget } from '../http/bodies.ts';
import { allowMethods, allowOrigin } from '../http/cross-origin.ts';
import { readJson } from '../http/json-body.ts';
import { createBudget } from '../operations/budget.ts';
import { limits } from '../operations/limits.ts';
import type { Call } from './call.ts';
import { type Cancellation, createCancellation } from './cancellation.ts';
import { messagesIn } from './messages.ts';
import { demandOrigin } from './origin.ts';
import { createToolServer, type ServerOptions } from './server.ts';
import { prepareTools } from './toolbox.ts';

type Headers = { get(name: string): string | null };

export type McpOptions = Omit<ServerOptions, 'tools'> & {
  /** Who sends the headers, found out and counted. Throws when nobody does, or too often. */
  signIn(headers: Headers): Promise<Viewer> | Viewer;
  events: EventBus;
  bodies: BodyBudget;
  /** Whether pages of that origin may call. */
  isListed(origin: string): boolean;
  /** Where clients reach the service. */
  publicUrl(): string;
  /** Whether the port is for this machine alone. */
  onlyThisMachine: boolean;
  stopping(): boolean;
  log: Logger;
};

/**
 * Serves the tools over MCP's streamable HTTP. Nothing is kept between requests, so any replica answers any of them:
 * each request has a server of its own, which lives as long as its response. A session is no more than a name, by which
 * a client can cancel its calls.
 */
export function createMcpHandler(options: McpOptions): RequestListener {
  const { operations, log } = options;
  const tools = prepareTools(operations.prepare);
  const cancellation = createCancellation(options.events);
  const unavailable = createBoundedLog((fields, message) => log.warn(fields, message));

  async function answer(request: IncomingMessage, response: ServerResponse, requestId: string): Promise<void> {
    demandOrigin(request, options);
    allowOrigin(request, response, options.isListed, 'X-Request-Id, Retry-After, Mcp-Session-Id');
    const [path = ''] = (request.url ?? '').split('?');
    if (path !== '/mcp') throw new Problem('NOT_FOUND', `${path.slice(0, 200)} is not served.`);
    if (request.method === 'OPTIONS') {
      response.writeHead(204, allowMethods(request, ['POST'], options.isListed)).end();
      return;
    }
    if (request.method !== 'POST')
      throw new Problem(
        'METHOD_NOT_ALLOWED',
        `${request.method} /mcp is not served: there are no sessions to open or end. Use POST.`,
      );
    if (options.stopping())
      throw new Problem('UNAVAILABLE', 'The server is stopping: try again elsewhere.', { retryAfter: 1 });
    const viewer = await options.signIn({ get: (name) => header(request, name) });
    const body = await readJson(request, options.bodies, limits.body);
    const messages = messagesIn(body);
    const session = sessionOf(request);
    for (const id of messages.cancelled) if (session) cancellation.cancel(viewer, session, id);
    if (messages.opensSession) response.setHeader('mcp-session-id', randomUUID());

    const left = new AbortController();
    const caller = {
      viewer,
      requestId,
      budget: createBudget(),
      watch: watcher(cancellation, viewer, session, left.signal),
    };
    const server = createToolServer({ ...options, tools }, caller);
    const transport = new StreamableHTTPServerTransport({
      // Events are for calls that tell their progress.
      enableJsonResponse: !messages.wantProgress,
    });
    response.once('close', () => {
      left.abort();
      server.close().catch((error: unknown) => log.error({ err: error }, 'a server of tools does not close'));
    });
    await server.connect(transport);
    await transport.handleRequest(request, response, body);
  }

  function fail(request: IncomingMessage, response: ServerResponse, error: unknown, requestId: string): void {
    const problem = problemBehind(error);
    if (problem.code === 'INTERNAL') log.error({ err: problem.cause, instance: requestId }, 'unexpected error');
    if (problem.code === 'UNAVAILABLE') unavailable({ err: problem.cause, instance: requestId }, 'unavailable');
    if (response.headersSent) {
      response.destroy();
      return;
    }
    response.writeHead(problem.status, {
      'content-type': 'application/problem+json; charset=utf-8',
      ...(problem.retryAfter !== undefined && { 'retry-after': String(problem.retryAfter) }),
      ...(problem.status === 401 && { 'www-authenticate': 'Bearer, AccessKey' }),
      ...(problem.status === 405 && { allow: 'POST' }),
      // What is left of a body that is too large is not waited for.
      ...(problem.code === 'RESULT_TOO_LARGE' && !request.complete && { connection: 'close' }),
    });
    response.end(JSON.stringify(problemDetails(problem, requestId)));
    request.resume();
  }

  return (request, response) => {
    const requestId = asUuid(header(request, 'x-request-id') ?? '') ?? randomUUID();
    response.setHeader('x-request-id', requestId);
    response.setHeader('cache-control', 'no-store');
    if (options.stopping()) response.setHeader('connection', 'close');
    answer(request, response, requestId).catch((error: unknown) => fail(request, response, error, requestId));
  };
}

/** Ends a call when its client has left, or has cancelled it in its session. */
function watcher(cancellation: Cancellation, viewer: Viewer, session: string | null, left: AbortSignal) {
  return (id: RequestId): { signal: Call['signal']; over(): void } => {
    if (!session) return { signal: left, over() {} };
    const own = new AbortController();
    const over = cancellation.listen(viewer, session, id, () => own.abort());
    return { signal: AbortSignal.any([left, own.signal]), over };
  };
}

/** The name of the client's session; null without one. It may be of any making, and is only compared. */
const sessionOf = (request: IncomingMessage): string | null => header(request, 'mcp-session-id')?.slice(0, 200) ?? null;

const header = (request: IncomingMessage, name: string): string | null => {
  const value = request.headers[name];
  return typeof value === 'string' ? value : null;
};
