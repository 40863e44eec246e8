import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { channelScalars, participantScalars } from './contenders/contender.ts';
import { createCpuClock, used } from './cpu.ts';
import { type DataSet, idOf, restore, tenants, withClient } from './data-set.ts';
import { at, items, type Json } from './json.ts';
import { requestLine, run } from './load.ts';
import { medianOrNull } from './report.ts';
import { busy, type Plan } from './rounds.ts';
import type { Launcher, Server } from './servers.ts';

/** What an answer costs whose size, or whose place in the table, is known. Milliseconds, but for throughput. */
export type Growth = {
  list: string;
  where: string;
  /** Of the list itself; what hangs on each is the same for all of a list. */
  rows: number;
  bytes: number;
  requestsPerSecond: number;
  p50: number;
  failed: number;
  /** CPU time a request; null where it could not be read. */
  serverCpu: number | null;
  databaseCpu: number | null;
  /** How many cores everything else on the machine had meanwhile, the most in any round. */
  otherCores: number | null;
};

type Asked = { tenant: number; query: string; variables: object };
type Case = Pick<Growth, 'list' | 'where' | 'rows'> & { field: string; asked: Asked[] };

const sizes = [10, 50, 500];
/** Of each size; more would bind the participants of a small data set to many. */
const agentsATenant = 2;
const pageSize = 20;
const maxCursors = 200;
const firstWarmUp = 3;
const warmUp = 1;
const settling = 500;

const oneLine = (text: string) => text.replaceAll(/\s+/g, ' ').trim();
const contact = `id ${participantScalars} channels { id ${channelScalars} } agentIds`;
const documents = {
  contacts: oneLine(`query ContactList($agentId: ID!) { participants(agentId: $agentId) { ${contact} } }`),
  participants: oneLine(`query Participants($after: String) {
    participantsConnection(first: ${pageSize}, after: $after) { nodes { ${contact} } pageInfo { hasNextPage endCursor } }
  }`),
  conversations: oneLine(`query Conversations($after: String) {
    conversationsConnection(first: ${pageSize}, after: $after) {
      nodes {
        id name closedAt createdAt
        participants { id participantId type status subject {
          ... on Participant { id displayName channels { id ${channelScalars} } }
          ... on ExternalUser { id firstName lastName email }
        } }
      }
      pageInfo { hasNextPage endCursor }
    }
  }`),
};

/**
 * Agents that have so many contacts, evenly spread over the tenant's participants, beside those that the data has.
 * `restore` removes them.
 */
async function addAgents(data: DataSet): Promise<number[]> {
  const rows = data.participants / tenants;
  const possible = sizes.filter((size) => size <= rows);
  await withClient(data.databaseUrl, async (client) => {
    const made = `from generate_series(0, ${tenants - 1}) t cross join unnest($1::int[]) size cross join generate_series(0, ${agentsATenant - 1}) k`;
    await client.query(
      `insert into agent (tenant_id, id, name, created_at, modified_at)
       select bench.id('001', t), 'growth-' || size || '-' || k, 'Agent with ' || size, now(), now() ${made}`,
      [possible],
    );
    await client.query(
      `insert into binding (tenant_id, id, participant_id, agent_id, created_at, modified_at)
       select bench.id('001', t), gen_random_uuid(), bench.id('003', (k * 7 + i * ($2::int / size)) % $2::int * 10 + t),
         'growth-' || size || '-' || k, now(), now() ${made} cross join generate_series(0, size - 1) i`,
      [possible, rows],
    );
    await client.query('vacuum analyze agent, binding');
  });
  return possible;
}

/** A cursor as the service writes it. */
const cursorOf = (keys: readonly string[]) => Buffer.from(JSON.stringify(keys)).toString('base64url');

/** Throws unless cursors are what `cursorOf` takes them for. */
async function checkCursors(server: Server): Promise<void> {
  const { data = null } = await server.ask(
    0,
    `{ participantsConnection(first: 1) { edges { cursor node { displayName id } } }
       conversationsConnection(first: 1) { edges { cursor node { id } } } }`,
  );
  for (const list of ['participantsConnection', 'conversationsConnection']) {
    const edge = at(data, list, 'edges', 0);
    const expected = cursorOf(Object.values(at(edge, 'node') as { [name: string]: string }));
    if (at(edge, 'cursor') !== expected)
      throw new Error(`A cursor of ${list} is not what it was: ${at(edge, 'cursor')}`);
  }
}

