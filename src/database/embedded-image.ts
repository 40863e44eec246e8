import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

const migrations = new URL('../../prisma/migrations/', import.meta.url);

/**
 * Where a new embedded database finds itself already made and migrated, by these migrations and no others: to make one
 * takes seconds. `npm run build` writes the file; without it a new database is made from nothing.
 */
export function imageFile(): URL {
  const hash = createHash('sha256');
  for (const name of readdirSync(migrations).sort()) {
    const script = new URL(`${name}/migration.sql`, migrations);
    if (existsSync(script)) hash.update(readFileSync(script));
  }
  return new URL(`../../dist/database-${hash.digest('hex').slice(0, 16)}.tar`, import.meta.url);
}
