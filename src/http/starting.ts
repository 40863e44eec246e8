import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { Problem, problemDetails } from '../errors/catalogue.ts';

/**
 * How long an idle connection is kept: longer than balancers keep theirs, 60 seconds mostly. Else a balancer sends a
 * request on a connection that is being closed, and answers 502, because it may not send a mutation twice.
 */
const keepAliveMs = 75_000;

/** The HTTP server of the port, without a handler. */
export const createHttpServer = (): Server => createServer({ keepAliveTimeout: keepAliveMs });

/**
 * Answers requests while the service starts: `/healthz` that the process lives, `/readyz` what it waits for, and
 * everything else UNAVAILABLE. Returns the function that ends this.
 */
export function answerWhileStarting(server: Server, missing: () => Record<string, string | null>): () => void {
  const onRequest = (request: IncomingMessage, response: ServerResponse) => answer(request, response, missing());
  server.on('request', onRequest);
  server.on('upgrade', refuseUpgrade);
  return () => {
    server.off('request', onRequest);
    server.off('upgrade', refuseUpgrade);
  };
}

const retryAfter = 2;

function answer(request: IncomingMessage, response: ServerResponse, missing: Record<string, string | null>): void {
  request.resume();
  const { status, type, body, headers = {} } = answerFor(request, missing);
  response.writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

type Answer = { status: number; type: string; body: string | object; headers?: Record<string, string> };

function answerFor({ url, headers: { accept } }: IncomingMessage, missing: Record<string, string | null>): Answer {
  const path = url?.split('?')[0];
  if (path === '/healthz') return { status: 200, type: 'text/plain', body: 'ok\n' };
  // Another process may answer the next request.
  const headers = { connection: 'close', 'retry-after': String(retryAfter) };
  if (path === '/readyz') {
    const body = { ready: false, starting: true, parts: missing, degraded: [] };
    return { status: 503, type: 'application/json', body, headers };
  }
  const instance = randomUUID();
  const problem = new Problem('UNAVAILABLE', 'The service is starting: try again a little later.', { retryAfter });
  const details = problemDetails(problem, instance);
  const named = { ...headers, 'x-request-id': instance };
  if (path !== '/graphql') return { status: 503, type: 'application/problem+json', body: details, headers: named };
  const type = accept?.includes('application/graphql-response+json')
    ? 'application/graphql-response+json'
    : 'application/json';
  return { status: 503, type, body: { errors: [{ message: problem.message, extensions: details }] }, headers: named };
}

function refuseUpgrade(_request: IncomingMessage, socket: Duplex): void {
  socket.on('error', () => {});
  socket.end(
    `HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: ${retryAfter}\r\ncontent-length: 0\r\n\r\n`,
  );
}
