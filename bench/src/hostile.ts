import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { attacks } from './attacks.ts';
import { createCpuClock, used } from './cpu.ts';
import { type DataSet, withClient } from './data-set.ts';
import { copied } from './database-copy.ts';
import { type Delays, readsOfOthers } from './others.ts';
import { type Answered, send } from './send.ts';
import type { Launcher } from './servers.ts';
import { metrics } from './soak.ts';

/** What one attack came to. Times are in milliseconds. */
export type Attacked = {
  attack: string;
  /** The codes of the first errors, or "ok", and how often. */
  outcome: string;
  /** Of all answers. */
  megabytes: number;
  /** Of the service's process, and of its database's sessions. */
  cpu: number;
  database: number | null;
  elapsed: number;
  /** How long another tenant's point reads took meanwhile. */
  others: Delays;
};

type Told = { errors?: { message: string; extensions?: { code?: string } }[] };

function outcomeOf(answers: readonly Answered[]): string {
  const counts = new Map<string, number>();
  for (const { status, text } of answers) {
    let what = `${status}`;
    try {
      const parsed = JSON.parse(text) as Told | Told[];
      const codes = [parsed].flat().map(({ errors }) => errors?.[0]?.extensions?.code ?? errors?.[0]?.message ?? 'ok');
      what = [...new Set(codes)]
        .map((code) => (codes.length > 1 ? `${code} ${codes.filter((one) => one === code).length}` : code))
        .join(', ');
    } catch {
      what = `${status} ${text.slice(0, 40)}`;
    }
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  return [...counts].map(([what, count]) => (answers.length > 1 ? `${count} × ${what}` : what)).join('; ');
}

/** Attacks the service with what an ordinary credential may send, each attack alone, in a database of its own. */
export async function hostile(
  launcher: Launcher,
  data: DataSet,
  { poolSize, only }: { poolSize: number; only: string | null },
  say: (line: string) => void,
): Promise<Attacked[]> {
  let found: Attacked[] = [];
  await copied(data, 'hostile', async (databaseUrl) => {
    await withClient(databaseUrl, (client) =>
      client.query(readFileSync(fileURLToPath(new URL('../hostile.sql', import.meta.url)), 'utf8')).then(() => {}),
    );
    found = await attackAll(launcher, { ...data, databaseUrl }, poolSize, only, say);
  });
  return found;
}

async function attackAll(
  launcher: Launcher,
  data: DataSet,
  poolSize: number,
  only: string | null,
  say: (line: string) => void,
): Promise<Attacked[]> {
  const server = await launcher.start('rollcall', data.databaseUrl, poolSize);
  const clock = await createCpuClock(data.databaseUrl);
  const [attackers, readers] = [new Agent({ keepAlive: true }), new Agent({ keepAlive: true })];
  const others = readsOfOthers(server, data, (tenant) => tenant > 0 && tenant < 5, readers);
  const cpu = async () => (await metrics(server.url)).get('process_cpu_seconds_total') ?? Number.NaN;

  const found: Attacked[] = [];
  try {
    await others(sleep(2_000));
    for (const { name, tenant, bodies } of attacks) {
      if (only && !name.includes(only)) continue;
      const sent = bodies();
      // Once alone, for its own CPU; once more with others beside it. The first also warms up statements.
      for (const body of sent.slice(0, 1)) await send(server, tenant, body, attackers);
      const before = { cpu: await cpu(), database: await clock.read(server.pid) };
      const begun = performance.now();
      const answers = await Promise.all(sent.map((body) => send(server, tenant, body, attackers)));
      const elapsed = performance.now() - begun;
      const { database } = used(before.database, await clock.read(server.pid));
      const spent = ((await cpu()) - before.cpu) * 1_000;
      const again = Promise.all(sent.map((body) => send(server, tenant, body, attackers)));
      const beside = await others(again);
      const megabytes = answers.reduce((sum, { text }) => sum + text.length, 0) / 1e6;
      found.push({
        attack: name,
        outcome: outcomeOf(answers),
        megabytes,
        cpu: spent,
        database,
        elapsed,
        others: beside,
      });
      say(rowOf(found.at(-1) as Attacked));
    }
    return found;
  } finally {
    attackers.destroy();
    readers.destroy();
    await clock.close();
    await server.stop();
  }
}

const rowOf = ({ attack, outcome, megabytes, cpu, database, elapsed, others }: Attacked): string =>
  `| ${[
    attack,
    outcome,
    megabytes.toFixed(1),
    cpu.toFixed(0),
    database === null ? 'unknown' : database.toFixed(0),
    elapsed.toFixed(0),
    `${others.p50.toFixed(0)} / ${others.p99.toFixed(0)} / ${others.max.toFixed(0)}`,
  ].join(' | ')} |`;

/** The result as Markdown. */
export const hostileTable = (found: readonly Attacked[]): string =>
  [
    '| attack | outcome | MB | CPU ms | PostgreSQL ms | elapsed ms | others p50 / p99 / most ms |',
    '| --- | --- | ---: | ---: | ---: | ---: | ---: |',
    ...found.map(rowOf),
  ].join('\n');
