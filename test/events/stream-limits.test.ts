import { beforeEach, expect, test } from 'vitest';
import type { Viewer } from '../../src/auth/viewer.ts';
import { createMemoryBus } from '../../src/events/bus.ts';
import { createStreams, maxStreams, type Streams } from '../../src/operations/streams.ts';

const viewer = (tenantId: string, id: string): Viewer => ({
  kind: 'USER',
  tenantId,
  id,
  agentId: null,
  scopes: new Set(),
  expiresAt: null,
});

let streams: Streams;
beforeEach(() => {
  streams = createStreams(createMemoryBus(), { query: async () => [] });
});

type Stream = ReturnType<Streams['keep']>;

/** Opens a stream as an operation does; returns it, or what it was refused with. */
function open(of: Viewer, connection?: object): Stream | string {
  try {
    streams.demandRoom(of, connection);
  } catch (error) {
    return (error as Error).message;
  }
  async function* results() {
    await new Promise(() => {});
    yield {};
  }
  return streams.keep(of, results(), connection);
}
const opened = (count: number, of: (index: number) => [Viewer, object?]) => {
  const made: Stream[] = [];
  for (let index = 0; index < count; index += 1) {
    const stream = open(...of(index));
    if (typeof stream === 'string') throw new Error(stream);
    made.push(stream);
  }
  return made;
};

test('a connection has so many streams, and another one once it has ended one', () => {
  const [ada, socket] = [viewer('t1', 'ada'), {}];
  const [first] = opened(maxStreams.connection, () => [ada, socket]);
  expect(open(ada, socket)).toMatch(/connection has 100/);
  expect(typeof open(ada, {})).toBe('object');
  // Ended before it has said anything: a generator that waits cannot be returned from, but it is not counted any more.
  void first?.return?.();
  expect(typeof open(ada, socket)).toBe('object');
  expect(open(ada, socket)).toMatch(/connection has 100/);
});

test('a credential has so many, over however many connections, and the same name elsewhere its own', () => {
  opened(maxStreams.credential, (index) => [viewer('t1', 'ada'), { of: index }]);
  expect(open(viewer('t1', 'ada'))).toMatch(/credential has 1000/);
  expect(typeof open(viewer('t2', 'ada'))).toBe('object');
  expect(typeof open(viewer('t1', 'bob'))).toBe('object');
});

test('a tenant has so many, over however many credentials', () => {
  opened(maxStreams.tenant, (index) => [viewer('t1', `user ${index % 10}`)]);
  expect(open(viewer('t1', 'somebody else'))).toMatch(/tenant has 5000/);
  expect(typeof open(viewer('t2', 'somebody else'))).toBe('object');
});
