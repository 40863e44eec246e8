import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import type { Viewer } from '../../src/auth/viewer.ts';
import { createMemoryBus } from '../../src/events/bus.ts';
import { createLifetimes } from '../../src/operations/lifetimes.ts';

const viewer: Viewer = {
  kind: 'ACCESS_KEY',
  tenantId: 't',
  id: 'k',
  agentId: null,
  scopes: new Set(),
  expiresAt: null,
};

/** The results as a subscription of the viewer's gives them. */
async function alive(results: AsyncIterable<object>): Promise<AsyncIterableIterator<object>> {
  const { plugin } = createLifetimes(createMemoryBus(), { query: async () => [] });
  let stream: unknown;
  const hooks = await plugin.onSubscribe?.({ args: { contextValue: { viewer } } } as never);
  await hooks?.onSubscribeResult?.({ result: results, setResult: (result: unknown) => (stream = result) } as never);
  return stream as AsyncIterableIterator<object>;
}

test('a stream keeps none of the results that it has given', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const given: WeakRef<object>[] = [];
  const stream = await alive(
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
