import type { Plugin } from 'graphql-yoga';
import { beforeEach, expect, test } from 'vitest';
import type { Viewer } from '../../src/auth/viewer.ts';
import { createMemoryBus } from '../../src/events/bus.ts';
import { createLifetimes, mostStreams } from '../../src/operations/lifetimes.ts';

const viewer = (tenantId: string, id: string): Viewer => ({
  kind: 'USER',
  tenantId,
  id,
  agentId: null,
  scopes: new Set(),
  expiresAt: null,
});

let plugin: Plugin;
beforeEach(() => {
  plugin = createLifetimes(createMemoryBus(), { query: async () => [] }).plugin;
});

type Stream = AsyncIterableIterator<{ errors?: { extensions: { http: { status: number } }; message: string }[] }>;

/** Opens a stream as Yoga would; gives it, or what it was refused with. */
async function open(of: Viewer, connection?: object): Promise<Stream | string> {
  let refused: { errors: { message: string }[] } | undefined;
  let stream: Stream | undefined;
  const hook = (await plugin.onSubscribe?.({
    args: { contextValue: { viewer: of, connection } },
    setResultAndStopExecution: (result: never) => {
      refused = result;
    },
  } as never)) as { onSubscribeResult(payload: object): void } | undefined;
  if (refused) return refused.errors[0]?.message ?? '';
  async function* results() {
    await new Promise(() => {});
    yield {};
  }
  hook?.onSubscribeResult({
    result: results(),
    setResult: (result: Stream) => {
      stream = result;
    },
  });
  return stream as Stream;
}
const opened = async (count: number, of: (index: number) => [Viewer, object?]) => {
  const streams: Stream[] = [];
  for (let index = 0; index < count; index += 1) {
    const stream = await open(...of(index));
    if (typeof stream === 'string') throw new Error(stream);
    streams.push(stream);
  }
  return streams;
};

test('a connection has so many streams, and another one once it has ended one', async () => {
  const [ada, socket] = [viewer('t1', 'ada'), {}];
  const [first] = await opened(mostStreams.connection, () => [ada, socket]);
  expect(await open(ada, socket)).toMatch(/connection has 100/);
  expect(typeof (await open(ada, {}))).toBe('object');
  // Ended before it has said anything: a generator that waits cannot be returned from, but it is not counted any more.
  void first?.return?.();
  expect(typeof (await open(ada, socket))).toBe('object');
  expect(await open(ada, socket)).toMatch(/connection has 100/);
});

test('a credential has so many, over however many connections, and the same name elsewhere its own', async () => {
  await opened(mostStreams.credential, (index) => [viewer('t1', 'ada'), { of: index }]);
  expect(await open(viewer('t1', 'ada'))).toMatch(/credential has 1000/);
  expect(typeof (await open(viewer('t2', 'ada')))).toBe('object');
  expect(typeof (await open(viewer('t1', 'bob')))).toBe('object');
});

test('a tenant has so many, over however many credentials', async () => {
  await opened(mostStreams.tenant, (index) => [viewer('t1', `user ${index % 10}`)]);
  expect(await open(viewer('t1', 'somebody else'))).toMatch(/tenant has 5000/);
  expect(typeof (await open(viewer('t2', 'somebody else')))).toBe('object');
});
