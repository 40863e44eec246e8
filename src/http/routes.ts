import type { Plugin } from 'graphql-yoga';
import type { Logger } from 'pino';
import { asUuid, newId } from '../database/ids.ts';
import { type ErrorCode, Problem } from '../errors/catalogue.ts';
import { problemOf } from '../operations/errors.ts';
import type { Console } from './console.ts';
import type { Readiness } from './readiness.ts';
import { problemResponse, textResponse } from './responses.ts';
import type { ServerContext } from './yoga.ts';

/** The other paths that the port serves. */
export type Routes = {
  /** Whether serving is possible, and the faults of all parts. */
  readiness(): Promise<Readiness>;
  metrics(): Promise<{ type: string; text: string }>;
  file(request: Request, id: string): Promise<Response>;
  /** Receives a provider's delivery for the webhook of that key. */
  hook(request: Request, provider: string, key: string): Promise<Response>;
  /** Answers browsers that return from that provider's sign-in. */
  oauthCallback(request: Request, provider: string): Promise<Response>;
  /** The pages for operators. Null where they are not served. */
  console: Console | null;
  /** Whether /graphql has a page for browsers. */
  graphiql: boolean;
  /** Whether the server is stopping and takes no new work. */
  stopping(): boolean;
};

const noPage =
  'No page is served here. The graph is at /graphql, agents’ tools are at /mcp, and /openapi/directory.json, /openapi/conversations.json and /openapi/users.json describe the REST faces.';

const codeOfStatus: Readonly<Record<number, ErrorCode>> = {
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  413: 'RESULT_TOO_LARGE',
};

/** Answers every path except the graph's, and gives each request an id. */
export function useRoutes(routes: Routes, log: Logger): Plugin<object, ServerContext> {
  async function answer(request: Request, path: string, context: ServerContext): Promise<Response | null> {
    if (path === '/healthz') return textResponse(200, 'ok\n');
    if (path === '/readyz') {
      const state = await routes.readiness();
      const ready = state.ready && !routes.stopping();
      return Response.json(
        { ...state, ready },
        { status: ready ? 200 : 503, headers: { 'cache-control': 'no-store' } },
      );
    }
    const [, provider, key] = /^\/hooks\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
    if (path === '/graphql') return null;
    if (provider && key) {
      if (routes.stopping())
        throw new Problem('UNAVAILABLE', 'The server is stopping: try again elsewhere.', { retryAfter: 1 });
      return routes.hook(request, provider, key);
    }
    // A URL that resembles a webhook's may hold a key, so it is not quoted.
    if (/^\/hooks(\/|$)/.test(path)) throw new Problem('NOT_FOUND', 'This is no webhook’s URL.');
    const [, oauthProvider] = /^\/oauth\/([a-z][a-z0-9_-]{0,49})\/callback$/.exec(path) ?? [];
    // A HEAD would use up the state that the GET after it needs.
    if (oauthProvider && request.method === 'GET') return routes.oauthCallback(request, oauthProvider);
    if (oauthProvider || (request.method !== 'GET' && request.method !== 'HEAD')) {
      throw new Problem(
        oauthProvider || path === '/' || path.startsWith('/files/') || path === '/metrics'
          ? 'METHOD_NOT_ALLOWED'
          : 'NOT_FOUND',
        `${request.method} ${path} is not served.`,
      );
    }
    const page = await routes.console?.answer(request, path, context);
    if (page) return page;
    if (path === '/' && routes.graphiql) return new Response(null, { status: 302, headers: { location: '/graphql' } });
    if (path === '/') throw new Problem('NOT_FOUND', noPage);
    if (path === '/metrics') {
      const { type, text } = await routes.metrics();
      return textResponse(200, text, type);
    }
    const [, fileId] = /^\/files\/([^/]+)$/.exec(path) ?? [];
    if (fileId) return routes.file(request, fileId);
    throw new Problem('NOT_FOUND', `${path.slice(0, 200)} is not served.`);
  }

  return {
    async onRequest({ request, url, serverContext, endResponse }) {
      const requestId = serverContext.requestId ?? asUuid(request.headers.get('x-request-id') ?? '') ?? newId();
      serverContext.requestId = requestId;
      try {
        const response = await answer(request, url.pathname, serverContext);
        if (response) endResponse(response);
      } catch (error) {
        const problem = problemOf(error);
        if (problem.code === 'INTERNAL') log.error({ err: error, instance: requestId }, 'unexpected error');
        endResponse(problemResponse(problem, requestId));
      }
    },
    onResponse({ response, serverContext, setResponse }) {
      const requestId = serverContext.requestId ?? newId();
      // Yoga answers what it cannot read, or may not write, with only a status.
      if (response.status >= 400 && !response.headers.get('content-type')) {
        const code = codeOfStatus[response.status] ?? 'BAD_USER_INPUT';
        const problem = new Problem(code, response.statusText || 'The request cannot be read.', {
          status: response.status,
        });
        setResponse(problemResponse(problem, requestId));
      } else {
        response.headers.set('x-request-id', requestId);
      }
    },
  };
}
