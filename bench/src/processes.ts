import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSet } from './data-set.ts';
import { tenants } from './data-set.ts';
import { requestLine, run, writeRequests } from './load.ts';
import { seeded } from './operations.ts';
import type { Ways } from './options.ts';
import { median } from './report.ts';
import type { Plan } from './rounds.ts';
import type { Launcher, Server } from './servers.ts';

/** Requests a second of one way to run the service and of the other, medians, and the ratio in each round. */
export type Scale = { what: string; one: number; other: number; ratios: number[] };

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

/** Measures the service run in two ways, in turn: operations, and, for processes, requests for the server alone. */
export async function scale(
  launcher: Launcher,
  data: DataSet,
  plan: Plan,
  { names, settings, standby }: Ways,
  say: (line: string) => void,
): Promise<Scale[]> {
  const { rounds, seconds, connections, generator } = plan;
  // Both stay up: an idle one costs nothing.
  const start = (more: NodeJS.ProcessEnv) =>
    launcher.start('rollcall', data.databaseUrl, plan.poolSize, { INTROSPECTION: 'on', ...more });
  const servers: [Server, Server] = [
    await start(settings[0]),
    await start(standby ? { DATABASE_READ_URL: sameDatabase(standby, data.databaseUrl) } : settings[1]),
  ];

  const tasks: { what: string; files: [string, string] }[] = [];
  const reads = plan.operations.filter(({ writes }) => !writes);
  for (const what of [...(standby ? [] : alone), ...reads]) {
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
          say(`round ${round + 1}/${rounds}  ${names[which]}, ${what}: ${(requests / taken).toFixed(0)} req/s`);
        }
      }
    }
    if (standby) say(await answeredBy(servers[1]));
    return found.map(({ what, each: [one, other] }) => ({
      what,
      one: median(one),
      other: median(other),
      ratios: one.map((before, round) => (other[round] as number) / before),
    }));
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

/** The URL of the same database on another server. */
function sameDatabase(server: string, databaseUrl: string): string {
  const url = new URL(server);
  url.pathname = new URL(databaseUrl).pathname;
  return url.href;
}

/** How many statements of reads each server has answered, as the service says. */
async function answeredBy({ url }: Server): Promise<string> {
  const text = await (await fetch(new URL('/metrics', url))).text();
  return [...text.matchAll(/^rollcall_lagging_reads_total\{server="(\w+)"\} (\d+)/gm)]
    .map(([, server, count]) => `${server}: ${count} statements of reads`)
    .join(', ');
}

/** What was found as a Markdown table. */
export function scaleTable(found: readonly Scale[], { names }: Ways): string {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    row(['', `requests/s: ${names[0]}`, names[1], '× (least–most)']),
    row(['---', '---:', '---:', '---:']),
    ...found.map(({ what, one, other, ratios }) =>
      row([
        what,
        one.toFixed(0),
        other.toFixed(0),
        `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`,
      ]),
    ),
    '',
  ].join('\n');
}
