import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const afterMs = 5_000;

/**
 * Collects what the start has left, some seconds from now: up to half of the heap. V8 collects when more is allocated,
 * so a process with little to do would keep it.
 */
export function collectStartGarbage(): void {
  setTimeout(() => {
    setFlagsFromString('--expose-gc');
    (runInNewContext('gc') as () => void)();
  }, afterMs).unref();
}
