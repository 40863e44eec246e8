import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { Connection, RunScript } from './connection.ts';
import { DatabaseSetupError } from './faults.ts';
import { newId } from './ids.ts';

const folder = new URL('../../prisma/migrations/', import.meta.url);

// Prisma's own table, so that `prisma migrate deploy` and this code agree on what has been applied.
const history = `
  create table if not exists "_prisma_migrations" (
    "id" varchar(36) primary key, "checksum" varchar(64) not null, "finished_at" timestamptz,
    "migration_name" varchar(255) not null, "logs" text, "rolled_back_at" timestamptz,
    "started_at" timestamptz not null default now(), "applied_steps_count" integer not null default 0)`;

// An index that is built while others write cannot be built in a transaction. An unfinished one stays behind and is
// unusable.
const concurrentIndex = /^CREATE (?:UNIQUE )?INDEX CONCURRENTLY "(\w+)"/;

const applied =
  'select migration_name, checksum from "_prisma_migrations" where finished_at is not null and rolled_back_at is null';

type Migration = { name: string; sql: string; checksum: string };
type Applied = { migration_name: string; checksum: string };

function ours(): Migration[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => {
      const sql = readFileSync(new URL(`${name}/migration.sql`, folder), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    })
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

/**
 * Returns the migrations that are still to apply. Throws DatabaseSetupError where the database's history is not a part
 * of ours.
 */
function missing(migrations: readonly Migration[], seen: readonly Applied[]): Migration[] {
  const known = new Map(migrations.map(({ name, checksum }) => [name, checksum]));
  for (const { migration_name: name, checksum } of seen) {
    if (!known.has(name))
      throw new DatabaseSetupError(
        `The database has the migration ${name}, which this version of Rollcall does not know: a newer version has been here. Start that version, or a newer one.`,
      );
    if (known.get(name) !== checksum)
      throw new DatabaseSetupError(`Migration ${name} was changed after it had been applied to this database.`);
  }
  const done = new Set(seen.map(({ migration_name: name }) => name));
  return migrations.filter(({ name }) => !done.has(name));
}

/**
 * Applies the missing migrations in order and returns their names. Each runs in a transaction under a lock that ends
 * with it, except for those that are a single CREATE INDEX CONCURRENTLY. Several processes may run it at once. It never
 * waits long for a lock, because others would wait behind it. databaseFault says of its errors whether to try again.
 */
export async function migrate(connection: Connection): Promise<string[]> {
  const migrations = ours();
  const names: string[] = [];
  let left = migrations;
  const readLeft = async (run: RunScript) => {
    left = missing(migrations, (await run(applied)) as Applied[]);
    return left[0];
  };
  await connection.script(async (run) => {
    const isNew = (await run(`select 1 where to_regclass('"_prisma_migrations"') is null`)).length > 0;
    if (!isNew) await readLeft(run);
  });
  while (left.length > 0) {
    const [, index] = concurrentIndex.exec(left[0]?.sql ?? '') ?? [];
    const transaction = index === undefined;
    await connection.script(
      async (run, lock) => {
        await lock();
        await run(history);
        const before = left[0];
        const next = await readLeft(run);
        // Another process applied some while this one waited. The next migration may have to run in another way.
        if (!next || next.name !== before?.name) return;
        // A concurrent index build waits for running transactions.
        if (!transaction) {
          await run('set lock_timeout = 0');
          await run(`drop index if exists "${index}"`);
        }
        await run(next.sql);
        await run(`insert into "_prisma_migrations" (id, checksum, migration_name, finished_at, applied_steps_count)
          values ('${newId()}', '${next.checksum}', '${next.name}', now(), 1)`);
        names.push(next.name);
        left = left.slice(1);
      },
      { transaction },
    );
  }
  return names;
}
