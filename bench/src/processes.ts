import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSet } from './data-set.ts';
import { tenants } from './data-set.ts';
import { requestLine, run, writeRequests } from './load.ts';
import { seeded } from './operations.ts';
import { median } from './report.ts';
import type { Plan } from './rounds.ts';
import type { Launcher, Server } from './servers.ts';

/** Requests a second of one process and of several, medians, and the ratio in each round. */
export type Scale = { what: string; one: number; several: number; ratios: number[] };

const firstWarmUp = 4;
const warmUp = 1;
const settling = 500;
const drawn = 20_000;

// What the server alone does, without a database. The second process cannot have the CPU time that the load takes:
// of the first request that is a good part, of the second next to nothing.
const invalidIds = Array.from({ length: 50 }, (_, i) => `a${i}: participant(id: "none-${i}") { id displayName }`).join(
  ' ',
);
const alone = [
  { name: 'invalidIds', title: 'fifty reads by an invalid id', query: `{ ${invalidIds} }` },
  {
    name: 'schema',
    title: 'the schema, every type with its fields',
    query: '{ __schema { types { name kind fields { name isDeprecated type { name kind ofType { name kind } } } } } }',
  },
];

/** Measures the service with one process and with several in turn: operations, and requests for the server alone. */
export async function scale(
  launcher: Launcher,
  data: DataSet,
  plan: Plan,
  { processes, redisUrl }: { processes: number; redisUrl: string },
  say: (line: string) => void,
): Promise<Scale[]> {
  const { rounds, seconds, connections, generator } = plan;
  // Both stay up: an idle one costs nothing.
  const start = (count: number) =>
    launcher.start('rollcall', data.databaseUrl, plan.poolSize, {
      REDIS_URL: redisUrl,
      PROCESSES: String(count),
      INTROSPECTION: 'on',
    });
  const servers: [Server, Server] = [await start(1), await start(processes)];

  const tasks: { what: string; files: [string, string] }[] = [];
  const reads = plan.operations.filter(({ writes }) => !writes);
  for (const what of [...alone, ...reads]) {
    const files: string[] = [];
    for (const [index, server] of servers.entries()) {
      const file = join(launcher.folder, `scale-${what.name}-${index}.txt`);
      if ('query' in what) {
        const body = JSON.stringify({ query: what.query });
        const lines = Array.from({ length: tenants }, (_, tenant) => requestLine(server.authorization(tenant), body));
        writeFileSync(file, lines.join(''));
      } else {
        const draws = what.draw(drawn, data, seeded(1));
        await writeRequests(
          file,
          server,
          draws.map((draw) => [what.name, draw] as const),
        );
      }
      files.push(file);
    }
    tasks.push({ what: what.title, files: files as [string, string] });
  }

  try {
    const found = tasks.map(({ what }) => ({ what, each: [[], []] as [number[], number[]] }));
    for (let round = 0; round < rounds; round++) {
      for (const [index, { what, files }] of tasks.entries()) {
        for (const which of round % 2 ? ([1, 0] as const) : ([0, 1] as const)) {
          const load = { generator, url: servers[which].url, connections, file: files[which], offset: round * 97 };
          const warmed = await run({ ...load, seconds: round === 0 ? firstWarmUp : warmUp, verify: true });
          if (warmed.failed > 0) throw new Error(`${what}: ${warmed.failed} of ${warmed.requests} requests failed.`);
          await sleep(settling);
          const { requests, seconds: taken } = await run({ ...load, seconds, verify: false });
          found[index]?.each[which].push(requests / taken);
          say(
            `round ${round + 1}/${rounds}  ${which ? processes : 1} process${which ? 'es' : ''}, ${what}: ${(requests / taken).toFixed(0)} req/s`,
          );
        }
      }
    }
    return found.map(({ what, each: [one, several] }) => ({
      what,
      one: median(one),
      several: median(several),
      ratios: one.map((single, round) => (several[round] as number) / single),
    }));
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

/** What was found as a Markdown table. */
export function scaleTable(found: readonly Scale[], processes: number): string {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    row(['', 'requests/s: 1 process', `${processes} processes`, '× (least–most)']),
    row(['---', '---:', '---:', '---:']),
    ...found.map(({ what, one, several, ratios }) =>
      row([
        what,
        one.toFixed(0),
        several.toFixed(0),
        `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`,
      ]),
    ),
    '',
  ].join('\n');
}
