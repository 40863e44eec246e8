import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import type { Viewer } from '../../src/auth/viewer.ts';
import { createMemoryBus } from '../../src/events/bus.ts';
import { createStreams } from '../../src/operations/streams.ts';

const viewer: Viewer = {
  kind: 'ACCESS_KEY',
  tenantId: 't',
  id: 'k',
  agentId: null,
  scopes: new Set(),
  expiresAt: null,
};

/** The results as a subscription of the viewer's gives them. */
const alive = (results: AsyncIterable<object>) =>
  createStreams(createMemoryBus(), { query: async () => [] }).keep(viewer, results);

test('a stream keeps none of the results that it has given', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const given: WeakRef<object>[] = [];
  const stream = alive(
    (async function* () {
      for (;;) {
        const result = { data: {} };
        given.push(new WeakRef(result));
        yield result;
      }
    })(),
  );
  for (let count = 0; count < 100; count++) await stream.next();
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  // The last one or two are still on somebody's stack.
  expect(given.slice(0, 90).filter((result) => result.deref())).toEqual([]);
  await stream.return?.();
});
