import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { collectStartGarbage } from '../src/start-garbage.ts';

afterEach(() => {
  vi.useRealTimers();
});

/** Objects that nothing else refers to. They are made in a call of their own, so that no frame of the test has them. */
const garbage = () => Array.from({ length: 100 }, (_, index) => new WeakRef({ index }));

test('what nothing refers to is collected five seconds after the start', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  const objects = garbage();
  // An object of a new WeakRef stays until the turn of the event loop is over.
  await turn();
  collectStartGarbage();
  await vi.advanceTimersByTimeAsync(5_000);
  await vi.waitFor(() => expect(objects.filter((object) => object.deref()).length).toBeLessThan(100));
});