/** Everything that is measured. Cursors in the middle and near the end are made by hand: nobody turns 100,000 pages. */
async function cases(data: DataSet, agentSizes: readonly number[]): Promise<Case[]> {
  const rows = data.participants / tenants;
  const everyTenant = Array.from({ length: tenants }, (_, tenant) => tenant);
  // All in places like the one named, and a whole page before the end.
  const many = Math.min(maxCursors, Math.max(1, Math.floor(rows / 20)));
  const places = { 'in the middle': (rows - many) >> 1, 'near the end': rows - pageSize - many };

  const contacts = agentSizes.map((size): Case => {
    const agents = Array.from({ length: agentsATenant }, (_, k) => `growth-${size}-${k}`);
    const asked = agents.flatMap((agentId) =>
      everyTenant.map((tenant): Asked => ({ tenant, query: documents.contacts, variables: { agentId } })),
    );
    return { list: 'contact list', where: `${size} contacts`, rows: size, field: 'participants', asked };
  });

  /** The pages of a list, given the keys of its rows from a place on, for each tenant. */
  async function pages(
    list: keyof typeof documents,
    keysFrom: (place: number) => Promise<string[][][]>,
  ): Promise<Case[]> {
    const query = documents[list];
    const of = { list: `${list}Connection(first: ${pageSize})`, rows: pageSize, field: `${list}Connection` };
    const first: Case = {
      ...of,
      where: 'first page',
      asked: everyTenant.map((tenant) => ({ tenant, query, variables: { after: null } })),
    };
    const others: Case[] = [];
    for (const [where, place] of Object.entries(places)) {
      const keys = await keysFrom(place);
      // The tenants in turn.
      const asked = Array.from({ length: many }, (_, i) =>
        everyTenant.map((tenant) => ({ tenant, query, variables: { after: cursorOf(keys[tenant]?.[i] as string[]) } })),
      );
      others.push({ ...of, where, asked: asked.flat() });
    }
    return [first, ...others];
  }

  const participants = await withClient(data.databaseUrl, (client) =>
    pages('participants', async (place) => {
      const keys: string[][][] = [];
      for (const tenant of everyTenant) {
        const found = await client.query<{ display_name: string; id: string }>(
          'select display_name, id from participant where tenant_id = $1 order by coalesce(name_key, name_key(display_name)) collate "C", display_name collate "C", id offset $2 limit $3',
          [idOf('tenant', tenant), place, many],
        );
        keys.push(found.rows.map(({ display_name, id }) => [display_name, id]));
      }
      return keys;
    }),
  );
  const conversations = await pages('conversations', async (place) =>
    everyTenant.map((tenant) =>
      // The newest first.
      Array.from({ length: many }, (_, i) => [idOf('conversation', (rows - 1 - place - i) * tenants + tenant)]),
    ),
  );
  return [...contacts, ...participants, ...conversations];
}

/** Throws unless the answers have as many rows as they should: a page that is not full would look cheap. */
async function checkRows(server: Server, { field, rows, where, asked }: Case): Promise<void> {
  for (const { tenant, query, variables } of [...asked.slice(0, tenants), ...asked.slice(-tenants)]) {
    const { data, errors } = await server.ask(tenant, query, variables);
    if (errors || !data) throw new Error(`${field}, ${where}: ${JSON.stringify(errors)}`);
    const list = at(data, field);
    const found = items(Array.isArray(list) ? list : at(list as Json, 'nodes')).length;
    if (found !== rows) throw new Error(`${field}, ${where}: ${found} rows in the place of ${rows}.`);
  }
}

