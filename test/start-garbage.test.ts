import { createHook } from 'node:async_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { collectStartGarbage } from '../src/start-garbage.ts';

afterEach(() => {
  vi.useRealTimers();
});

/** Objects that nothing else refers to. They are made in a call of their own, so that no frame of the test has them. */
const garbage = () => Array.from({ length: 100 }, (_, index) => new WeakRef<object>({ index }));

/** Does the work, and returns the objects that `process.nextTick` makes meanwhile. */
function ticksOf(work: () => void): WeakRef<object>[] {
  const ticks: WeakRef<object>[] = [];
  const hook = createHook({
    init: (_, type, __, resource) => {
      if (type === 'TickObject') ticks.push(new WeakRef(resource));
    },
  }).enable();
  work();
  hook.disable();
  return ticks;
}

const alive = (objects: readonly WeakRef<object>[]) => objects.filter((object) => object.deref()).length;

test('what nothing refers to is collected five seconds after the start, but for an object of nextTick', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  const objects = garbage();
  const ticks = ticksOf(collectStartGarbage);
  // An object of a new WeakRef stays until the turn of the event loop is over.
  await turn();
  await vi.advanceTimersByTimeAsync(5_000);
  await vi.waitFor(() => expect(alive(objects)).toBeLessThan(100));
  expect(alive(ticks)).toBe(1);
});
