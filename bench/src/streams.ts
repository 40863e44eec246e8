import { Agent, type ClientRequest } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { createCpuClock, used } from './cpu.ts';
import { type DataSet, keepParticipants, restore } from './data-set.ts';
import { atRate, type Latencies, post } from './deliveries.ts';
import type { Json } from './json.ts';
import { type Draw, operationNamed, seeded } from './operations.ts';
import type { Launcher } from './servers.ts';
import { metrics } from './soak.ts';
import { type Cause, causesFor, documents, hear, type Listener, listenersFor, open } from './stream-listeners.ts';
import type { Delays, Memory, StreamsResult } from './streams-report.ts';

const openedAtOnce = 50;
const warmUpStreams = 50;
const warmUpCauses = 20;
const lookupsPerSecond = 50;
const quietSeconds = 10;
/** Each stream is sent a sign of life every 12 s: so long, each gets exactly one. */
const idleSeconds = 12;
const settling = 5_000;
/** How long after the last mutation an event may still come. */
const maxWaitMs = 3_000;

const percentiles = (values: number[]): Delays => {
  values.sort((a, b) => a - b);
  const share = (part: number) => values[Math.min(values.length - 1, Math.floor(values.length * part))] ?? Number.NaN;
  return { p50: share(0.5), p99: share(0.99), max: share(1) };
};

