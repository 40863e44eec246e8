import { createWriteStream } from 'node:fs';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSet } from './data-set.ts';
import { requestLine, run } from './load.ts';
import { type OperationName, operationNamed, seeded } from './operations.ts';
import { type Delays, readsOfOthers } from './others.ts';
import type { Plan } from './rounds.ts';
import type { Launcher, Server } from './servers.ts';

/** What a flood of one tenant does to the point reads of another. */
export type Flooded = {
  flood: string;
  /** What the tenant of the flood got, in requests a second. */
  requests: number;
  failed: number;
  alone: Delays;
  beside: Delays;
};

const manyRequests = 20_000;
/** Documents that come once each, and the fields of each. */
const documents = 4_000;
const fieldsOfDocument = 50;

/** The bodies of each flood. */
const floods: Readonly<Record<string, (server: Server, data: DataSet) => Iterable<string>>> = {
  participant: (server, data) => readsOf('participant', server, data),
  contactList: (server, data) => readsOf('contactList', server, data),
  inbox: (server, data) => readsOf('inbox', server, data),
  *'new documents'() {
    for (let n = 0; n < documents; n++) {
      const fields = Array.from({ length: fieldsOfDocument }, (_, field) => `f${n}_${field}: viewer { kind }`);
      yield JSON.stringify({ query: `{ ${fields.join(' ')} }` });
    }
  },
};

function* linesOf(server: Server, bodies: Iterable<string>) {
  for (const body of bodies) yield requestLine(server.authorization(0), body);
}

const readsOf = (name: OperationName, server: Server, data: DataSet) =>
  operationNamed(name)
    .draw(manyRequests, data, seeded(42))
    .filter(({ tenant }) => tenant === 0)
    .map((draw) => server.body(name, draw));

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
    for (const [name, bodies] of Object.entries(floods)) {
      const file = join(launcher.folder, `flood-${Object.keys(floods).indexOf(name)}.txt`);
      await pipeline(linesOf(server, bodies(server, data)), createWriteStream(file));
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
