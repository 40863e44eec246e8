import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import pg from 'pg';
import type { ContenderName } from './contenders/contender.ts';

/** How large the data is, and where it lies. */
export type DataSet = {
  databaseUrl: string;
  /** The same data in the schema of the previous build, in a database of its own; null without one. */
  previous: DataSet | null;
  /** Also how many conversations, and external users, there are. */
  participants: number;
  agents: number;
};

export const tenants = 10;

const digits = { tenant: '001', participant: '003', conversation: '007' };

/** The id of the row with that number; data-set.sql makes the same. */
export function idOf(table: keyof typeof digits, n: number): string {
  const milliseconds = (Date.UTC(2025, 0, 1) + n * 1_000).toString(16).padStart(12, '0');
  return `${milliseconds.slice(0, 8)}-${milliseconds.slice(8)}-7${digits[table]}-8000-${n.toString(16).padStart(12, '0')}`;
}

/** The data as that contender has it. */
export const dataOf = (data: DataSet, contender: ContenderName): DataSet =>
  contender === 'previous' ? (data.previous as DataSet) : data;

const thisCheckout = fileURLToPath(new URL('../..', import.meta.url));

/** Changes whenever a database that was loaded before is not what the checkout would load. */
function version(checkout: string): string {
  const file = (path: string) => readFileSync(join(checkout, path), 'utf8');
  const hash = createHash('sha256');
  const migrations = 'prisma/migrations/';
  for (const entry of readdirSync(join(checkout, migrations), { withFileTypes: true }).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  ))
    if (entry.isDirectory()) hash.update(file(`${migrations}${entry.name}/migration.sql`));
  return hash.update(file('bench/data-set.sql')).update(file('bench/postgraphile.sql')).digest('hex');
}

/** Runs the work with a client that is ended afterwards. */
export async function withClient<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url, options: '-c TimeZone=UTC' });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Whether the database was made by this program, and, if so, of which version it is, null when it was not finished. */
async function madeHere(url: string): Promise<{ version: string | null } | null> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ there: boolean }>(
      `select to_regclass('bench.data_set') is not null as there`,
    );
    if (!rows[0]?.there) return null;
    const found = await client.query<{ version: string | null }>('select version from bench.data_set');
    return { version: found.rows[0]?.version ?? null };
  });
}

/**
 * Makes the database for the factor, or finds it loaded already. One that this program did not make is
 * left alone: then it throws.
 */
export async function provideDataSet(
  serverUrl: string,
  factor: number,
  fresh: boolean,
  say: (line: string) => void,
  previous: string | null,
): Promise<DataSet> {
  const data = await provide(serverUrl, databaseName(factor), thisCheckout, factor, fresh, say);
  if (previous === null) return data;
  const name = `${databaseName(factor)}_previous`;
  return { ...data, previous: await provide(serverUrl, name, previous, factor, fresh, say) };
}

async function provide(
  serverUrl: string,
  name: string,
  checkout: string,
  factor: number,
  fresh: boolean,
  say: (line: string) => void,
): Promise<DataSet> {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const databaseUrl = url.href;
  const agents = Math.max(1, Math.round((2_000 * factor) / tenants)) * tenants;
  const dataSet: DataSet = { databaseUrl, previous: null, agents, participants: agents * 50 };

  const exists = await withClient(serverUrl, async (client) => {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [name]);
    return rowCount === 1;
  });
  const wanted = version(checkout);
  if (exists) {
    const made = await madeHere(databaseUrl);
    if (!made) throw new Error(`There is a database ${name} that the benchmark did not make. Rename or drop it first.`);
    if (made.version === wanted && !fresh) {
      say(`Database ${name} is loaded already.`);
      await restore(dataSet);
      return dataSet;
    }
  }

  say(`Loading database ${name}: ${dataSet.participants.toLocaleString('en')} participants …`);
  const started = performance.now();
  await withClient(serverUrl, async (client) => {
    if (exists) await client.query(`drop database "${name}"`);
    await client.query(`create database "${name}"`);
  });
  await withClient(databaseUrl, async (client) => {
    await client.query(
      'create schema bench; create table bench.data_set (version text); insert into bench.data_set values (null)',
    );
  });
  await migrated(databaseUrl, checkout);
  await withClient(databaseUrl, async (client) => {
    for (const [setting, value] of Object.entries({ agents: dataSet.agents, participants: dataSet.participants }))
      await client.query(`select set_config($1, $2, false)`, [`bench.${setting}`, String(value)]);
    await client.query(readFileSync(join(checkout, 'bench/data-set.sql'), 'utf8'));
    await client.query(readFileSync(join(checkout, 'bench/postgraphile.sql'), 'utf8'));
    await client.query('vacuum analyze');
    await client.query('update bench.data_set set version = $1', [wanted]);
    await client.query('checkpoint').catch(() => {});
  });
  say(`Loaded in ${Math.round((performance.now() - started) / 1_000)} s.`);
  return dataSet;
}

