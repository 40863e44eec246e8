import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

const migrations = new URL('../../prisma/migrations/', import.meta.url);

/**
 * The path of an image of an embedded database with exactly these migrations applied. Creating a database from nothing
 * takes seconds. `npm run build` writes the image. Without it a new database is created from nothing.
 */
export function imageFile(): URL {
  const hash = createHash('sha256');
  for (const name of readdirSync(migrations).sort()) {
    const script = new URL(`${name}/migration.sql`, migrations);
    if (existsSync(script)) hash.update(readFileSync(script));
  }
  return new URL(`../../dist/database-${hash.digest('hex').slice(0, 16)}.tar`, import.meta.url);
}
