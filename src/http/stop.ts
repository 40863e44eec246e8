import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long a server that stops still takes connections and answers that it stops, in milliseconds: what is on its way is not cut off. */
const grace = 300;
const betweenLooks = 50;

/** Has every connection end with the next answer once the server stops, so that clients go elsewhere. */
export function endConnectionsWhen(stopping: () => boolean, server: Server): void {
  server.prependListener('request', (_, response) => {
    if (stopping()) response.setHeader('connection', 'close');
  });
}

/** Takes no new connections after a moment's grace, and waits until all there are have had their answers and are closed. */
export async function stopServer(server: Server): Promise<void> {
  await sleep(grace);
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // Those that were busy when it began are idle later, and would stay until their client leaves.
  const looks = setInterval(() => server.closeIdleConnections(), betweenLooks);
  await closed;
  clearInterval(looks);
}
