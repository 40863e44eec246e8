import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { Connection } from './connection.ts';
import { DatabaseSetupError } from './faults.ts';
import { newId } from './ids.ts';

const folder = new URL('../../prisma/migrations/', import.meta.url);

// Prisma's own table, so that `prisma migrate deploy` and this agree on what has been applied.
const history = `
  create table if not exists "_prisma_migrations" (
    "id" varchar(36) primary key, "checksum" varchar(64) not null, "finished_at" timestamptz,
    "migration_name" varchar(255) not null, "logs" text, "rolled_back_at" timestamptz,
    "started_at" timestamptz not null default now(), "applied_steps_count" integer not null default 0)`;

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

/** Those that are still to be applied. Throws DatabaseSetupError where the database's history is not a part of ours. */
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
 * Applies the migrations that the database hasn't seen, in order, each in a transaction under a lock that ends with it; returns their names. Safe
 * to run from several processes at once. Never waits long for a lock, so that those who want the same tables do not wait behind it:
 * databaseFault says of what it throws whether to try again.
 */
export async function migrate(connection: Connection): Promise<string[]> {
  const migrations = ours();
  const names: string[] = [];
  for (let left = migrations; left.length > 0; ) {
    await connection.script(async (run, lock) => {
      const isNew = (await run(`select 1 where to_regclass('"_prisma_migrations"') is null`)).length > 0;
      if (!isNew) left = missing(migrations, (await run(applied)) as Applied[]);
      if (left.length === 0) return;
      await lock();
      await run(history);
      // Another process may have applied some while this one waited.
      left = missing(migrations, (await run(applied)) as Applied[]);
      const [next] = left;
      if (!next) return;
      await run(next.sql);
      await run(`insert into "_prisma_migrations" (id, checksum, migration_name, finished_at, applied_steps_count)
        values ('${newId()}', '${next.checksum}', '${next.name}', now(), 1)`);
      names.push(next.name);
      left = left.slice(1);
    });
  }
  return names;
}
