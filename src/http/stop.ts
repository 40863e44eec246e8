import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * How long a server that stops still takes connections, and answers that it stops: what is on its way is not cut off.
 */
const graceMs = 300;
/** How long a request may take to arrive once the server stops. */
const arrivalMs = 1_000;
/** How long an answer may take once the server stops. */
const answerMs = 15_000;
const lookEveryMs = 50;

/** Ends a server without cutting off what is being answered. */
export interface ServerStop {
  /**
   * Takes no new connections after a short grace, and resolves when all are closed: a connection is closed after its
   * answer, or when its request does not arrive in time, or when the answer takes too long.
   */
  stop(): Promise<void>;
}

/** Watches a server's connections, and has each end with its next answer once the server is stopping. */
export function watchConnections(server: Server, stopping: () => boolean): ServerStop {
  /** The connections, each with the request that it carries. */
  const connections = new Map<Socket, IncomingMessage | null>();
  server.on('connection', (socket) => {
    if (!connections.has(socket)) socket.once('close', () => connections.delete(socket));
    connections.set(socket, null);
  });
  server.prependListener('request', (request, response) => {
    const { socket } = request;
    connections.set(socket, request);
    response.once('close', () => {
      if (connections.get(socket) === request) connections.set(socket, null);
    });
    if (stopping()) response.setHeader('connection', 'close');
  });
  const isAnswering = (request: IncomingMessage | null) => request?.complete ?? false;

  return {
    async stop() {
      await sleep(graceMs);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const since = performance.now();
      // Those that were busy when it began are idle later, and would stay until their client leaves.
      const timer = setInterval(() => {
        server.closeIdleConnections();
        const waitedMs = performance.now() - since;
        if (waitedMs < arrivalMs) return;
        for (const [socket, request] of connections) if (waitedMs > answerMs || !isAnswering(request)) socket.destroy();
      }, lookEveryMs);
      await closed;
      clearInterval(timer);
    },
  };
}
