import type { Latencies } from './deliveries.ts';

/** What open subscriptions cost, and how soon they hear. Times are in milliseconds. */
export type StreamsResult = {
  streams: { avatars: number; contacts: number };
  rate: number;
  seconds: number;
  /** Until all were open. */
  opening: number;
  memory: Memory[];
  /** Of the server's resident memory, and of its heap, what each open stream has, once all is quiet; in KB. */
  each: { rss: number; heap: number };
  /** How many cores the server and its database had with nothing to do. */
  idle: { without: Cores; open: Cores };
  mutations: Latencies;
  /** Events that should have been heard, and were; and on how many streams. */
  expected: { events: number; streams: number };
  heard: { events: number; streams: number };
  /** Events on streams that they were not for. */
  astray: number;
  /** Streams that ended, or had an error, before they were closed. */
  broken: number;
  /** From the mutation's answer to the event; below 0 the event came first. And from when the mutation was sent. */
  afterAnswer: Delays;
  afterRequest: Delays;
  readsBefore: Latencies;
  readsDuring: Latencies;
  /** How late this program itself was, at the 99th percentile. */
  generatorDelay: number;
  cores: Cores & { generator: number | null; others: number | null };
};

/** One reading of the service's metrics. */
export type Memory = { when: string; rssMb: number; heapMb: number; handles: number; delayP99: number };
type Cores = { server: number | null; database: number | null };
export type Delays = { p50: number; p99: number; max: number };

/** The result as Markdown. */
export function streamsTable(result: StreamsResult): string {
  const { streams, rate, seconds, opening, memory, each, idle, mutations, expected, heard, astray, broken } = result;
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const share = (value: number | null) => (value === null ? 'unknown' : `${(value * 100).toFixed(1)} %`);
  const latencies = (name: string, { requests, failed, p50, p99, max }: Latencies) =>
    row([name, String(requests), String(failed), p50.toFixed(1), p99.toFixed(1), max.toFixed(1)]);
  const delays = (name: string, { p50, p99, max }: Delays) =>
    row([
      name,
      String(heard.events),
      String(expected.events - heard.events),
      p50.toFixed(1),
      p99.toFixed(1),
      max.toFixed(1),
    ]);
  return [
    `${streams.avatars} streams of single participants’ avatars and ${streams.contacts} of agents’ contacts, all open after ${(opening / 1_000).toFixed(2)} s. ` +
      `Each takes ${each.rss.toFixed(0)} KB of resident memory, ${each.heap.toFixed(0)} KB of heap.`,
    `Idle, the server has ${share(idle.open.server)} of a core, its database ${share(idle.open.database)}; without streams ${share(idle.without.server)} and ${share(idle.without.database)}.`,
    '',
    row(['', 'rss MB', 'heap MB', 'handles', 'loop delay p99 ms']),
    row(['---', '---:', '---:', '---:', '---:']),
    ...memory.map(({ when, rssMb, heapMb, handles, delayP99 }) =>
      row([when, rssMb.toFixed(1), heapMb.toFixed(1), handles.toFixed(0), delayP99.toFixed(1)]),
    ),
    '',
    `${rate} mutations a second for ${seconds} s: ${heard.streams} of the ${expected.streams} streams concerned heard, ${heard.events} of ${expected.events} events; ` +
      `**${expected.events - heard.events} were lost**, ${astray} went astray, ${broken} streams broke.`,
    '',
    row(['', 'number', 'failed or lost', 'p50, ms', 'p99, ms', 'most, ms']),
    row(['---', '---:', '---:', '---:', '---:', '---:']),
    delays('events, after the answer', result.afterAnswer),
    delays('events, after the request', result.afterRequest),
    latencies('mutations', mutations),
    latencies('reads by id before', result.readsBefore),
    latencies('reads by id during', result.readsDuring),
    '',
    `Cores meanwhile: ${Object.entries(result.cores)
      .map(([name, value]) => `${name} ${value === null ? 'unknown' : value.toFixed(2)}`)
      .join(', ')}.`,
    `The generator was up to ${result.generatorDelay.toFixed(1)} ms late (p99), which is part of every figure.`,
  ].join('\n');
}
