import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { dataOf, startApp } from '../app.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Starts a service, uses it, and closes it. A function of its own, so that no variable of the test leads to it. */
async function startAndClose(): Promise<WeakRef<object>[]> {
  const { app, tenant, close } = await startApp();
  dataOf(await tenant.graphql('{ viewer { kind } }'));
  await (await app.fetch(new Request('http://localhost/metrics'))).text();
  await close();
  return [new WeakRef(app.database), new WeakRef(app.handler)];
}

test('a closed service keeps nothing in the process', async () => {
  const left = await startAndClose();
  await expect
    .poll(
      async () => {
        collect();
        await sleep(10);
        return left.filter((reference) => reference.deref() !== undefined).length;
      },
      { timeout: 30_000 },
    )
    .toBe(0);
});
