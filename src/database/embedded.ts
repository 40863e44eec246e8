import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { PGlite } from '@electric-sql/pglite';
import { PrismaPGlite } from 'pglite-prisma-adapter';
import type { Connection, RunScript } from './connection.ts';
import { imageFile } from './embedded-image.ts';
import { lockFolder } from './folder-lock.ts';

/** Where the embedded database lives: a folder, or memory, there perhaps beginning as a copy of an image. */
export type EmbeddedPlace = { folder: string } | { image: Blob | undefined };

/** What a database in that folder begins as; nothing when there is one already, or no image. */
function imageFor(folder: string): Blob | undefined {
  const file = imageFile();
  return existsSync(`${folder}/PG_VERSION`) || !existsSync(file)
    ? undefined
    : new Blob([readFileSync(file)], { type: 'application/x-tar' });
}

/**
 * PostgreSQL inside this process. It has one connection, and a transaction holds it: whatever runs
 * inside a transaction must use the transaction's own handle or it waits for itself.
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
      // Nobody else can migrate: the folder is this process's alone.
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
    // It has one connection, for which everything waits in turn.
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
