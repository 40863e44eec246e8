import { Session } from 'node:inspector';

const afterMs = 5_000;

/**
 * Collects what the start has left, some seconds from now: up to half of the heap. V8 collects when more is allocated,
 * so a process with little to do would keep it.
 */
export function collectStartGarbage(): void {
  setTimeout(() => {
    // Not `gc` of a new context by `node:vm`: after that `process.nextTick` stays ten times as slow.
    const session = new Session();
    session.connect();
    session.post('HeapProfiler.collectGarbage');
    session.disconnect();
  }, afterMs).unref();
}
