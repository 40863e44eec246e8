import { randomBytes } from 'node:crypto';
import { createWriteStream, openAsBlob, readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { copyIn } from './copy.ts';
import { createCpuClock, used } from './cpu.ts';
import { type DataSet, idOf, withClient } from './data-set.ts';
import { copied } from './database-copy.ts';
import { atRate, type Latencies, post } from './deliveries.ts';
import { type Draw, operationNamed, seeded } from './operations.ts';
import type { Launcher, Server } from './servers.ts';

/** One way to bring the rows in, in one round. Times are in milliseconds. */
export type Brought = {
  way: Way;
  elapsed: number;
  /** Contact lists of other tenants meanwhile. */
  reads: Latencies;
  cores: { server: number | null; database: number | null };
  /** How far the service's resident memory rose above what it was before, in MB. */
  risenMb: number;
  /** How far off the worst estimate of the time left was, as a factor; null where there was none. */
  estimate: number | null;
};

const ways = ['COPY, no triggers', 'COPY', 'import'] as const;
type Way = (typeof ways)[number];

export type ImportsResult = { rows: number; rounds: Brought[][]; readsBefore: Latencies[] };

type Progress = { state: string; doneRows: number; created: number; estimatedSecondsLeft: number | null };

/** Estimates are in whole seconds. */
const untoldMs = 10_000;
const readsPerSecond = 20;
const quietSeconds = 60;
/** Tenants that rows come into; the contact lists are those of others. */
const targets: Readonly<Record<Way, number>> = { 'COPY, no triggers': 0, COPY: 1, import: 2 };
const firstReader = 3;

const columns = ['first_name', 'last_name', 'email', 'phone_number', 'fk_id'];
const header = 'First name,Last name,E-mail,Phone,Customer id\n';

/** The values of a person in a file: every third has a telephone number. */
const person = (n: number, round: number): string =>
  `Ann,Berg${n},r${round}.${n}@i.example,${n % 3 === 0 ? `+4915${String(round).padStart(2, '0')}${String(n).padStart(7, '0')}` : ''},r${round}-${n}`;

/** Version 7 ids, in order, as the service makes them. */
function idAt(n: number): string {
  const hex = `${(Date.now() + Math.floor(n / 100)).toString(16).padStart(12, '0')}7${randomBytes(10).toString('hex').slice(1)}`;
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

async function writeLines(file: string, first: string, count: number, line: (n: number) => string): Promise<void> {
  function* pieces() {
    yield first;
    for (let n = 0; n < count; n += 1_000) {
      let piece = '';
      for (let each = n; each < Math.min(count, n + 1_000); each++) piece += `${line(each)}\n`;
      yield piece;
    }
  }
  await pipeline(Readable.from(pieces()), createWriteStream(file));
}

const residentMb = (pid: number) =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_024;

/**
 * Sends the file to the service, and waits until it is imported. Returns how many times as much, or as little, as it
 * took was estimated at the worst, from a tenth of the way until ten seconds before the end; null for a short import.
 */
async function importFile(server: Server, tenant: number, file: string, rows: number): Promise<number | null> {
  const query =
    'mutation ($file: File!) { startImport(input: { kind: EXTERNAL_USERS, format: CSV, file: $file }) { import { id } } }';
  const form = new FormData();
  form.set('operations', JSON.stringify({ query, variables: { file: null } }));
  form.set('map', JSON.stringify({ 0: ['variables.file'] }));
  form.set('0', await openAsBlob(file), 'people.csv');
  const authorization = server.authorization(tenant) as string;
  const sent = await fetch(server.url, { method: 'POST', headers: { authorization }, body: form });
  const { data, errors } = (await sent.json()) as {
    data?: { startImport?: { import: { id: string } } };
    errors?: unknown;
  };
  const id = data?.startImport?.import.id;
  if (!id) throw new Error(`The import was not taken: ${JSON.stringify(errors)}`);
  const estimates: { at: number; left: number }[] = [];
  for (;;) {
    await sleep(100);
    const { data } = await server.ask(
      tenant,
      `{ import(id: "${id}") { state doneRows created estimatedSecondsLeft } }`,
    );
    const { state, doneRows, created, estimatedSecondsLeft: left } = (data as { import: Progress }).import;
    const now = performance.now();
    if (state === 'RUNNING' && left !== null && doneRows >= rows / 10) estimates.push({ at: now, left: left * 1_000 });
    if (state === 'QUEUED' || state === 'RUNNING') continue;
    if (state !== 'DONE' || created !== rows) throw new Error(`The import is ${state} with ${created} rows created.`);
    const factors = estimates
      .map(({ at, left }) => ({ left, took: now - at }))
      .filter(({ took }) => took > untoldMs)
      .map(({ left, took }) => Math.max(left / took, took / Math.max(1, left)));
    return factors.length > 0 ? Math.max(...factors) : null;
  }
}

type Size = { rows: number; rounds: number; poolSize: number };

/**
 * Brings so many external users in, by COPY and by an import of the service in turn, while contact lists of other
 * tenants are read at a fixed rate. Works in a copy of the data.
 */
export async function imports(
  launcher: Launcher,
  data: DataSet,
  size: Size,
  say: (line: string) => void,
): Promise<ImportsResult> {
  const found: Brought[][] = [];
  const readsBefore: Latencies[] = [];
  await copied(data, 'imports', (databaseUrl) =>
    bringAll(launcher, { ...data, databaseUrl }, size, { found, readsBefore }, say),
  );
  return { rows: size.rows, rounds: found, readsBefore };
}

async function bringAll(
  launcher: Launcher,
  data: DataSet,
  { rows, rounds, poolSize }: Size,
  { found, readsBefore }: { found: Brought[][]; readsBefore: Latencies[] },
  say: (line: string) => void,
): Promise<void> {
  const { databaseUrl } = data;
  const server = await launcher.start('rollcall', databaseUrl, poolSize);
  const readers = new Agent({ keepAlive: true, maxSockets: 1_000 });
  const draws = operationNamed('contactList')
    .draw(4_000, data, seeded(42))
    .filter(({ tenant }) => tenant >= firstReader);
  const read = async (index: number) => {
    const draw = draws[index % draws.length] as Draw;
    const headers = { 'content-type': 'application/json', authorization: server.authorization(draw.tenant) as string };
    const ask = () => post({ url: server.url, body: server.body('contactList', draw) }, headers, readers);
    return (await ask().catch(ask)) === 200;
  };

  async function bring(way: Way, round: number): Promise<Brought> {
    const tenant = targets[way];
    const file = join(launcher.folder, 'people.csv');
    if (way === 'import') await writeLines(file, header, rows, (n) => person(n, round));
    else await writeLines(file, '', rows, (n) => `${idOf('tenant', tenant)},${idAt(n)},${person(n, round)}`);
    const into = `copy external_user (tenant_id, id, ${columns.join(', ')}) from stdin (format csv)`;
    return withClient(databaseUrl, async (client) => {
      if (way === 'COPY, no triggers') await client.query('set session_replication_role = replica');
      const work = () =>
        way === 'import' ? importFile(server, tenant, file, rows) : copyIn(client, into, file).then(() => null);
      return measured(way, round, work);
    });
  }

  async function measured(way: Way, round: number, work: () => Promise<number | null>): Promise<Brought> {
    const clock = await createCpuClock(databaseUrl);
    const before = await clock.read(server.pid);
    const residentBefore = residentMb(server.pid);
    let max = residentBefore;
    const watch = setInterval(() => {
      max = Math.max(max, residentMb(server.pid));
    }, 50);
    let isDone = false;
    const begun = performance.now();
    const reading = atRate(readsPerSecond, () => isDone, read);
    let elapsed: number;
    let estimate: number | null;
    try {
      estimate = await work();
      elapsed = performance.now() - begun;
    } finally {
      isDone = true;
      clearInterval(watch);
    }
    const reads = await reading;
    const cpu = used(before, await clock.read(server.pid));
    await clock.close();
    const share = (time: number | null) => (time === null ? null : time / elapsed);
    say(`round ${round + 1}: ${way}: ${(elapsed / 1_000).toFixed(1)} s`);
    const cores = { server: share(cpu.server), database: share(cpu.database) };
    return { way, elapsed, reads, cores, risenMb: max - residentBefore, estimate };
  }

  try {
    await atRate(readsPerSecond, 3, read);
    for (let round = 0; round < rounds; round++) {
      // What the round before has left to do, vacuum among it, is not measured with this one.
      await withClient(databaseUrl, (client) => client.query('checkpoint').catch(() => {}));
      readsBefore.push(await atRate(readsPerSecond, quietSeconds, read));
      const inTurn: Brought[] = [];
      for (const way of round % 2 ? ways.toReversed() : ways) inTurn.push(await bring(way, round));
      found.push(inTurn);
    }
  } finally {
    readers.destroy();
    await server.stop();
  }
}

/** The result as Markdown. */
export function importsTable({ rows, rounds, readsBefore }: ImportsResult): string {
  const lines = rounds.flatMap((inTurn, round) => {
    const copy = inTurn.find(({ way }) => way === 'COPY') as Brought;
    const quiet = readsBefore[round] as Latencies;
    return inTurn.map(({ way, elapsed, reads, cores, risenMb, estimate }) =>
      [
        String(round + 1),
        way,
        (elapsed / 1_000).toFixed(1),
        ((rows * 1_000) / elapsed).toFixed(0),
        (copy.elapsed / elapsed).toFixed(2),
        `${cores.server?.toFixed(2) ?? '?'} / ${cores.database?.toFixed(2) ?? '?'}`,
        risenMb.toFixed(0),
        `${reads.p50.toFixed(1)} / ${reads.p99.toFixed(1)} (before ${quiet.p50.toFixed(1)} / ${quiet.p99.toFixed(1)})`,
        String(reads.failed),
        estimate?.toFixed(1) ?? '',
      ].join(' | '),
    );
  });
  return [
    `${rows.toLocaleString('en')} external users; ${readsPerSecond} contact lists of other tenants a second.`,
    '',
    '| round | way | s | rows a second | × COPY | cores: service / PostgreSQL | memory risen, MB | contact lists p50 / p99, ms | failed | worst estimate, × |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...lines.map((line) => `| ${line} |`),
  ].join('\n');
}
