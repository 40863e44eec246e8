import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createCpuClock, used } from './cpu.ts';
import { type DataSet, idOf, withClient } from './data-set.ts';
import { operationNamed, seeded } from './operations.ts';
import type { Launcher, Server } from './servers.ts';
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
  others: { p50: number; p99: number; max: number };
};

/** One request body, or several that are sent at once. */
type Attack = { name: string; tenant: number; bodies: () => string[] };

const times = (count: number, part: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => part(index)).join(' ');

/** An attack that sends one query, as often as said at the same time. */
const one = (name: string, query: string, { tenant = 0, variables = {} as object, atOnce = 1 } = {}): Attack => ({
  name,
  tenant,
  bodies: () => Array.from({ length: atOnce }, () => JSON.stringify({ query, variables })),
});

const batch = (name: string, query: string | ((index: number) => string), tenant = 0): Attack => ({
  name,
  tenant,
  bodies: () => [
    JSON.stringify(
      Array.from({ length: 10 }, (_, index) => ({ query: typeof query === 'string' ? query : query(index) })),
    ),
  ],
});

const largeConversation = idOf('conversation', 20_000_000);
const peopleConversation = idOf('conversation', 20_000_001);
const metadataConversation = idOf('conversation', 20_000_007);
const reachable = 'filter: { reachable: true }';
const scalars = 'id kind displayName email relatedAgentId avatarFileId avatarSource disabledAt createdAt modifiedAt';
const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);

