import { Agent, createServer, type RequestListener, request as send } from 'node:http';
import { Readable } from 'node:stream';

export type Fetch = (request: Request) => Promise<Response>;

/**
 * A server of the handler's on a socket that only this process knows: requests go the way that they go in production.
 */
export async function listenLocally(handler: RequestListener, path: string) {
  const server = createServer(handler);
  // On a busy machine a connection would be closed while the next request is already on its way.
  server.keepAliveTimeout = 0;
  // Tests open more connections at once than a listener holds by default.
  const place = { path, backlog: 4_000 };
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(place, resolve));
  const agent = new Agent({ keepAlive: true });
  return {
    fetch: (request: Request) => sendOver(path, agent, request),
    async close() {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/**
 * Sends the request, to the host that its URL names. Its body is declared by its length, unless its headers say that it
 * is chunked.
 */
async function sendOver(path: string, agent: Agent, request: Request): Promise<Response> {
  const url = new URL(request.url);
  const streamed = request.headers.get('transfer-encoding') === 'chunked';
  const body = request.body && !streamed ? Buffer.from(await request.arrayBuffer()) : null;
  const headers: Record<string, string> = { host: url.host, ...Object.fromEntries(request.headers) };
  if (body) headers['content-length'] = String(body.byteLength);
  return new Promise((resolve, reject) => {
    const sent = send({ socketPath: path, agent, method: request.method, path: url.pathname + url.search, headers });
    const leave = () => sent.destroy();
    request.signal.addEventListener('abort', leave, { once: true });
    sent.on('error', reject);
    sent.on('response', (answer) => {
      const { statusCode: status = 0, statusMessage: statusText = '' } = answer;
      const received = new Headers();
      for (let index = 0; index < answer.rawHeaders.length; index += 2)
        received.append(answer.rawHeaders[index] ?? '', answer.rawHeaders[index + 1] ?? '');
      const hasBody = request.method !== 'HEAD' && status !== 204 && status !== 304;
      if (!hasBody) answer.resume();
      resolve(
        new Response(hasBody ? (Readable.toWeb(answer) as ReadableStream) : null, {
          status,
          statusText,
          headers: received,
        }),
      );
    });
    if (streamed && request.body) Readable.from(request.body).on('error', reject).pipe(sent);
    else sent.end(body);
  });
}
