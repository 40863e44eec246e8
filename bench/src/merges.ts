import { Agent } from 'node:http';
import pg from 'pg';
import { type DataSet, idOf, withClient } from './data-set.ts';
import { copied } from './database-copy.ts';
import { send } from './send.ts';
import type { Launcher, Server } from './servers.ts';
import { inTurns, type Turns } from './turns.ts';

/** Merges or erasures of one way, one after the other over each connection. */
export type Changed = Turns & { what: What; way: Way };

type What = 'merge' | 'erase';
type Way = 'bare statements' | 'service';

export type MergesResult = { connections: number; found: Changed[] };

// One tenant for each way, so that neither has what the other left behind.
const targets: Readonly<Record<Way, number>> = { 'bare statements': 0, service: 1 };

/** Version 4 ids by number, those of the survivors and of those who are merged into them. */
const userId = (way: Way, kind: 'into' | 'from', n: number): string =>
  `00000000-0000-4000-8${targets[way]}0${kind === 'into' ? 1 : 2}-${n.toString(16).padStart(12, '0')}`;

/** Adds pairs of external users, with an e-mail address, a telephone number and a conversation of their own each. */
async function addPairs(client: pg.Client, way: Way, count: number): Promise<void> {
  const tenant = idOf('tenant', targets[way]);
  for (const kind of ['into', 'from'] as const) {
    const prefix = userId(way, kind, 0).slice(0, 24);
    const id = `($2 || lpad(to_hex(n), 12, '0'))::uuid`;
    await client.query(
      `insert into external_user (tenant_id, id, first_name, last_name, email, phone_number, phone_key, source)
       select $1, ${id}, 'Ann', 'Berg' || n, $3 || n || '@merge.example', p, p, $3
       from (select n, '+4915' || $4::text || lpad(n::text, 7, '0') as p from generate_series(0, $5::int - 1) n) x`,
      [tenant, prefix, kind, `${targets[way]}${kind === 'into' ? 1 : 2}`, count],
    );
    await client.query(
      `insert into conversation_member (tenant_id, id, conversation_id, type, participant_id, contact_id)
       select $1, gen_random_uuid(), c.id, 'CONTACT', ${id}::text, ${id}
       from generate_series(0, $3::int - 1) n
       join (select id, row_number() over (order by id) - 1 as place from conversation where tenant_id = $1 order by id limit 100) c on c.place = (n + $4::int) % 100`,
      [tenant, prefix, count, kind === 'into' ? 0 : 50],
    );
  }
}

/**
 * What a merge, or a deletion of a person, is at the least in SQL: nothing can be undone, nothing leads to the
 * survivor, and no history of before is looked for. The triggers run all the same.
 */
const bare: Readonly<Record<What, readonly string[]>> = {
  merge: [
    'select from external_user where tenant_id = $1 and id in ($2, $3) order by id for update',
    'update external_user_identifier set external_user_id = $2, is_primary = false where tenant_id = $1 and external_user_id = $3',
    'update conversation_member set contact_id = $2, participant_id = $2::uuid::text where tenant_id = $1 and contact_id = $3',
    'delete from external_user where tenant_id = $1 and id = $3 and id <> $2',
  ],
  erase: [
    'delete from conversation_member where tenant_id = $1 and contact_id in ($2, $3)',
    'delete from external_user where tenant_id = $1 and id in ($2, $3)',
    'delete from history_entry where tenant_id = $1 and about_id in ($2, $3)',
  ],
};

async function runBare(pool: pg.Pool, what: What, n: number): Promise<boolean> {
  const way = 'bare statements';
  const values = [idOf('tenant', targets[way]), userId(way, 'into', n), userId(way, 'from', n)];
  const client = await pool.connect();
  try {
    await client.query('begin');
    for (const [index, text] of bare[what].entries()) await client.query({ name: `${what} ${index}`, text, values });
    await client.query('commit');
    return true;
  } catch {
    await client.query('rollback');
    return false;
  } finally {
    client.release();
  }
}

const mutations: Readonly<Record<What, string>> = {
  merge:
    'mutation ($into: ID!, $from: ID!) { mergeExternalUsers(input: { intoId: $into, fromIds: [$from] }) { merge { id } } }',
  erase:
    'mutation ($email: String!) { erasePerson(input: { by: { email: $email }, confirm: true }) { erased { memberships } } }',
};

async function runService(server: Server, agent: Agent, what: What, n: number): Promise<boolean> {
  const [intoId, fromId] = [userId('service', 'into', n), userId('service', 'from', n)];
  const variables = what === 'merge' ? { into: intoId, from: fromId } : { email: `into${n}@merge.example` };
  const { status, text } = await send(
    server,
    targets.service,
    JSON.stringify({ query: mutations[what], variables }),
    agent,
  );
  return status === 200 && !text.includes('"errors"');
}

/**
 * Merges so many pairs of external users, and then erases who they are, by the service and by bare statements. Works in
 * a copy of the data.
 */
export async function merges(
  launcher: Launcher,
  data: DataSet,
  { count, connections, poolSize }: { count: number; connections: number; poolSize: number },
  say: (line: string) => void,
): Promise<MergesResult> {
  const found: Changed[] = [];
  await copied(data, 'merges', async (databaseUrl) => {
    await withClient(databaseUrl, async (client) => {
      for (const way of ['bare statements', 'service'] as const) await addPairs(client, way, count);
      await client.query('vacuum analyze');
    });
    const pool = new pg.Pool({ connectionString: databaseUrl, max: poolSize });
    const agent = new Agent({ keepAlive: true, maxSockets: connections });
    const server = await launcher.start('rollcall', databaseUrl, poolSize);
    try {
      for (const what of ['merge', 'erase'] as const) {
        const times = (act: (n: number) => Promise<boolean>) => inTurns(connections, (n) => n < count, act);
        found.push({ what, way: 'bare statements', ...(await times((n) => runBare(pool, what, n))) });
        found.push({ what, way: 'service', ...(await times((n) => runService(server, agent, what, n))) });
        for (const each of found.slice(-2)) say(rowOf(each));
      }
    } finally {
      agent.destroy();
      await server.stop();
      await pool.end();
    }
  });
  return { connections, found };
}

const rowOf = ({ what, way, count, failed, perSecond, p50, p99 }: Changed): string =>
  `| ${[what, way, count, failed, perSecond.toFixed(0), p50.toFixed(1), p99.toFixed(1)].join(' | ')} |`;

/** The result as Markdown. */
export const mergesTable = ({ connections, found }: MergesResult): string =>
  [
    `Over ${connections} connections. What is erased are the two who were merged, with their history.`,
    '',
    '| | by | operations | failed | a second | p50, ms | p99, ms |',
    '| --- | --- | ---: | ---: | ---: | ---: | ---: |',
    ...found.map(rowOf),
  ].join('\n');
