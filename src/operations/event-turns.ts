import { createFairTurns, type Turn } from '../database/fair-turns.ts';

/**
 * How many events are answered at a time. They share batched reads, and what they do with the rows of one holds up the
 * event loop.
 */
const maxAtOnce = 32;
const maxPerTenant = 24;

/**
 * Runs what subscriptions do about events, a bounded number at a time and tenant by tenant. One event for thousands of
 * subscriptions would otherwise queue thousands of reads, and other requests would find no connection in time. A stream
 * waits with one event at most, so the number of streams bounds how many wait.
 */
export function createEventTurns(): <Result>(
  tenantId: string,
  work: () => Result | Promise<Result>,
) => Promise<Result> {
  const turns = createFairTurns({
    running: maxAtOnce,
    runningOfKey: maxPerTenant,
    waiting: Number.POSITIVE_INFINITY,
    waitingOfKey: Number.POSITIVE_INFINITY,
  });
  return async (tenantId, work) => {
    const turn = turns.take(tenantId) ?? (await new Promise<Turn>((proceed) => turns.wait(tenantId, proceed)));
    try {
      return await work();
    } finally {
      turns.give(turn);
    }
  };
}
