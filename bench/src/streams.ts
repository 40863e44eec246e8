import { Agent, type ClientRequest, request } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { at, items, type Json } from './contenders.ts';
import { createCpuClock, used } from './cpu.ts';
import { type DataSet, idOf, keepParticipants, restore, tenants } from './data-set.ts';
import { atRate, type Latencies, post } from './deliveries.ts';
import { type Draw, operationNamed, seeded } from './operations.ts';
import type { Launcher, Server } from './servers.ts';
import { metrics } from './soak.ts';

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
type Memory = { when: string; rssMb: number; heapMb: number; handles: number; delayP99: number };
type Cores = { server: number | null; database: number | null };
type Delays = { p50: number; p99: number; max: number };

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

const documents = {
  avatars:
    'subscription Avatars($ids: [ID!]) { participantAvatarSynced(participantIds: $ids) { outcome participant { id } } }',
  contacts:
    'subscription Contacts($id: ID!) { participantChanged(agentId: $id) { participants { id displayName } removedIds everything } }',
  rename:
    'mutation Rename($id: ID!, $name: String!) { updateParticipant(input: { participantId: $id, displayName: $name }) { participant { id } } }',
  removeAvatar:
    'mutation RemoveAvatar($id: ID!) { removeParticipantAvatar(input: { participantId: $id }) { participant { id } } }',
};

/** One mutation, and who should hear of it. */
type Cause = {
  tenant: number;
  participantId: string;
  removesAvatar: boolean;
  listeners: readonly Listener[];
  sent: number;
  answered: number | null;
  heard: Map<Listener, number>;
};

/** What a stream is of, and what it waits for: by participant, as the same may change twice. */
type Listener = { tenant: number; body: string; waiting: Map<string, Cause[]>; broken: boolean };

/**
 * Half of the streams to single participants that have an avatar, half to agents; each next one is another tenant's.
 */
function listenersFor(count: number, data: DataSet) {
  const listener = (tenant: number, query: string, variables: object): Listener => ({
    tenant,
    body: JSON.stringify({ query, variables }),
    waiting: new Map(),
    broken: false,
  });
  // Every other participant of a tenant has an avatar. One is left with it, or its file would be nobody's.
  const pictured = Math.floor(data.participants / tenants / 2) - 1;
  const avatars = Array.from({ length: count >> 1 }, (_, k) => {
    const participant = (Math.floor(k / tenants) % pictured) * 2 * tenants + (k % tenants);
    return {
      participant,
      listener: listener(k % tenants, documents.avatars, { ids: [idOf('participant', participant)] }),
    };
  });
  const contacts = Array.from({ length: count - avatars.length }, (_, k) => {
    const agent = k % data.agents;
    return { agent, listener: listener(k % tenants, documents.contacts, { id: `agent-${agent}` }) };
  });
  return { avatars, contacts, pictured };
}

function grouped(pairs: readonly [number, Listener][]): ReadonlyMap<number, Listener[]> {
  const groups = new Map<number, Listener[]>();
  for (const [key, listener] of pairs) groups.set(key, [...(groups.get(key) ?? []), listener]);
  return groups;
}

/**
 * Mutations in turn: a contact of an agent gets another name; a participant loses its avatar, which that agent's stream
 * hears too.
 */
function causesFor(
  count: number,
  { avatars, contacts, pictured }: ReturnType<typeof listenersFor>,
  data: DataSet,
): Cause[] {
  const ofAgent = grouped(contacts.map(({ agent, listener }) => [agent, listener]));
  const ofParticipant = grouped(avatars.map(({ participant, listener }) => [participant, listener]));
  const removable = Math.min(avatars.length, pictured * tenants);
  return Array.from({ length: count }, (_, i) => {
    const turn = i >> 1;
    // An avatar goes once only. Half the tenants off, so that a tenant's events do not come in pairs.
    const removesAvatar = i % 2 === 1 && turn < removable;
    const agent = contacts[turn % contacts.length]?.agent ?? 0;
    const participant = removesAvatar
      ? (avatars[(turn + tenants / 2) % removable]?.participant as number)
      : agent + data.agents * (Math.floor(turn / contacts.length) % 50);
    return {
      tenant: participant % tenants,
      participantId: idOf('participant', participant),
      removesAvatar,
      listeners: [
        ...(ofAgent.get(participant % data.agents) ?? []),
        ...(removesAvatar ? (ofParticipant.get(participant) ?? []) : []),
      ],
      sent: 0,
      answered: null,
      heard: new Map(),
    };
  });
}

/**
 * Settles what the listener was waiting for; gives false when it is not for this listener: the same may come to it
 * again.
 */
function hear(listener: Listener, event: Json, now: number): boolean {
  const changes = at(event, 'data') as { participantAvatarSynced?: Json; participantChanged?: Json };
  const contacts = changes.participantChanged;
  const ids =
    contacts === undefined
      ? [at(event, 'data', 'participantAvatarSynced', 'participant', 'id') as string]
      : at(contacts, 'everything')
        ? [...listener.waiting.keys()]
        : [
            ...items(at(contacts, 'participants')).map(({ id }) => id as string),
            ...(at(contacts, 'removedIds') as string[]),
          ];
  const causes = ids.flatMap((id) => listener.waiting.get(id) ?? []);
  const meant = ids.some((id) => listener.waiting.has(id));
  for (const id of ids) if (listener.waiting.has(id)) listener.waiting.set(id, []);
  for (const cause of causes) cause.heard.set(listener, now);
  return meant;
}

/** Opens a stream; gives the request, which closes it, once the server has said that it is one. */
function open(server: Server, listener: Listener, agent: Agent, heard: (event: Json) => void): Promise<ClientRequest> {
  return new Promise((resolve, reject) => {
    const sent = request(server.url, {
      method: 'POST',
      agent,
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        authorization: server.authorization(listener.tenant) as string,
        'content-length': Buffer.byteLength(listener.body),
      },
    });
    sent.on('error', (error) => {
      listener.broken = true;
      reject(error);
    });
    sent.on('response', (response) => {
      response.setEncoding('utf8');
      const { statusCode, headers } = response;
      let text = '';
      response.on('data', (part: string) => {
        text += part;
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) {
          // What is no event is a sign of life.
          const [, name] = /^event: ?(\w+)$/m.exec(block) ?? [];
          const [, data] = /^data: ?(\{.*\})$/m.exec(block) ?? [];
          if (name === 'next' && data) heard(JSON.parse(data) as Json);
        }
      });
      response.on('error', () => {});
      response.on('close', () => {
        listener.broken = true;
      });
      if (statusCode === 200 && headers['content-type']?.startsWith('text/event-stream')) resolve(sent);
      else
        response.on('end', () =>
          reject(new Error(`A subscription was answered with ${statusCode}: ${text.slice(0, 300)}`)),
        );
    });
    sent.end(listener.body);
  });
}

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
