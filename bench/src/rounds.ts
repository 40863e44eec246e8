import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContenderName } from './contenders/contender.ts';
import { whoHave } from './contenders.ts';
import { type CpuClock, createCpuClock, used } from './cpu.ts';
import { type DataSet, dataOf, restore } from './data-set.ts';
import { type GeneratorName, run, writeRequests } from './load.ts';
import { type Operation, type OperationName, seeded } from './operations.ts';
import type { Launcher, Server } from './servers.ts';

/** One contender with one operation in one round. Milliseconds, but for throughput. */
export type Cell = {
  round: number;
  operation: OperationName;
  contender: ContenderName;
  requestsPerSecond: number;
  p50: number;
  p99: number;
  bytesPerRequest: number;
  failed: number;
  /** CPU time a request; null where it could not be read. */
  serverCpu: number | null;
  databaseCpu: number | null;
  /** How much of one core the load generator had: near 1, it is what was measured. */
  generatorCores: number | null;
  /** How many cores everything else on the machine had meanwhile: what makes a figure doubtful. */
  otherCores: number | null;
  /** Of a write's requests, the share that added a row; null for reads. */
  added: number | null;
};

export type Plan = {
  contenders: readonly ContenderName[];
  operations: readonly Operation[];
  rounds: number;
  seconds: number;
  connections: number;
  poolSize: number;
  generator: GeneratorName;
};

const readRequests = 4_000;
/** More writes a second than a contender is expected to do: each of a round's is for another row. */
const writesPerSecond = 20_000;
/** Above so many cores for other things a figure is marked. */
export const busy = 0.2;
const firstWarmUp = 3;
const warmUp = 1;
const settling = 500;

/**
 * Measures every contender with every operation once a round, the contenders in turn and in the other
 * order every other round, so that what the machine does meanwhile falls on all of them.
 */
export async function measure(
  launcher: Launcher,
  data: DataSet,
  plan: Plan,
  say: (line: string) => void,
): Promise<Cell[]> {
  const { contenders, operations, rounds, seconds, connections, generator } = plan;
  const servers = new Map<ContenderName, Server>();
  const files = new Map<string, { file: string; lines: number }>();
  for (const name of contenders) {
    const server = await launcher.start(name, dataOf(data, name).databaseUrl, plan.poolSize);
    servers.set(name, server);
    for (const operation of operations) {
      if (!whoHave(operation.name, [name])[0]) continue;
      const file = join(launcher.folder, `${name}-${operation.name}.txt`);
      const count = operation.writes ? (seconds + warmUp) * writesPerSecond : readRequests;
      const draws = operation.draw(count, data, seeded(42));
      await writeRequests(
        file,
        server,
        draws.map((draw) => [operation.name, draw]),
      );
      files.set(`${name} ${operation.name}`, { file, lines: draws.length });
    }
  }

  // The previous build has a database, and so backends, of its own.
  const clocks = new Map<string, CpuClock>();
  for (const name of contenders) {
    const { databaseUrl } = dataOf(data, name);
    if (!clocks.has(databaseUrl)) clocks.set(databaseUrl, await createCpuClock(databaseUrl));
  }
  const cells: Cell[] = [];
  try {
    for (let round = 0; round < rounds; round++) {
      for (const operation of operations) {
        const having = whoHave(operation.name, contenders);
        for (const name of round % 2 === 0 ? having : having.reverse()) {
          const server = servers.get(name) as Server;
          const clock = clocks.get(dataOf(data, name).databaseUrl) as CpuClock;
          const { file, lines } = files.get(`${name} ${operation.name}`) as { file: string; lines: number };
          const load = { generator, url: server.url, connections, file };
          const warmed = await run({
            ...load,
            seconds: round === 0 ? firstWarmUp : warmUp,
            offset: (lines >> 1) + round,
            verify: true,
          });
          if (warmed.failed > 0)
            throw new Error(
              `${server.contender.title}, ${operation.name}: ${warmed.failed} of ${warmed.requests} requests failed.`,
            );
          await sleep(settling);
          if (operation.writes) await restore(dataOf(data, name));

          const before = await clock.read(server.pid);
          const result = await run({ ...load, seconds, offset: round * 997, verify: false });
          const cpu = used(before, await clock.read(server.pid));
          // What was still on its way when the load ended comes to its end first.
          await sleep(settling);
          const added = operation.writes ? (await restore(dataOf(data, name))) / result.requests : null;
          if (result.requests === 0)
            throw new Error(
              `${server.contender.title}, ${operation.name}: not one answer in ${seconds} s. Give it more --seconds.`,
            );
          const cores = (time: number | null) => (time === null ? null : time / 1_000 / result.seconds);
          const each = (time: number | null) => (time === null ? null : time / result.requests);
          const cell: Cell = {
            round,
            operation: operation.name,
            contender: name,
            requestsPerSecond: result.requests / result.seconds,
            p50: result.p50,
            p99: result.p99,
            bytesPerRequest: result.bytes / result.requests,
            failed: result.failed,
            serverCpu: each(cpu.server),
            databaseCpu: each(cpu.database),
            generatorCores: cores(cpu.generator),
            otherCores: cores(cpu.others),
            added,
          };
          cells.push(cell);
          say(
            `round ${round + 1}/${rounds}  ${operation.name.padEnd(12)} ${name.padEnd(12)} ${cell.requestsPerSecond.toFixed(0).padStart(6)} req/s` +
              `  p50 ${cell.p50.toFixed(1)} ms  p99 ${cell.p99.toFixed(1)} ms` +
              (cell.otherCores !== null && cell.otherCores > busy
                ? `  (others: ${cell.otherCores.toFixed(1)} cores)`
                : ''),
          );
        }
      }
    }
  } finally {
    for (const clock of clocks.values()) await clock.close();
  }
  return cells;
}
