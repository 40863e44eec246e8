import type { ContenderName } from './contenders/contender.ts';
import { whoHave } from './contenders.ts';
import { type DataSet, dataOf, idOf, restore, tenants, withClient } from './data-set.ts';
import type { Json } from './json.ts';
import { type Draw, type Operation, seeded } from './operations.ts';
import type { Launcher, Server } from './servers.ts';
import { type Counted, countStatements } from './statement-counter.ts';

const samples = 20;

/**
 * What a request costs the database, a request: by contender, then by operation; null where it could not be counted.
 */
export type StatementCounts = Map<string, Counted | null>;

/** The contenders do not answer alike. */
export class DifferentAnswers extends Error {
  override readonly name = 'DifferentAnswers';
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Normalises a value: sorted names, and timestamps as ISO strings in UTC. */
function tidy(value: Json): Json {
  if (typeof value === 'string') return /^\d{4}-\d\d-\d\dT\d\d:/.test(value) ? new Date(value).toISOString() : value;
  if (Array.isArray(value)) return value.map(tidy);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, part]) => [name, tidy(part)]),
  );
}

/** Where two tidy values differ first, in words; null where they are equal. */
function difference(expected: Json | undefined, found: Json | undefined, path = 'answer'): string | null {
  if (typeof expected !== 'object' || typeof found !== 'object' || !expected || !found) {
    const shown = (value: Json | undefined) => (JSON.stringify(value) ?? 'nothing').slice(0, 200);
    return expected === found ? null : `${path}: ${shown(expected)} and ${shown(found)}`;
  }
  const names = new Set([...Object.keys(expected), ...Object.keys(found)]);
  const parts = [expected, found] as { [name: string]: Json }[];
  for (const name of names) {
    const here = difference(parts[0]?.[name], parts[1]?.[name], `${path}.${name}`);
    if (here) return here;
  }
  return null;
}

/** A new membership has an id and a timestamp of its own. Only their presence is compared. */
function madeNow(answer: Json): Json {
  const { created, participant } = answer as { created?: Json; participant?: { id?: Json; createdAt?: Json } };
  if (created !== true || !participant) return answer;
  const { id, createdAt } = participant;
  const good = uuid.test(String(id)) && Math.abs(Date.parse(String(createdAt)) - Date.now()) < 3_600_000;
  return {
    created,
    participant: { ...participant, id: good ? 'new' : (id ?? null), createdAt: good ? 'now' : (createdAt ?? null) },
  };
}

/** The rows that writes have left, without what each contender chooses for itself. */
const written = ({ databaseUrl }: DataSet) =>
  withClient(databaseUrl, async (client) => {
    const { rows } = await client.query(
      `select tenant_id, conversation_id, type, participant_id, user_id, contact_id, agent_id, status, display_name, avatar_url, contact_key
       from conversation_member where created_at > '2026-01-01' order by conversation_id, participant_id`,
    );
    return JSON.parse(JSON.stringify(rows)) as Json;
  });

/** Asks for what an operation's equality is judged by. Between two contenders the data is restored. */
async function answersOf(server: Server, operation: Operation, data: DataSet, draws: readonly Draw[]): Promise<Json> {
  if (!operation.writes) {
    const answers: Json[] = [];
    for (const draw of draws) answers.push(tidy(await server.answer(operation.name, draw)));
    return answers;
  }
  const answers: { [name: string]: Json } = {};
  for (const [n, draw] of draws.entries()) {
    const first = await server.answer(operation.name, draw);
    const again = await server.answer(operation.name, draw);
    answers[`added${n}`] = tidy(madeNow(first));
    // The same again is found, not added: the same row, and nothing else.
    const participant = (first as { participant?: Json }).participant ?? null;
    answers[`found${n}`] = difference(tidy({ created: false, participant }), tidy(again)) ?? 'the one that was added';
  }
  // Somebody who took part before, in an open conversation and in a closed one, and somebody new in a closed one.
  const rows = data.participants / tenants;
  for (const [name, row, distance] of [
    ['open', 9, 0],
    ['closed', 8, 0],
    ['refused', 8, 1],
  ] as const) {
    const draw: Draw = {
      tenant: 3,
      tenantId: idOf('tenant', 3),
      key: idOf('conversation', row * tenants + 3),
      userId: idOf('participant', ((row * 37 + distance) % rows) * tenants + 3),
    };
    answers[name] = tidy(await server.answer(operation.name, draw));
  }
  answers['rows'] = await written(data);
  await restore(data);
  return answers;
}

const key = (contender: ContenderName, operation: Operation) => `${contender} ${operation.name}`;

/** What the counts are filed under. */
export const countOf = (counts: StatementCounts, contender: ContenderName, operation: Operation) =>
  counts.get(key(contender, operation)) ?? null;

/**
 * Starts one contender after the other and asks all of them the same. Throws DifferentAnswers unless
 * everything they say, and write, is equal; returns how many SQL statements they needed.
 */
export async function checkEqual(
  launcher: Launcher,
  contenders: readonly ContenderName[],
  operations: readonly Operation[],
  data: DataSet,
  poolSize: number,
  say: (line: string) => void,
): Promise<StatementCounts> {
  const counts: StatementCounts = new Map();
  const expected = new Map<Operation, { by: string; answers: Json }>();
  for (const name of contenders) {
    const own = dataOf(data, name);
    const counter = await countStatements(own.databaseUrl);
    try {
      const server = await launcher.start(name, counter?.databaseUrl ?? own.databaseUrl, poolSize);
      for (const operation of operations) {
        if (!whoHave(operation.name, [name])[0]) continue;
        const random = seeded(7);
        const draws = operation.draw(3 * samples, data, random);
        const answers = await answersOf(server, operation, own, draws.slice(0, samples));
        const before = expected.get(operation);
        if (before) {
          const here = difference(before.answers, answers);
          if (here)
            throw new DifferentAnswers(
              `${operation.name}: ${before.by} and ${server.contender.title} differ.\n${here}`,
            );
        } else {
          if (JSON.stringify(answers).length < samples * 20)
            throw new DifferentAnswers(`${operation.name}: the answers are empty.`);
          expected.set(operation, { by: server.contender.title, answers });
        }

        for (const draw of draws.slice(samples, 2 * samples)) await server.answer(operation.name, draw);
        counter?.read();
        for (const draw of draws.slice(2 * samples)) await server.answer(operation.name, draw);
        const counted = counter?.read();
        counts.set(
          key(name, operation),
          counted ? { statements: counted.statements / samples, roundTrips: counted.roundTrips / samples } : null,
        );
        if (operation.writes) await restore(own);
      }
      await server.stop();
      say(`${server.contender.title}: its operations checked with ${samples} requests each`);
    } finally {
      await counter?.close();
    }
  }
  return counts;
}
