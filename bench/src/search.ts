import { Agent } from 'node:http';
import pg from 'pg';
import { type DataSet, idOf, tenants } from './data-set.ts';
import { at, items, type Json } from './json.ts';
import { seeded } from './operations.ts';
import { medianOrNull } from './report.ts';
import type { Plan } from './rounds.ts';
import { send } from './send.ts';
import type { Launcher, Server } from './servers.ts';
import { inTurns, type Turns } from './turns.ts';

type Way = 'service' | 'postgraphile' | 'bare statement';

/** The searches of one kind, by one way, in one round. */
export type Searched = Turns & { round: number; kind: string; way: Way };

type Table = 'participant' | 'external_user';

/** What is searched for. */
type Kind = {
  kind: string;
  table: Table;
  /** The query for the row of that number. */
  query(n: number): string;
  /** How many rows a page has at the least. */
  rows: number;
};

const pageSize = 20;

// Those of data-set.sql, as the service folds them. A participant's name ends with its number.
const firstNames = ['ada', 'grace', 'hiro', 'ines', 'kofi', 'lena', 'owen', 'priya', 'rosa'];
const lastNames = [
  ...['okafor', 'nilsson', 'martin', 'petrov', 'kim', 'haddad', "o'brien", 'tanaka', 'silva'],
  ...['nowak', 'mensah', 'weber', 'garcia', 'rossi', 'smith', 'patel', 'novak'],
];
const one = (of: readonly string[], n: number) => of[n % of.length] as string;

const kinds: readonly Kind[] = [
  { kind: 'rare name', table: 'participant', query: (n) => `${one(lastNames, Math.floor(n / 19))} ${n}`, rows: 1 },
  { kind: 'frequent last name', table: 'external_user', query: (n) => one(lastNames, n), rows: pageSize },
  { kind: 'frequent first name', table: 'external_user', query: (n) => one(firstNames, n), rows: pageSize },
  { kind: 'frequent part of a name', table: 'participant', query: (n) => one(lastNames, n), rows: pageSize },
  { kind: 'part of an e-mail', table: 'external_user', query: (n) => `er.${n}@mail`, rows: 1 },
];

const columns: Readonly<Record<Table, string>> = {
  participant: 'displayName email createdAt',
  external_user: 'firstName lastName email createdAt',
};

const fields: Readonly<Record<Table, { service: string; postgraphile: string; type: string }>> = {
  participant: {
    service: 'participantsConnection',
    type: 'ParticipantFilter',
    postgraphile: 'postgraphileSearchParticipantsList',
  },
  external_user: {
    service: 'externalUsersConnection',
    type: 'ExternalUserFilter',
    postgraphile: 'postgraphileSearchExternalUsersList',
  },
};

/** Sends a search, and returns the rows that were found; null when it failed. */
type Search = (kind: Kind, tenant: number, query: string) => Promise<number | null>;

async function answered(server: Server, agent: Agent, tenant: number, body: object, path: string[]) {
  const { status, text } = await send(server, tenant, JSON.stringify(body), agent);
  if (status !== 200) return null;
  const { data = null, errors } = JSON.parse(text) as { data?: Json; errors?: Json };
  return errors || data === null ? null : items(at(data, ...path)).length;
}

const byService =
  (server: Server, agent: Agent): Search =>
  ({ table }, tenant, query) => {
    const { service, type } = fields[table];
    const document = `query ($filter: ${type}) { ${service}(first: ${pageSize}, filter: $filter) { nodes { id ${columns[table]} } pageInfo { hasNextPage } } }`;
    return answered(server, agent, tenant, { query: document, variables: { filter: { query } } }, [service, 'nodes']);
  };

// No plugin of filters belongs to its preset, and its conditions know only equality: a function of postgraphile.sql, as
// its documentation recommends for searches.
const byPostGraphile =
  (server: Server, agent: Agent): Search =>
  ({ table }, tenant, query) => {
    const field = fields[table].postgraphile;
    const document = `query ($tenant: UUID!, $query: String!) { ${field}(tenant: $tenant, query: $query, first: ${pageSize}) { id: rowId ${columns[table]} } }`;
    const variables = { tenant: idOf('tenant', tenant), query };
    return answered(server, agent, tenant, { query: document, variables }, [field]);
  };

