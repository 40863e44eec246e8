import type { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSet } from './data-set.ts';
import { operationNamed, seeded } from './operations.ts';
import { send } from './send.ts';
import type { Server } from './servers.ts';

/** How long requests took, in milliseconds. */
export type Delays = { p50: number; p99: number; max: number };

const sharesOf = (values: number[]): Delays => {
  values.sort((a, b) => a - b);
  const share = (part: number) => values[Math.min(values.length - 1, Math.floor(values.length * part))] ?? Number.NaN;
  return { p50: share(0.5), p99: share(0.99), max: share(1) };
};

/** How often a participant is read, and for how long at the least. */
const everyMs = 5;
const atLeastMs = 1_000;

/**
 * Returns a function that reads participants of some tenants at a steady rate until the promise is settled, and tells
 * how long these reads took.
 */
export function readsOfOthers(server: Server, data: DataSet, isOther: (tenant: number) => boolean, agent: Agent) {
  const draws = operationNamed('participant')
    .draw(2_000, data, seeded(42))
    .filter(({ tenant }) => isOther(tenant));
  return async (until: Promise<unknown>): Promise<Delays> => {
    const tookMs: number[] = [];
    const waiting: Promise<void>[] = [];
    let over = false;
    const settled = () => {
      over = true;
    };
    until.then(settled, settled);
    const begun = performance.now();
    for (let index = 0; !over || performance.now() - begun < atLeastMs; index++) {
      const draw = draws[index % draws.length];
      if (!draw) break;
      const sentAt = performance.now();
      waiting.push(
        send(server, draw.tenant, server.body('participant', draw), agent).then(() => {
          tookMs.push(performance.now() - sentAt);
        }),
      );
      await sleep(everyMs);
    }
    await Promise.all(waiting);
    return sharesOf(tookMs);
  };
}
