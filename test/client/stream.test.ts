import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import type { Problem } from '../../packages/client/src/problem.ts';
import { openStream } from '../../packages/client/src/stream.ts';

test.each([
  ['before anything', ''],
  ['with its first event', 'event: next\ndata: {"data":{}}\n\n'],
])('a stream whose body ends in good order %s has ended, and is not completed', async (_, body) => {
  const server = createServer((_, response) =>
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(body),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
  const heard: unknown[] = [];
  const problem = await new Promise<Problem | null>((resolve) =>
    openStream({
      endpoint: { url, headers: () => ({}) },
      body: { query: 'subscription { agentChanged { __typename } }', variables: {} },
      silentAfterMs: 600_000,
      onOpen: () => {},
      onData: (data) => heard.push(data),
      onEnd: resolve,
    }),
  );
  expect(problem).toMatchObject({ code: 'NETWORK', status: null });
  expect(heard).toEqual(body ? [{}] : []);
  server.close();
});
