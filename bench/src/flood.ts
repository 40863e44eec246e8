import { Agent } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSet } from './data-set.ts';
import { run, writeRequests } from './load.ts';
import { operationNamed, seeded } from './operations.ts';
import { type Delays, readsOfOthers } from './others.ts';
import type { Plan } from './rounds.ts';
import type { Launcher } from './servers.ts';

/** What a flood of one tenant does to the point reads of another. */
export type Flooded = {
  flood: string;
  /** What the tenant of the flood got, in requests a second. */
  requests: number;
  failed: number;
  alone: Delays;
  beside: Delays;
};

const floods = ['participant', 'contactList', 'inbox'] as const;
const manyRequests = 20_000;

/**
 * Floods the service with reads of one tenant over all connections of the plan, and reads participants of another at a
 * steady rate: first alone, then beside the flood.
 */
export async function flood(
  launcher: Launcher,
  data: DataSet,
  { poolSize, connections, seconds, generator }: Plan,
  say: (line: string) => void,
): Promise<Flooded[]> {
  const server = await launcher.start('rollcall', data.databaseUrl, poolSize);
  const agent = new Agent({ keepAlive: true });
  const others = readsOfOthers(server, data, (tenant) => tenant === 1, agent);
  const found: Flooded[] = [];
  try {
    await others(sleep(2_000));
    for (const name of floods) {
      const file = join(launcher.folder, `flood-${name}.txt`);
      const draws = operationNamed(name)
        .draw(manyRequests, data, seeded(42))
        .filter(({ tenant }) => tenant === 0);
      await writeRequests(
        file,
        server,
        draws.map((draw) => [name, draw]),
      );
      const load = { generator, url: server.url, connections, seconds, file, offset: 0, verify: false };
      await run({ ...load, seconds: 2 });
      const alone = await others(sleep(seconds * 1_000));
      const flooding = run(load);
      const beside = await others(flooding);
      const { requests, seconds: took, failed } = await flooding;
      found.push({ flood: name, requests: requests / took, failed, alone, beside });
      say(rowOf(found.at(-1) as Flooded));
    }
    return found;
  } finally {
    agent.destroy();
    await server.stop();
  }
}

const delays = ({ p50, p99, max }: Delays) => `${p50.toFixed(1)} / ${p99.toFixed(1)} / ${max.toFixed(0)}`;

const rowOf = ({ flood, requests, failed, alone, beside }: Flooded): string =>
  `| ${[
    flood,
    requests.toFixed(0),
    failed,
    delays(alone),
    delays(beside),
    (beside.p50 / alone.p50).toFixed(1),
    (beside.p99 / alone.p99).toFixed(1),
  ].join(' | ')} |`;

/** The result as Markdown. */
export const floodTable = (found: readonly Flooded[]): string =>
  [
    '| flood of one tenant | its requests/s | failed | another’s reads alone: p50 / p99 / most ms | beside it | × p50 | × p99 |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...found.map(rowOf),
  ].join('\n');
