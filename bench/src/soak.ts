import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DataSet, restore } from './data-set.ts';
import { run, writeRequests } from './load.ts';
import { type Draw, type OperationName, seeded } from './operations.ts';
import type { Plan } from './rounds.ts';
import type { Launcher } from './servers.ts';

/** One reading of the service's metrics. */
export type Sample = {
  minute: number;
  /** Since the sample before. */
  requestsPerSecond: number;
  heapMb: number;
  externalMb: number;
  rssMb: number;
  handles: number;
  files: number;
  /** Delay of the event loop, in milliseconds: the median and the 99th percentile. */
  delayP50: number;
  delayP99: number;
};

const draws = 4_000;
const settling = 5_000;

/** Reads Prometheus' text: the sum of each name's values over all labels. */
export async function metrics(graphqlUrl: string): Promise<Map<string, number>> {
  const response = await fetch(new URL('/metrics', graphqlUrl), { signal: AbortSignal.timeout(20_000) });
  const sums = new Map<string, number>();
  for (const line of (await response.text()).split('\n')) {
    const [, name, value] = /^(\w+)(?:\{[^}]*\})? (\S+)$/.exec(line) ?? [];
    if (name && value) sums.set(name, (sums.get(name) ?? 0) + Number(value));
  }
  return sums;
}

/**
 * Keeps the service under load with all operations for so many minutes, and asks it about itself before,
 * every minute, and when it has settled afterwards.
 */
export async function soak(
  launcher: Launcher,
  data: DataSet,
  plan: Plan,
  minutes: number,
  say: (line: string) => void,
): Promise<Sample[]> {
  const server = await launcher.start('rollcall', data.databaseUrl, plan.poolSize);
  const drawn = plan.operations.map((operation) => {
    const list = operation.draw(draws, data, seeded(42));
    return list.map((draw): [OperationName, Draw] => [operation.name, draw]);
  });
  // One of each operation in turn.
  const mixed = Array.from({ length: draws }, (_, i) => drawn.flatMap((list) => list.slice(i, i + 1))).flat();
  const file = join(launcher.folder, 'soak.txt');
  await writeRequests(file, server, mixed);

  const samples: Sample[] = [];
  const begun = performance.now();
  let last = { at: begun, requests: 0 };
  async function sample(): Promise<void> {
    const read = await metrics(server.url);
    const now = performance.now();
    const value = (name: string) => read.get(name) ?? Number.NaN;
    const requests = value('rollcall_http_request_duration_seconds_count');
    const mb = (name: string) => value(name) / 2 ** 20;
    const taken: Sample = {
      minute: (now - begun) / 60_000,
      requestsPerSecond: samples.length === 0 ? 0 : ((requests - last.requests) * 1_000) / (now - last.at),
      heapMb: mb('nodejs_heap_size_used_bytes'),
      externalMb: mb('nodejs_external_memory_bytes'),
      rssMb: mb('process_resident_memory_bytes'),
      handles: value('nodejs_active_handles_total'),
      files: value('process_open_fds'),
      delayP50: value('nodejs_eventloop_lag_p50_seconds') * 1_000,
      delayP99: value('nodejs_eventloop_lag_p99_seconds') * 1_000,
    };
    last = { at: now, requests: Number.isNaN(requests) ? 0 : requests };
    samples.push(taken);
    say(
      `minute ${taken.minute.toFixed(1)}: ${taken.requestsPerSecond.toFixed(0)} req/s, rss ${taken.rssMb.toFixed(0)} MB`,
    );
  }

  await sample();
  const seconds = Math.max(1, Math.round(minutes * 60));
  const load = run({ ...plan, url: server.url, seconds, file, offset: 0, verify: false });
  let running = true;
  const ended = load.then(
    () => {
      running = false;
    },
    () => {
      running = false;
    },
  );
  // Each minute, but at least four times.
  const interval = Math.min(60_000, (seconds * 1_000) / 4);
  while (running) {
    await Promise.race([ended, sleep(interval)]);
    if (!running) break;
    await sample();
    // What the writes have added goes, so that they add again.
    if (plan.operations.some(({ writes }) => writes)) await restore(data);
  }
  const { requests, failed } = await load;
  await sleep(settling);
  await sample();
  await server.stop();
  await restore(data);
  say(`${requests} requests, ${failed} failed`);
  return samples;
}

/** The samples as a Markdown table. */
export function soakTable(samples: readonly Sample[]): string {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    row([
      'minute',
      'requests/s',
      'heap MB',
      'external MB',
      'rss MB',
      'handles',
      'open files',
      'loop delay p50 ms',
      'p99 ms',
    ]),
    row(Array.from({ length: 9 }, () => '---:')),
    ...samples.map((sample) =>
      row([
        sample.minute.toFixed(1),
        sample.requestsPerSecond.toFixed(0),
        sample.heapMb.toFixed(1),
        sample.externalMb.toFixed(1),
        sample.rssMb.toFixed(1),
        sample.handles.toFixed(0),
        sample.files.toFixed(0),
        sample.delayP50.toFixed(1),
        sample.delayP99.toFixed(1),
      ]),
    ),
    '',
  ].join('\n');
}