/** Opens so many subscriptions, lets them be for a while, causes events, and closes them. */
export async function stream(
  launcher: Launcher,
  data: DataSet,
  { streams, rate, seconds, poolSize }: { streams: number; rate: number; seconds: number; poolSize: number },
  say: (line: string) => void,
): Promise<StreamsResult> {
  const listeners = listenersFor(streams, data);
  const all = causesFor(warmUpCauses + rate * seconds, listeners, data);
  const [warming, causes] = [all.slice(0, warmUpCauses), all.slice(warmUpCauses)];
  await keepParticipants(
    data,
    all.map(({ participantId }) => participantId),
  );
  const server = await launcher.start('rollcall', data.databaseUrl, poolSize);
  const clock = await createCpuClock(data.databaseUrl);
  const subscribers = new Agent({ keepAlive: true });
  const opened = new Set<ClientRequest>();
  let astray = 0;

  async function openAll(wanted: readonly Listener[]): Promise<number> {
    const begun = performance.now();
    const queue = wanted.values();
    // Together they would be more than the server's queue for connections holds.
    const opener = async () => {
      for (const listener of queue)
        opened.add(
          await open(server, listener, subscribers, (event) => {
            if ((event as { errors?: Json }).errors) listener.broken = true;
            else if (!hear(listener, event, performance.now())) astray += 1;
          }),
        );
    };
    await Promise.all(Array.from({ length: openedAtOnce }, opener));
    return performance.now() - begun;
  }
  function closeAll(): void {
    for (const sent of opened) sent.destroy();
    opened.clear();
  }

  /** Sends the mutation; gives whether it was done. */
  async function bringAbout(cause: Cause): Promise<boolean> {
    const { tenant, participantId: id, removesAvatar } = cause;
    for (const { waiting } of cause.listeners) waiting.set(id, [...(waiting.get(id) ?? []), cause]);
    cause.sent = performance.now();
    const { data: given, errors } = removesAvatar
      ? await server.ask(tenant, documents.removeAvatar, { id })
      : await server.ask(tenant, documents.rename, { id, name: `Renamed ${id.slice(-6)}` });
    if (errors || !given) return false;
    cause.answered = performance.now();
    return true;
  }

  const draws = operationNamed('participant').draw(2_000, data, seeded(42));
  async function readsById(forSeconds: number): Promise<Latencies> {
    const readers = new Agent({ keepAlive: true });
    try {
      return await atRate(lookupsPerSecond, forSeconds, async (index) => {
        const draw = draws[index % draws.length] as Draw;
        const headers = {
          'content-type': 'application/json',
          authorization: server.authorization(draw.tenant) as string,
        };
        return (await post({ url: server.url, body: server.body('participant', draw) }, headers, readers)) === 200;
      });
    } finally {
      // Connections that lie idle would be counted with the streams.
      readers.destroy();
    }
  }

  /** How many cores each has while the work goes on. */
  async function coresDuring(work: () => Promise<unknown>): Promise<StreamsResult['cores']> {
    const own = process.cpuUsage();
    const before = await clock.read(server.pid);
    const begun = performance.now();
    await work();
    const cpu = used(before, await clock.read(server.pid));
    const elapsed = performance.now() - begun;
    const { user, system } = process.cpuUsage(own);
    const generator = (user + system) / 1_000;
    const share = (time: number | null) => (time === null ? null : Math.max(0, time / elapsed));
    return {
      server: share(cpu.server),
      database: share(cpu.database),
      generator: share(generator),
      // The clock knows generators that are children only.
      others: share(cpu.others === null ? null : cpu.others - generator),
    };
  }

  const memory: Memory[] = [];
  async function remember(when: string): Promise<Memory> {
    const read = await metrics(server.url);
    const value = (name: string) => read.get(name) ?? Number.NaN;
    const taken: Memory = {
      when,
      rssMb: value('process_resident_memory_bytes') / 2 ** 20,
      heapMb: value('nodejs_heap_size_used_bytes') / 2 ** 20,
      handles: value('nodejs_active_handles_total'),
      delayP99: value('nodejs_eventloop_lag_p99_seconds') * 1_000,
    };
    memory.push(taken);
    say(`${when}: rss ${taken.rssMb.toFixed(0)} MB, heap ${taken.heapMb.toFixed(0)} MB, ${taken.handles} handles`);
    return taken;
  }

  try {
    // What is compiled, and kept, at the first streams and mutations would be counted as all the streams'.
    const avatars = listeners.avatars.map(({ listener }) => listener);
    const contacts = listeners.contacts.map(({ listener }) => listener);
    const wanted = [...avatars, ...contacts];
    await openAll([...avatars.slice(0, warmUpStreams / 2), ...contacts.slice(0, warmUpStreams / 2)]);
    const [warmed] = await Promise.all([
      atRate(warmUpCauses / 2, 2, (index) => bringAbout(warming[index] as Cause)),
      readsById(3),
    ]);
    if (warmed.failed > 0) throw new Error(`${warmed.failed} of ${warmed.requests} mutations were refused.`);
    closeAll();
    await sleep(1_000);
    for (const listener of wanted) {
      listener.broken = false;
      listener.waiting.clear();
    }
    astray = 0;

    say('Reads by id, and nothing else …');
    const readsBefore = await readsById(quietSeconds);
    const { server: alone, database: itsDatabase } = await coresDuring(() => sleep(settling));
    const before = await remember('before');

    const opening = await openAll(wanted);
    say(`${streams} streams are open after ${(opening / 1_000).toFixed(2)} s; nothing happens for ${idleSeconds} s …`);
    await remember('open');
    const idle = await coresDuring(() => sleep(idleSeconds * 1_000));
    const quiet = await remember('idle');

    say(`${rate} events a second for ${seconds} s, and reads by id meanwhile …`);
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    let mutations: Latencies | undefined;
    let readsDuring: Latencies | undefined;
    const cores = await coresDuring(async () => {
      [mutations, readsDuring] = await Promise.all([
        atRate(rate, seconds, (index) => bringAbout(causes[index] as Cause)),
        readsById(seconds),
      ]);
    });
    const until = performance.now() + maxWaitMs;
    const awaited = ({ answered, heard, listeners }: Cause) => answered !== null && heard.size < listeners.length;
    while (performance.now() < until && causes.some(awaited)) await sleep(50);
    delay.disable();
    await remember('after the events');
    const broken = wanted.filter((listener) => listener.broken).length;

    closeAll();
    await sleep(settling);
    await remember('closed');

    const good = causes.filter(({ answered }) => answered !== null);
    const delays = good.flatMap(({ sent, answered, heard }) =>
      [...heard.values()].map((when) => ({ afterAnswer: when - (answered as number), afterRequest: when - sent })),
    );
    const perStream = (first: number, last: number) => ((last - first) * 1_024) / streams;
    return {
      streams: { avatars: listeners.avatars.length, contacts: listeners.contacts.length },
      rate,
      seconds,
      opening,
      memory,
      each: { rss: perStream(before.rssMb, quiet.rssMb), heap: perStream(before.heapMb, quiet.heapMb) },
      idle: {
        without: { server: alone, database: itsDatabase },
        open: { server: idle.server, database: idle.database },
      },
      mutations: mutations as Latencies,
      expected: {
        events: good.reduce((sum, cause) => sum + cause.listeners.length, 0),
        streams: new Set(good.flatMap((cause) => cause.listeners)).size,
      },
      heard: { events: delays.length, streams: new Set(good.flatMap(({ heard }) => [...heard.keys()])).size },
      astray,
      broken,
      afterAnswer: percentiles(delays.map(({ afterAnswer }) => afterAnswer)),
      afterRequest: percentiles(delays.map(({ afterRequest }) => afterRequest)),
      readsBefore,
      readsDuring: readsDuring as Latencies,
      generatorDelay: delay.percentile(99) / 1e6,
      cores,
    };
  } finally {
    closeAll();
    subscribers.destroy();
    await clock.close();
    await server.stop();
    await restore(data);
  }
}
