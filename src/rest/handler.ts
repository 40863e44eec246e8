import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { actorOf, demand, type Viewer } from '../auth/viewer.ts';
import type { Actor } from '../database/actor.ts';
import type { TenantDatabase } from '../database/database.ts';
import { problemBehind } from '../database/failures.ts';
import { asUuid } from '../database/ids.ts';
import type { OperationTurns } from '../database/operation-turns.ts';
import { createBoundedLog } from '../errors/bounded-log.ts';
import { Problem } from '../errors/catalogue.ts';
import type { BodyBudget } from '../http/bodies.ts';
import { allowMethods, allowOrigin } from '../http/cross-origin.ts';
import { readJson } from '../http/json-body.ts';
import { type Face, statusIn } from './face.ts';
import { checkedInput } from './input.ts';
import { creating, idempotencyHeader, type Operation, type Reply } from './operation.ts';
import type { Pages } from './pages.ts';
import type { Route, Router } from './router.ts';
import type { RestServices } from './services.ts';

/** From this length on, on average, an operation's answers are long, in characters: those of lists mostly. */
const wideLength = 8_000;

type Headers = { get(name: string): string | null };

export type RestOptions = {
  faces: readonly Face[];
  router: Router;
  pages: Pages;
  services: RestServices;
  /** The database as the viewer may use it, and as the actor changes it. */
  databaseOf(viewer: Viewer, actor: Actor, isRead: boolean): TenantDatabase;
  /** Who sends the headers, found out and counted. Throws when nobody does, or too often. */
  signIn(headers: Headers): Promise<Viewer> | Viewer;
  bodies: BodyBudget;
  /** The turns that the tenants’ operations take. */
  turns: OperationTurns;
  /** Bytes of a body, and of an answer. */
  largestBody: number;
  largestAnswer: number;
  /** Whether pages of that origin may read answers. */
  isListed(origin: string): boolean;
  stopping(): boolean;
  /** Told of each answer: the operation's id (null where none was met), its status, and the seconds it took. */
  answered(operation: string | null, status: number, seconds: number): void;
  log: Logger;
};

/** A request that is being answered. */
type Exchange = {
  request: IncomingMessage;
  response: ServerResponse;
  face: Face;
  operation: Operation | null;
  requestId: string;
  startedAt: number;
};

