import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { watchConnections } from '../../src/http/stop.ts';
import { startApp, type TestApp } from '../app.ts';

let service: TestApp | undefined;
afterEach(() => service?.close());

type Answered = { status: number; connection: string | undefined };

/** Sends the operation over the agent's connections; rejects when the connection breaks. */
function post(url: string, agent: Agent, authorization: string, query: string): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', authorization };
    const sent = request(url, { method: 'POST', agent, headers }, (response: IncomingMessage) => {
      response.resume();
      response.on('end', () => resolve({ status: response.statusCode ?? 0, connection: response.headers.connection }));
    });
    sent.on('error', reject);
    sent.end(JSON.stringify({ query }));
  });
}

test.each([0, 20])('a stop ends although clients go on asking over their connections, every %i ms', async (pause) => {
  service = await startApp({ PORT: '0' });
  const { url } = await service.app.listen();
  const authorization = `Bearer ${await service.tenant.token()}`;
  const agents = Array.from({ length: 8 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  const answers: Answered[] = [];
  let stopped = false;
  const clients = agents.map(async (agent) => {
    // Until nobody listens any more.
    while (!stopped) {
      try {
        answers.push(await post(`${url}/graphql`, agent, authorization, '{ agents { id } }'));
      } catch (error) {
        expect((error as NodeJS.ErrnoException).code).toMatch(/ECONNREFUSED|ECONNRESET/);
        return;
      }
      await sleep(pause);
    }
  });
  while (answers.length < 50) await sleep(10);
  expect(answers.every(({ status, connection }) => status === 200 && connection === 'keep-alive')).toBe(true);

  const closing = service.app.close();
  service = undefined;
  await closing;
  stopped = true;
  await Promise.all(clients);
  const refused = answers.filter(({ status }) => status !== 200);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused.every(({ status, connection }) => status === 503 && connection === 'close')).toBe(true);
  for (const agent of agents) agent.destroy();
});

test('a connection whose answer had begun before the stop is closed when it has been given', async () => {
  let stopping = false;
  let finish = () => {};
  const server = createServer((_, response) => {
    response.writeHead(200).write('begun, ');
    finish = () => response.end('and given');
  });
  // A connection that nobody closes stays.
  server.keepAliveTimeout = 0;
  const connections = watchConnections(server, () => stopping);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true });
  const sent = request({ port, host: '127.0.0.1', agent }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];

  stopping = true;
  const closed = once(server, 'close');
  const stopped = connections.stop();
  // It listens no more: what was idle has been closed.
  while (server.listening) await sleep(10);
  finish();
  expect(await response.toArray().then((parts) => parts.join(''))).toBe('begun, and given');
  await Promise.all([closed, stopped]);
  agent.destroy();
});
