import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * How long a stopping server accepts connections and answers that it stops, so that requests on their way are not cut
 * off.
 */
const graceMs = 300;
/** How long a request may take to arrive once the server stops. */
const arrivalMs = 1_000;
/** How long an answer may take once the server stops. */
const answerMs = 15_000;
const lookEveryMs = 50;

/** Stops a server without cutting off answers. */
export interface ServerStop {
  /**
   * Accepts no connections after a short time, and resolves when all are closed. A connection is closed after its
   * answer, or when its request or answer takes too long.
   */
  stop(): Promise<void>;
}

/** Watches a server's connections. Once the server is stopping, each ends with its next answer. */
export function watchConnections(server: Server, stopping: () => boolean): ServerStop {
  /** The connections, each with the answer to its last request. */
  const connections = new Map<Socket, ServerResponse | null>();
  server.on('connection', (socket) => {
    if (!connections.has(socket)) socket.once('close', () => connections.delete(socket));
    connections.set(socket, null);
  });
  server.prependListener('request', (request, response) => {
    connections.set(request.socket, response);
    if (stopping()) response.setHeader('connection', 'close');
  });
  // Looked at when the server stops, so that an ordinary request needs no listener.
  const isAnswering = (response: ServerResponse | null) =>
    response?.req.complete === true && !response.writableFinished && !response.destroyed;

  return {
    async stop() {
      await sleep(graceMs);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const since = performance.now();
      // Connections that were busy at first become idle later, and would stay until their client leaves.
      const timer = setInterval(() => {
        server.closeIdleConnections();
        const waitedMs = performance.now() - since;
        if (waitedMs < arrivalMs) return;
        for (const [socket, response] of connections)
          if (waitedMs > answerMs || !isAnswering(response)) socket.destroy();
      }, lookEveryMs);
      await closed;
      clearInterval(timer);
    },
  };
}
