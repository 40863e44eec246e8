import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { Connection } from './connection.ts';
import { newId } from './ids.ts';

const folder = new URL('../../prisma/migrations/', import.meta.url);

// Prisma's own table, so that `prisma migrate deploy` and this agree on what has been applied.
const history = `
  create table if not exists "_prisma_migrations" (
    "id" varchar(36) primary key, "checksum" varchar(64) not null, "finished_at" timestamptz,
    "migration_name" varchar(255) not null, "logs" text, "rolled_back_at" timestamptz,
    "started_at" timestamptz not null default now(), "applied_steps_count" integer not null default 0)`;

// An index that is built while others write cannot be built in a transaction; one that was not finished stays behind, and is of no use.
const concurrentIndex = /^CREATE (?:UNIQUE )?INDEX CONCURRENTLY "(\w+)"/;

/**
 * Applies the migrations that the database hasn't seen, in order; returns their names. Each is one transaction, but for those that are a single
 * CREATE INDEX CONCURRENTLY. Safe to run from several processes at once.
 */
export async function migrate(connection: Connection): Promise<string[]> {
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
  const applied: string[] = [];
  await connection.exclusively(async (script) => {
    await script(history);
    const seen = (await script(
      'select migration_name, checksum from "_prisma_migrations" where finished_at is not null and rolled_back_at is null',
    )) as { migration_name: string; checksum: string }[];
    const checksums = new Map(seen.map((row) => [row.migration_name, row.checksum]));
    for (const name of names) {
      const sql = readFileSync(new URL(`${name}/migration.sql`, folder), 'utf8');
      const checksum = createHash('sha256').update(sql).digest('hex');
      const before = checksums.get(name);
      if (before === checksum) continue;
      if (before !== undefined) throw new Error(`Migration ${name} was changed after it had been applied.`);
      const record = `insert into "_prisma_migrations" (id, checksum, migration_name, finished_at, applied_steps_count)
        values ('${newId()}', '${checksum}', '${name}', now(), 1);`;
      const [, index] = concurrentIndex.exec(sql) ?? [];
      if (index === undefined) await script(`begin; ${sql} ${record} commit;`);
      else {
        await script(`drop index if exists "${index}"`);
        await script(sql);
        await script(record);
      }
      applied.push(name);
    }
  });
  return applied;
}