/** Answers the requests to the faces of the three REST systems, and those for their documents. */
export function createRestHandler(options: RestOptions): RequestListener {
  const { faces, router, pages, stopping, log } = options;
  // In an outage every request, also without a valid credential, causes a line.
  const unavailable = createBoundedLog((fields, message) => log.warn(fields, message));
  const first = faces[0] as Face;
  /** How long the last answers of each operation were, on average. */
  const lengths = new Map<Operation, number>();
  const faceAt = (path: string) => faces.find(({ prefix }) => path.startsWith(prefix)) ?? first;

  async function answer(exchange: Exchange, url: string): Promise<void> {
    const { request } = exchange;
    const [path = '', search = ''] = split(url);
    if (request.method === 'OPTIONS') return allow(exchange, path);
    const page = await pages.find(path);
    if (page) {
      if (request.method !== 'GET' && request.method !== 'HEAD') throw notAllowed(request, ['GET', 'HEAD']);
      return send(exchange, 200, page.body, { 'content-type': page.type, ...page.headers });
    }
    const route = router.find(request.method === 'HEAD' ? 'GET' : (request.method ?? ''), path);
    if (!route) {
      const allowed = router.allowed(path);
      if (allowed.length > 0) throw notAllowed(request, allowed);
      throw new Problem('NOT_FOUND', `${path.slice(0, 200)} is not served.`);
    }
    exchange.operation = route.operation;
    if (stopping()) throw new Problem('UNAVAILABLE', 'The server is stopping: try again elsewhere.', { retryAfter: 1 });
    const { status, body } = await run(exchange, route, search);
    if (body === undefined) return send(exchange, status, null);
    const text = JSON.stringify(body);
    const length = lengths.get(route.operation) ?? 0;
    lengths.set(route.operation, length + (text.length - length) / 4);
    if (text.length > options.largestAnswer)
      throw new Problem('RESULT_TOO_LARGE', 'The answer would be larger than 16 MB: ask for less.');
    send(exchange, status, text, { 'content-type': 'application/json; charset=utf-8' });
  }

  async function run(exchange: Exchange, { face, operation, path }: Route, search: string): Promise<Reply> {
    const { request, requestId } = exchange;
    const viewer = await options.signIn({ get: (name) => header(request, name) });
    const tenant = face.tenant && path[face.tenant];
    // What is another tenant's is answered as what is nobody's.
    if (tenant && asUuid(tenant) !== viewer.tenantId)
      throw new Problem('NOT_FOUND', `There is no ${face.tenant} ${tenant.slice(0, 100)}.`);
    demand(viewer, operation.scope);
    const given = {
      query: new URLSearchParams(search),
      body: operation.body && (await readJson(request, options.bodies, options.largestBody)),
    };
    const { query, body } = checkedInput(operation, given);
    const isRead = operation.method === 'GET';
    const db = options.databaseOf(viewer, actorOf(viewer, requestId, `${face.name}.${operation.id}`), isRead);
    const once = creating(operation, viewer, db, header(request, idempotencyHeader.toLowerCase()));
    const work = () => operation.run({ viewer, db, services: options.services, path, query, body, once });
    return options.turns.run(viewer.tenantId, (lengths.get(operation) ?? 0) >= wideLength, work);
  }

  function fail(exchange: Exchange, error: unknown): void {
    const { face, request, requestId } = exchange;
    const problem = problemBehind(error);
    if (problem.code === 'INTERNAL')
      log.error({ err: problem.cause, instance: requestId, operation: nameOf(exchange) }, 'unexpected error');
    if (problem.code === 'UNAVAILABLE') unavailable({ err: problem.cause, instance: requestId }, 'unavailable');
    const status = statusIn(face, exchange.operation, problem);
    const told = face.errorBody(problem, status, requestId);
    send(exchange, status, told && JSON.stringify(told.body), {
      ...(told && { 'content-type': told.type }),
      ...(problem.retryAfter !== undefined && { 'retry-after': String(problem.retryAfter) }),
      ...(status === 401 && { 'www-authenticate': 'Bearer, AccessKey' }),
      ...(status === 405 && { allow: router.allowed(split(request.url ?? '')[0] ?? '').join(', ') || 'GET, HEAD' }),
      // What is left of a body that is too large is not waited for.
      ...(problem.code === 'RESULT_TOO_LARGE' && !request.complete && { connection: 'close' }),
    });
  }

  function allow(exchange: Exchange, path: string): void {
    const allowed = router.allowed(path);
    if (allowed.length === 0) throw new Problem('NOT_FOUND', `${path.slice(0, 200)} is not served.`);
    send(exchange, 204, null, allowMethods(exchange.request, allowed, options.isListed));
  }

  function send(
    exchange: Exchange,
    status: number,
    body: string | Buffer | null,
    headers: Record<string, string> = {},
  ): void {
    const { request, response, requestId, startedAt } = exchange;
    allowOrigin(request, response, options.isListed, 'X-Request-Id, Retry-After');
    if (stopping()) response.setHeader('connection', 'close');
    options.answered(nameOf(exchange), status, (performance.now() - startedAt) / 1_000);
    response.writeHead(status, {
      'cache-control': 'no-store',
      'x-request-id': requestId,
      ...headers,
      ...(body !== null && { 'content-length': Buffer.byteLength(body) }),
      ...(body === null && status !== 204 && { 'content-length': 0 }),
    });
    response.end(request.method === 'HEAD' ? undefined : (body ?? undefined));
    // A body that was not read would be in the way of the connection's next request.
    request.resume();
  }

  return (request, response) => {
    const url = request.url ?? '/';
    const exchange: Exchange = {
      request,
      response,
      face: faceAt(url),
      operation: null,
      requestId: asUuid(header(request, 'x-request-id') ?? '') ?? randomUUID(),
      startedAt: performance.now(),
    };
    answer(exchange, url)
      .catch((error) => fail(exchange, error))
      .catch((error) => {
        log.error({ err: error }, 'the REST handler failed');
        response.destroy();
      });
  };
}

/** The name of the operation that a request met, as the metrics have it; null where it met none. */
const nameOf = ({ face, operation }: Exchange): string | null => operation && `${face.name}.${operation.id}`;

/** A target's path and query. */
function split(url: string): string[] {
  const at = url.indexOf('?');
  return at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)];
}

const notAllowed = ({ method, url }: IncomingMessage, allowed: readonly string[]) =>
  new Problem(
    'METHOD_NOT_ALLOWED',
    `${method} ${split(url ?? '')[0]?.slice(0, 200)} is not served: use ${allowed.join(', ')}.`,
  );

const header = (request: IncomingMessage, name: string): string | null => {
  const value = request.headers[name];
  return typeof value === 'string' ? value : null;
};