const attacks: readonly Attack[] = [
  one(
    '3 × participants, 55 avatar URLs',
    `{ ${times(3, (n) => `r${n}: participants { ...F }`)} } fragment F on Participant { ${times(55, (n) => `a${n}: avatarUrl(size: 64)`)} }`,
  ),
  one(
    '8 × participants, 52 avatar URLs',
    `{ ${times(8, (n) => `r${n}: participants { ...F }`)} } fragment F on Participant { ${times(52, (n) => `a${n}: avatarUrl(size: 64)`)} }`,
  ),
  one('participants, 14 scalars', `{ participants { ${scalars} } }`),
  one(
    'participants { channels agentIds }',
    '{ participants { id displayName channels { id provider address priority label } agentIds } }',
  ),
  one('participants, 38 × displayName', `{ participants { ${times(38, (n) => `a${n}: displayName`)} } }`),
  one(
    'participants { agents agents bindings { agent participant } }',
    '{ participants { agents { id } b: agents { id name } bindings { agent { id name } participant { id displayName } } } }',
  ),
  one(
    'participants { 6 × bindings { agent participant } }',
    `{ participants { ${times(6, (n) => `b${n}: bindings { agent { id name } participant { id displayName } }`)} } }`,
  ),
  one(
    'participants { bindings { participant { bindings { participant } } } }',
    '{ participants { bindings { participant { bindings { participant { id displayName email } } } } } }',
  ),
  one(
    'participants { health }',
    '{ participants { health { reachable reason channels { address reason channel { id } } } } }',
  ),
  one(
    'participants { externalUsers conversations }',
    '{ participants { externalUsers { id } conversations(first: 2) { nodes { id } } } }',
  ),
  one(
    'participants { channelActivations avatarAutoSync }',
    '{ participants { channelActivations { provider } avatarAutoSync { synced } relatedAgent { id name } } }',
  ),
  one('participants, e-mails of 4,000 characters', '{ participants { email } }', { tenant: 8 }),
  one('participants, names of those with long e-mails', '{ participants { displayName } }', { tenant: 8 }),
  one('participants { channels }, addresses of 4,000 characters', '{ participants { channels { address } } }', {
    tenant: 8,
  }),
  one('participants { health }, addresses of 4,000 characters', '{ participants { health { reachable } } }', {
    tenant: 8,
  }),
  one('participants over 10,000', '{ participants { id } }', { tenant: 9 }),
  one(
    'conversation of 10,000 { participants }',
    `{ conversation(id: "${largeConversation}") { participants { id participantId type status createdAt } } }`,
  ),
  one(
    'conversation of 10,000 { participants { subject } }',
    `{ conversation(id: "${peopleConversation}") { participants { id displayName avatarUrl subject { ... on Participant { id displayName } } } } }`,
  ),
  one(
    'conversation of 10,000 { participants { conversation { participants } } }',
    `{ conversation(id: "${largeConversation}") { participants { conversation { participants { id } } } } }`,
  ),
  one(
    '20 × conversation of 10,000 { participants }',
    `{ ${times(20, (n) => `c${n}: conversation(id: "${n % 2 ? largeConversation : peopleConversation}") { participants { id } }`)} }`,
  ),
  one(
    'conversation of 10,000 { participants { subject { metadata } } }',
    `{ conversation(id: "${metadataConversation}") { participants { subject { ... on ExternalUser { metadata } } } } }`,
    { tenant: 7 },
  ),
  one(
    'a page of pages of participants',
    '{ participantsConnection(first: 100) { nodes { conversations(first: 100) { nodes { participants { id displayName subject { ... on Participant { id } } } } } } } }',
  ),
  one(
    'a page of conversations, 30 × participants',
    `{ conversationsConnection(first: 100) { nodes { ${times(30, (n) => `p${n}: participants { id displayName status }`)} } } }`,
  ),
  one(
    '10 bound to all agents, 30 × agents',
    `{ participantsConnection(first: 100, filter: {email: "same@example.com"}) { nodes { ${times(30, (n) => `a${n}: agents { id name }`)} } } }`,
    { tenant: 6 },
  ),
  one(
    '20 counts of the reachable',
    `{ ${times(20, (n) => `c${n}: participantsConnection(first: 0, ${reachable}) { totalCount }`)} }`,
    { tenant: 9 },
  ),
  one(
    '5 counts of the reachable',
    `{ ${times(5, (n) => `c${n}: participantsConnection(first: 0, ${reachable}) { totalCount }`)} }`,
    { tenant: 9 },
  ),
  one(
    '7 counts by a reason',
    `{ ${times(7, (n) => `c${n}: participantsConnection(first: 0, filter: { reason: KEY_REVOKED }) { totalCount }`)} }`,
    { tenant: 9 },
  ),
  one(
    '25 pages by a reason that nobody has',
    `{ ${times(25, (n) => `c${n}: participantsConnection(first: 1, filter: { reason: KEY_REVOKED }) { nodes { id } }`)} }`,
    { tenant: 9 },
  ),
  one(
    '60 × whoIs by an e-mail of 1,000',
    `{ ${times(60, (n) => `w${n}: whoIs(by: { email: "same@example.com" }) { participants { id displayName } }`)} }`,
    { tenant: 6 },
  ),
  one(
    '60 × whoIs, everything',
    `{ ${times(60, (n) => `w${n}: whoIs(by: { email: "same@example.com" }) { participants { id externalUsers { id } } externalUsers { id conversationIds } conversationParticipants { id } }`)} }`,
    { tenant: 6 },
  ),
  one(
    '60 × searchExternalUser { conversationIds }',
    `{ ${times(60, (n) => `s${n}: searchExternalUser(by: { fkId: "fk-${n * 10}" }) { conversationIds user { id participants { id conversations(first: 100) { nodes { id } } } } }`)} }`,
  ),
  one('740 repeated fields', `{ viewer { ${times(740, () => 'kind')} } }`),
  batch('10 × 740 repeated fields', (n) => `{ viewer { ${times(740, () => 'kind')} } } # ${n}`),
  one('a document of comments', `${'#\n'.repeat(31_950)}{ viewer { kind } }`),
  batch('10 × a document of comments', (n) => `${'#\n'.repeat(31_950)}{ viewer { kind } }#${n}`),
  one(
    'fragments that spread each other twice',
    `{ viewer { ...F0 } } ${times(60, (n) => `fragment F${n} on Viewer { ...F${n + 1} ...F${n + 1} }`)} fragment F60 on Viewer { kind }`,
  ),
  one(
    'fragments in a row',
    `{ viewer { ...F0 } } ${times(320, (n) => `fragment F${n} on Viewer { kind ...F${n + 1} }`)} fragment F320 on Viewer { kind }`,
  ),
  one(
    '200 operations',
    times(200, (n) => `query Q${n} { viewer { kind } }`),
  ),
  one('600 unused fragments', `{ viewer { kind } } ${times(400, (n) => `fragment F${n} on Viewer { kind }`)}`),
  one('700 variables', `query (${times(700, (n) => `$v${n}: Int`)}) { viewer { kind } }`),
  one(
    '50 × @include by variables',
    `query (${times(50, (n) => `$v${n}: Boolean = true`)}) { viewer { ${times(50, (n) => `a${n}: kind @include(if: $v${n})`)} } }`,
  ),
  one('__typename flood', `{ participants { ${times(140, () => '__typename')} } }`),
  one('55 × __typename', `{ participants { ${times(55, (n) => `a${n}: __typename`)} } }`),
  one(
    'introspection flood',
    `{ ${times(25, (n) => `s${n}: __schema { types { name description fields { name description args { name description type { name kind } } type { name kind } } } }`)} }`,
  ),
  one(
    'introspection, deep',
    `{ __schema { types { fields { type { fields { type { fields { type { name } } } } } } } }`,
  ),
  one(
    'introspection by __type',
    `{ ${times(60, (n) => `t${n}: __type(name: "Participant") { fields { name description type { name fields { name type { name fields { name } } } } } }`)} }`,
  ),
  one(
    'variables: 1 MB of nested arrays',
    'mutation ($m: JSONObject) { createExternalUser(input: { firstName: "a", lastName: "b", fkId: "hostile", metadata: $m }) { user { id } } }',
    { variables: { m: { a: Array.from({ length: 2_000 }, () => nested(200)) } } },
  ),
  one(
    'variables: 900 KB of names for a @oneOf',
    'query ($by: IdentityInput!) { whoIs(by: $by) { participants { id } } }',
    { variables: { by: Object.fromEntries(Array.from({ length: 60_000 }, (_, n) => [`name${n}`, 1])) } },
  ),
  one('variables: 200,000 wrong list items', 'query ($ids: [ID!]) { __typename } ', {
    variables: { ids: Array.from({ length: 200_000 }, () => null) },
  }),
  one(
    'variables: a mutation with 100,000 channels',
    'mutation ($c: [ChannelInput!]) { createParticipant(input: { kind: PERSON, displayName: "x", channels: $c }) { participant { id } } }',
    { variables: { c: Array.from({ length: 100_000 }, () => ({})) } },
  ),
  one(
    'variables: a name of 900 KB',
    'mutation ($n: String!) { createParticipant(input: { kind: PERSON, displayName: $n }) { participant { id } } }',
    { variables: { n: 'x'.repeat(900_000) } },
  ),
  batch('10 × participants, 14 scalars', `{ participants { ${scalars} } }`),
  batch('10 × participants { id }', '{ participants { id } }'),
  batch('10 × the reachable counted', `{ participantsConnection(first: 0, ${reachable}) { totalCount } }`, 9),
  batch(
    '10 × introspection',
    `{ __schema { types { name description fields { name description args { name description type { name kind } } type { name kind } } } } }`,
  ),
  one(
    '60 × createParticipant in one request',
    `mutation { ${times(60, (n) => `c${n}: createParticipant(input: { kind: PERSON, displayName: "Hostile ${n}" }) { participant { id } }`)} }`,
    { tenant: 5 },
  ),
  one('30 lists of 10,000 at once', `{ participants { ${scalars} } }`, { atOnce: 30 }),
  one('200 lists of 10,000 at once', '{ participants { id displayName } }', { atOnce: 200 }),
  one(
    '50 refusals at once',
    '{ participants { agents { id } b: agents { id name } bindings { agent { id name } participant { id displayName } } } }',
    { atOnce: 50 },
  ),
  one(
    '200 × 5 counts of the reachable at once',
    `{ ${times(5, (n) => `c${n}: participantsConnection(first: 0, ${reachable}) { totalCount }`)} }`,
    { tenant: 9, atOnce: 20 },
  ),
];