const bareColumns: Readonly<Record<Table, string>> = {
  participant: 'r.display_name, r.email',
  external_user: 'r.first_name, r.last_name, r.email',
};

/** The least that finds a part: in the order of names, and without ranks. */
const byStatement =
  (pool: pg.Pool): Search =>
  async ({ table }, tenant, query) => {
    const text = `select r.id, ${bareColumns[table]}, r.created_at from ${table}_search s
      join ${table} r on r.tenant_id = s.tenant_id and r.id = s.id
      where s.tenant_id = $1 and s.texts like '%' || $2 || '%'
      order by s.name_key collate "C", s.name collate "C", s.id limit ${pageSize}`;
    const { rowCount } = await pool.query({ name: `search ${table}`, text, values: [idOf('tenant', tenant), query] });
    return rowCount;
  };

/** Searches by the service, by PostGraphile and by a bare statement, in turn. */
export async function search(
  launcher: Launcher,
  data: DataSet,
  { rounds, seconds, connections, poolSize }: Plan,
  say: (line: string) => void,
): Promise<Searched[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const pool = new pg.Pool({ connectionString: data.databaseUrl, max: poolSize });
  const service = await launcher.start('rollcall', data.databaseUrl, poolSize);
  const postgraphile = await launcher.start('postgraphile', data.databaseUrl, poolSize);
  const ways: Record<Way, Search> = {
    service: byService(service, agent),
    postgraphile: byPostGraphile(postgraphile, agent),
    'bare statement': byStatement(pool),
  };
  const found: Searched[] = [];
  try {
    for (let round = 0; round < rounds; round++) {
      const order = Object.entries(ways) as [Way, Search][];
      if (round % 2 === 1) order.reverse();
      for (const kind of kinds) {
        for (const [way, run] of order) {
          const random = seeded(round);
          const numbers = Array.from({ length: 10_000 }, () => random(data.participants));
          const act = async (at: number) => {
            const n = numbers[at % numbers.length] as number;
            return ((await run(kind, n % tenants, kind.query(n))) ?? 0) >= kind.rows;
          };
          const during = (ms: number) => {
            const end = performance.now() + ms;
            return inTurns(connections, () => performance.now() < end, act);
          };
          const warmed = await during(1_000);
          if (warmed.failed > 0)
            throw new Error(
              `${kind.kind}, ${way}: ${warmed.failed} of ${warmed.count} answers are not what they should be.`,
            );
          found.push({ ...(await during(seconds * 1_000)), round, kind: kind.kind, way });
          const { perSecond, p50 } = found.at(-1) as Searched;
          say(
            `round ${round + 1}/${rounds}  ${kind.kind}, ${way}: ${perSecond.toFixed(0)}/s, p50 ${p50.toFixed(1)} ms`,
          );
        }
      }
    }
  } finally {
    agent.destroy();
    await service.stop();
    await postgraphile.stop();
    await pool.end();
  }
  return found;
}

/** What was found as a Markdown table: medians over the rounds, and ratios within them. */
export function searchTable(found: readonly Searched[], { participants }: DataSet): string {
  const median = (values: readonly number[]) => medianOrNull(values) ?? 0;
  const rows = kinds.flatMap(({ kind }) =>
    (['service', 'postgraphile', 'bare statement'] as const).map((way) => {
      const own = found.filter((one) => one.kind === kind && one.way === way);
      const ratios = own.map(({ round, perSecond }) => {
        const base = found.find((one) => one.kind === kind && one.way === 'postgraphile' && one.round === round);
        return perSecond / (base?.perSecond ?? Number.NaN);
      });
      const cells = [
        median(own.map(({ perSecond }) => perSecond)).toFixed(0),
        median(ratios).toFixed(2),
        median(own.map(({ p50 }) => p50)).toFixed(1),
        median(own.map(({ p99 }) => p99)).toFixed(1),
        String(own.reduce((sum, { failed }) => sum + failed, 0)),
      ];
      return `| ${[kind, way, ...cells].join(' | ')} |`;
    }),
  );
  return [
    `${(participants / tenants).toLocaleString('en')} participants, and as many external users, in each of ${tenants} tenants.`,
    '',
    '| | by | a second | × PostGraphile | p50, ms | p99, ms | failed |',
    '| --- | --- | ---: | ---: | ---: | ---: | ---: |',
    ...rows,
    '',
  ].join('\n');
}