/** Gives an empty database the schema that the checkout's service needs. */
async function migrated(databaseUrl: string, checkout: string): Promise<void> {
  const load = (file: string) => import(pathToFileURL(join(checkout, 'src/database', file)).href);
  const { migrate } = (await load('migrations.ts')) as typeof import('../../src/database/migrations.ts');
  const { connectPostgres } = (await load('postgres.ts')) as typeof import('../../src/database/postgres.ts');
  const connection = connectPostgres(databaseUrl, 1);
  try {
    await migrate(connection);
  } finally {
    await connection.close();
  }
}

/**
 * Takes out what has been added, so that what is measured next finds what was there before, and gives participants back
 * what `keepParticipants` has kept. Returns how many rows writes to conversations had added.
 */
export async function restore({ databaseUrl }: DataSet): Promise<number> {
  return withClient(databaseUrl, async (client) => {
    // The data's own rows are of 2025.
    const added = `created_at > '2026-01-01'`;
    const { rowCount } = await client.query(`delete from conversation_member where ${added}`);
    if (rowCount) await client.query('vacuum analyze conversation_member');
    const agents = await client.query(`select from agent where ${added} limit 1`);
    if (agents.rowCount) {
      await client.query(`delete from binding where ${added}`);
      await client.query(`delete from agent where ${added}`);
      await client.query('vacuum analyze agent, binding');
    }
    const kept = await client.query<{ there: boolean }>(
      `select to_regclass('bench.participant_as_was') is not null as there`,
    );
    if (kept.rows[0]?.there) {
      const columns = ['display_name', 'modified_at', ...avatarColumns]
        .map((column) => `${column} = k.${column}`)
        .join(', ');
      // One transaction. The trigger would make today the day they were modified.
      await client.query(`
        begin;
        alter table participant disable trigger participant_modified;
        update participant p set ${columns} from bench.participant_as_was k where p.tenant_id = k.tenant_id and p.id = k.id;
        alter table participant enable trigger participant_modified;
        drop table bench.participant_as_was;
        commit`);
      await client.query('vacuum analyze participant');
    }
    return rowCount ?? 0;
  });
}

const avatarColumns = [
  'avatar_file_id',
  'avatar_source',
  'avatar_source_config_id',
  'avatar_source_address',
  'avatar_synced_at',
];

/**
 * Keeps these participants as they are, in the database, for `restore`: after a run that was cut short the next one
 * finds them there.
 */
export async function keepParticipants({ databaseUrl }: DataSet, ids: readonly string[]): Promise<void> {
  await withClient(databaseUrl, async (client) => {
    await client.query('create table bench.participant_as_was as table participant with no data');
    await client.query('insert into bench.participant_as_was select * from participant where id = any($1::uuid[])', [
      [...new Set(ids)],
    ]);
  });
}

/** Drops the factor's database; only called for one that provideDataSet gave. */
export async function dropDataSet(serverUrl: string, factor: number): Promise<void> {
  await withClient(serverUrl, (client) => client.query(`drop database "${databaseName(factor)}"`));
}

const databaseName = (factor: number) => `rollcall_bench_${String(factor).replaceAll(/\W/g, '_')}`;