type Answered = { status: number; text: string };

function send(server: Server, tenant: number, body: string, agent: Agent): Promise<Answered> {
  return new Promise((resolve) => {
    const sent = request(server.url, {
      method: 'POST',
      agent,
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        authorization: server.authorization(tenant) as string,
        'content-length': Buffer.byteLength(body),
      },
    });
    sent.on('error', (error) => resolve({ status: 0, text: JSON.stringify({ errors: [{ message: error.message }] }) }));
    sent.on('response', (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', () => {});
      response.on('close', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString() }));
    });
    sent.end(body);
  });
}

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

const sharesOf = (values: number[]) => {
  values.sort((a, b) => a - b);
  const share = (part: number) => values[Math.min(values.length - 1, Math.floor(values.length * part))] ?? Number.NaN;
  return { p50: share(0.5), p99: share(0.99), max: share(1) };
};

/** How often another tenant's participant is read while an attack goes on, and for how long at the least. */
const everyMs = 5;
const atLeastMs = 1_000;

/** Attacks the service with what an ordinary credential may send, each attack alone, in a database of its own. */
export async function hostile(
  launcher: Launcher,
  data: DataSet,
  { poolSize, only }: { poolSize: number; only: string | null },
  say: (line: string) => void,
): Promise<Attacked[]> {
  const url = new URL(data.databaseUrl);
  const template = url.pathname.slice(1);
  const name = `${template}_hostile`;
  const server = new URL(url);
  server.pathname = '/postgres';
  await withClient(server.href, async (client) => {
    await client.query(`drop database if exists "${name}" with (force)`);
    await client.query(`create database "${name}" template "${template}"`);
  });
  url.pathname = `/${name}`;
  await withClient(url.href, (client) =>
    client.query(readFileSync(fileURLToPath(new URL('../hostile.sql', import.meta.url)), 'utf8')).then(() => {}),
  );
  try {
    return await attackAll(launcher, { ...data, databaseUrl: url.href }, poolSize, only, say);
  } finally {
    await withClient(server.href, (client) => client.query(`drop database "${name}" with (force)`).then(() => {}));
  }
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
  const draws = operationNamed('participant')
    .draw(2_000, data, seeded(42))
    .filter(({ tenant }) => tenant > 0 && tenant < 5);
  const cpu = async () => (await metrics(server.url)).get('process_cpu_seconds_total') ?? Number.NaN;

  async function others(until: Promise<unknown>): Promise<Attacked['others']> {
    const tookMs: number[] = [];
    const waiting: Promise<void>[] = [];
    let over = false;
    void until.then(() => {
      over = true;
    });
    const begun = performance.now();
    for (let index = 0; !over || performance.now() - begun < atLeastMs; index++) {
      const draw = draws[index % draws.length];
      if (!draw) break;
      const sentAt = performance.now();
      waiting.push(
        send(server, draw.tenant, server.body('participant', draw), readers).then(() => {
          tookMs.push(performance.now() - sentAt);
        }),
      );
      await sleep(everyMs);
    }
    await Promise.all(waiting);
    return sharesOf(tookMs);
  }

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
