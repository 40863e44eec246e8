import { executionAsyncResource } from 'node:async_hooks';
import { Session } from 'node:inspector/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';

const afterMs = 5_000;

/** Never emptied, so that what is in it outlives every collection. */
const kept: object[] = [];

/**
 * Collects what the start has left, some seconds from now: up to half of the heap. V8 collects when more is allocated,
 * so a process with little to do would keep it.
 */
export function collectStartGarbage(): void {
  keepTick();
  setTimeout(collect, afterMs).unref();
}

/**
 * Keeps one of the objects that `process.nextTick` makes. When V8 collects while there is none, it forgets their shape,
 * and then `nextTick` makes them three times as slowly, for ever: 7 % of a busy process instead of 1 %.
 */
function keepTick(): void {
  process.nextTick(() => kept.push(executionAsyncResource()));
}

async function collect(): Promise<void> {
  const session = new Session();
  session.connect();
  await session.post('HeapProfiler.collectGarbage');
  // To disconnect while the answer is still being handed over would hang Node 20.
  await nextTurn();
  session.disconnect();
}
