import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { PGlite } from '@electric-sql/pglite';
import { PrismaPGlite } from 'pglite-prisma-adapter';
import type { Connection, RunScript } from './connection.ts';
import { imageFile } from './embedded-image.ts';
import { lockFolder } from './folder-lock.ts';

/** Where the embedded database is stored: in a folder, or in memory, where it may start as a copy of an image. */
export type EmbeddedPlace = { folder: string } | { image: Blob | undefined };

/**
 * The image that a new database in that folder starts from. Undefined when there is a database already, or no image.
 */
function imageFor(folder: string): Blob | undefined {
  const file = imageFile();
  return existsSync(`${folder}/PG_VERSION`) || !existsSync(file)
    ? undefined
    : new Blob([readFileSync(file)], { type: 'application/x-tar' });
}

/**
 * PostgreSQL inside this process. It has one connection, and a transaction holds it. Work inside a transaction must use
 * the transaction's handle, or it waits for itself.
 */
export async function connectEmbedded(place: EmbeddedPlace): Promise<Connection & { image(): Promise<Blob> }> {
  let unlock = () => {};
  if ('folder' in place) {
    mkdirSync(place.folder, { recursive: true });
    unlock = lockFolder(place.folder);
  }
  const image = 'folder' in place ? imageFor(place.folder) : place.image;
  const database = await PGlite.create({
    ...('folder' in place && { dataDir: place.folder }),
    ...(image && { loadDataDir: image }),
  });
  await database.exec(`set timezone = 'UTC'`);

  const query: Connection['query'] = async ({ text }, values) => (await database.query(text, values as unknown[])).rows;
  return {
    adapter: new PrismaPGlite(database),
    query,
    // With one connection there is nobody to wait for.
    queryBatchedWrite: query,
    batchedWritesAtOnce: 1,
    async script(work, { transaction = true } = {}) {
      const run: RunScript = async (sql) => (await database.exec(sql)).at(-1)?.rows ?? [];
      // No other process can migrate: the folder belongs to this one.
      const lock = async () => {};
      if (!transaction) return work(run, lock);
      await run('begin');
      try {
        await work(run, lock);
        await run('commit');
      } catch (error) {
        await database.exec('rollback');
        throw error;
      }
    },
    clockOffsetMs: 0,
    // All statements wait in turn for the one connection.
    mostOfTenant: Number.POSITIVE_INFINITY,
    async check(timeoutMs) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error('the embedded database did not answer in time')), timeoutMs);
      });
      await Promise.race([database.query('select 1'), late]).finally(() => clearTimeout(timer));
    },
    async close() {
      await database.close();
      unlock();
    },
    image: () => database.dumpDataDir('none') as Promise<Blob>,
  };
}
