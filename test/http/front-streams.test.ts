import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createFront, type FrontOptions } from '../../src/http/front.ts';
import { until } from '../events/trigger.ts';

let server: Server;
const failures: unknown[] = [];
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** A client of a front whose every request is a subscription that is answered so. */
async function ask(answer: () => Response | Promise<Response>): Promise<Socket> {
  const yoga = {
    getResultForParams: async () => (async function* () {})(),
    fetch: answer,
  } as unknown as FrontOptions['yoga'];
  server = createServer(
    createFront({
      yoga,
      direct: { find: () => null, viewerOf: () => null, admit: () => {} },
      present: (result) => result,
      largestBody: 1_000,
      stopping: () => false,
      answered: () => {},
      failed: (error) => failures.push(error),
    }),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const body = '{"query":"subscription { a }"}';
  client.write(
    `POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  return client;
}

/** A stream without an end, how much of it was taken, and whether it was let go. */
function endless() {
  const taken = { parts: 0, cancelled: false };
  const body = new ReadableStream({
    async pull(controller) {
      taken.parts += 1;
      controller.enqueue(new Uint8Array(64 * 2 ** 10));
      await new Promise((resolve) => setImmediate(resolve));
    },
    cancel() {
      taken.cancelled = true;
    },
  });
  return { taken, response: () => new Response(body, { headers: { 'content-type': 'text/event-stream' } }) };
}

test('a stream waits for a client that reads nothing, goes on when it reads, and ends when it leaves', async () => {
  const { taken, response } = endless();
  const client = await ask(response);
  client.pause();
  let before = -1;
  const rests = async () => {
    before = taken.parts;
    await new Promise((resolve) => setTimeout(resolve, 200));
    return taken.parts > 0 && taken.parts === before;
  };
  await until(rests);
  client.resume();
  await until(() => taken.parts > before + 100);
  client.pause();
  await until(rests);
  client.destroy();
  await until(() => taken.cancelled);
  expect(failures).toEqual([]);
});

test('a stream for a client that has left meanwhile is let go', async () => {
  const { taken, response } = endless();
  const client: Socket = await ask(async () => {
    client.destroy();
    // Until the server has heard of it too.
    await until(() => new Promise((known) => server.getConnections((_, count) => known(count === 0))));
    return response();
  });
  await until(() => taken.cancelled);
  expect(taken.parts).toBeLessThan(3);
  expect(failures).toEqual([]);
});
