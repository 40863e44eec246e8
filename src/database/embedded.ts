import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { PGlite } from '@electric-sql/pglite';
import { btree_gin } from '@electric-sql/pglite/contrib/btree_gin';
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm';
import { PrismaPGlite } from 'pglite-prisma-adapter';
import { acting } from './actor.ts';
import type { Connection, RunScript } from './connection.ts';
import { imageFile } from './embedded-image.ts';
import { lockFolder } from './folder-lock.ts';

/** The extensions that the migrations create. A stored database cannot use them unless they are loaded. */
export const extensions = { btree_gin, pg_trgm };

/** Where the embedded database is stored: in a folder, or in memory, where it may start as a copy of an image. */
export type EmbeddedPlace = { folder: string } | { image: Buffer | undefined };

/** An image as PGlite takes one. A Blob of it would be copied twice, which takes a third of the start. */
class Image extends Blob {
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    super([], { type: 'application/x-tar' });
    this.#bytes = bytes;
  }

  // PGlite puts a Uint8Array around it, and reads no other way.
  override async arrayBuffer(): Promise<ArrayBuffer> {
    const { buffer, byteOffset, byteLength } = this.#bytes;
    return byteLength === buffer.byteLength
      ? (buffer as ArrayBuffer)
      : (buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer);
  }
}

/**
 * The image that a new database in that folder starts from. Undefined when there is a database already, or no image.
 */
function imageFor(folder: string): Buffer | undefined {
  const file = imageFile();
  return existsSync(`${folder}/PG_VERSION`) || !existsSync(file) ? undefined : readFileSync(file);
}

/** How long statements may follow each other without a turn of the event loop. */
const longestRunMs = 10;

/**
 * Runs pieces of work one after the other, and lets the event loop turn between them. The embedded database runs each
 * statement on this thread, and awaits nothing but promises: a thousand that wait would stop all other work.
 */
export function createYieldingQueue(
  now: () => number = () => performance.now(),
): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  let turnedAt = now();
  return (work) => {
    waiting += 1;
    const result = last.then(async () => {
      if (waiting > 1 && now() - turnedAt > longestRunMs) {
        await new Promise<void>((resolve) => setImmediate(resolve));
        turnedAt = now();
      }
      return work();
    });
    last = result.then(
      () => {
        waiting -= 1;
      },
      () => {
        waiting -= 1;
      },
    );
    return result;
  };
}

/**
 * PostgreSQL inside this process. It has one connection, and a transaction holds it. Work inside a transaction must use
 * the transaction's handle, or it waits for itself. `image` gives what others may start as a copy of, and is called
 * last: it drops the databases that new databases begin as.
 */
export async function connectEmbedded(place: EmbeddedPlace): Promise<Connection & { image(): Promise<Buffer> }> {
  let unlock = () => {};
  if ('folder' in place) {
    mkdirSync(place.folder, { recursive: true });
    unlock = lockFolder(place.folder);
  }
  const image = 'folder' in place ? imageFor(place.folder) : place.image;
  const database = await PGlite.create({
    extensions,
    // Of the 128 MB that are the default, most are touched at the start, and kept.
    startParams: [...PGlite.defaultStartParams, '-c', 'shared_buffers=32MB'],
    ...('folder' in place && { dataDir: place.folder }),
    ...(image && { loadDataDir: new Image(image) }),
  });
  await database.exec(`set timezone = 'UTC'`);

  const inTurn = createYieldingQueue();
  const query: Connection['query'] = ({ text }, values, actor) =>
    inTurn(async () => {
      if (actor === undefined) return (await database.query(text, values as unknown[])).rows;
      return database.transaction(async (tx) => {
        await tx.query(acting, [actor]);
        return (await tx.query(text, values as unknown[])).rows;
      });
    });
  return {
    adapter: new PrismaPGlite(database),
    query,
    // With one connection there is nobody to wait for.
    queryBatchedWrite: query,
    batchedWritesAtOnce: 1,
    isDistributed: false,
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
    maxPerTenant: Number.POSITIVE_INFINITY,
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
    async image() {
      // New databases are copies of these. Nothing creates one here, and they are two thirds of the files.
      await database.exec('update pg_database set datistemplate = false');
      for (const template of ['template0', 'template1']) await database.exec(`drop database if exists ${template}`);
      // What starts as the image then has nothing to recover.
      await database.exec('checkpoint');
      return Buffer.from(await (await database.dumpDataDir('none')).arrayBuffer());
    },
  };
}