/** Measures the service alone with answers of different sizes, and with answers of one size from different places. */
export async function growth(
  launcher: Launcher,
  data: DataSet,
  plan: Plan,
  say: (line: string) => void,
): Promise<Growth[]> {
  const { rounds, seconds, connections, generator } = plan;
  const all = await addAgents(data).then((agentSizes) => cases(data, agentSizes));
  const server = await launcher.start('rollcall', data.databaseUrl, plan.poolSize);
  const clock = await createCpuClock(data.databaseUrl);
  try {
    await checkCursors(server);
    const files: string[] = [];
    for (const [index, one] of all.entries()) {
      await checkRows(server, one);
      const file = join(launcher.folder, `growth-${index}.txt`);
      const lines = one.asked.map(({ tenant, query, variables }) =>
        requestLine(server.authorization(tenant), JSON.stringify({ query, variables })),
      );
      writeFileSync(file, lines.join(''));
      files.push(file);
    }

    const measured = all.map((): Omit<Growth, 'list' | 'where' | 'rows'>[] => []);
    for (let round = 0; round < rounds; round++) {
      // In the other order every other round, so that what the machine does meanwhile falls on all.
      const order = [...all.keys()];
      if (round % 2 === 1) order.reverse();
      for (const index of order) {
        const { list, where } = all[index] as Case;
        const load = { generator, url: server.url, connections, file: files[index] as string, offset: round * 97 };
        const warmed = await run({ ...load, seconds: round === 0 ? firstWarmUp : warmUp, verify: true });
        if (warmed.failed > 0)
          throw new Error(`${list}, ${where}: ${warmed.failed} of ${warmed.requests} requests failed.`);
        await sleep(settling);
        const before = await clock.read(server.pid);
        const result = await run({ ...load, seconds, verify: false });
        const cpu = used(before, await clock.read(server.pid));
        await sleep(settling);
        if (result.requests === 0)
          throw new Error(`${list}, ${where}: not one answer in ${seconds} s. Give it more --seconds.`);
        const each = (time: number | null) => (time === null ? null : time / result.requests);
        measured[index]?.push({
          bytes: result.bytes / result.requests,
          requestsPerSecond: result.requests / result.seconds,
          p50: result.p50,
          failed: result.failed,
          serverCpu: each(cpu.server),
          databaseCpu: each(cpu.database),
          otherCores: cpu.others === null ? null : cpu.others / 1_000 / result.seconds,
        });
        say(
          `round ${round + 1}/${rounds}  ${list}, ${where}: ${(result.requests / result.seconds).toFixed(0)} req/s, p50 ${result.p50.toFixed(1)} ms`,
        );
      }
    }

    return all.map(({ list, where, rows }, index) => {
      const own = measured[index] ?? [];
      const median = (field: 'bytes' | 'requestsPerSecond' | 'p50' | 'serverCpu' | 'databaseCpu') =>
        medianOrNull(own.map((one) => one[field]));
      const others = own.flatMap(({ otherCores }) => (otherCores === null ? [] : [otherCores]));
      return {
        list,
        where,
        rows,
        bytes: median('bytes') ?? 0,
        requestsPerSecond: median('requestsPerSecond') ?? 0,
        p50: median('p50') ?? 0,
        failed: own.reduce((sum, { failed }) => sum + failed, 0),
        serverCpu: median('serverCpu'),
        databaseCpu: median('databaseCpu'),
        otherCores: others.length > 0 ? Math.max(...others) : null,
      };
    });
  } finally {
    await clock.close();
    await server.stop();
    await restore(data);
  }
}

/** What was found as a Markdown table. */
export function growthTable(found: readonly Growth[], { participants }: DataSet): string {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const digits = (value: number | null) => (value === null ? 'n/a' : value.toFixed(3));
  const rows = (participants / tenants).toLocaleString('en');
  const missing = sizes.filter((size) => !found.some(({ where }) => where === `${size} contacts`));
  const notes = missing.map((size) => `- No agent can have ${size} contacts here: give it a larger --factor.`);
  const failed = found.reduce((sum, one) => sum + one.failed, 0);
  if (failed > 0) notes.push(`- ${failed} requests failed.`);
  const max = Math.max(0, ...found.map(({ otherCores }) => otherCores ?? 0));
  if (max > busy)
    notes.push(`- Other programs had up to ${max.toFixed(1)} cores meanwhile: measure again on a quiet machine.`);
  return [
    `${rows} participants, and as many conversations, in each of ${tenants} tenants.`,
    '',
    row(['', '', 'rows', 'KB', 'requests/s', 'p50 ms', 'CPU ms/request: server', 'PostgreSQL']),
    row(['---', '---', ...Array.from({ length: 6 }, () => '---:')]),
    ...found.map((one) =>
      row([
        one.list,
        one.where,
        String(one.rows),
        (one.bytes / 1_024).toFixed(1),
        one.requestsPerSecond.toFixed(0),
        one.p50.toFixed(1),
        digits(one.serverCpu),
        digits(one.databaseCpu),
      ]),
    ),
    ...(notes.length > 0 ? ['', ...notes] : []),
    '',
  ].join('\n');
}
