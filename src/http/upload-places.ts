import { Problem } from '../errors/catalogue.ts';
import { openSpool, type Spool } from '../storage/spool.ts';
import { createBodyBudget } from './bodies.ts';

/** Files on disk at once: of this process, and of one tenant. */
const maxFiles = 8;
const maxPerOwner = 2;

/** Seconds until a file that was refused may be sent again: others need a while to arrive. */
const retryAfter = 10;

/** Bounds the files of requests that are on disk, by their number and their bytes. */
export interface UploadPlaces {
  /**
   * Opens a spool that has its place until it is closed. Throws UNAVAILABLE when too many are taken, of all or of this
   * owner, or when no file can be written. So does each write.
   */
  open(owner: string): Promise<Spool>;
}

const noRoom = (cause: unknown) =>
  new Problem('UNAVAILABLE', 'The service cannot keep a file of this size at present.', { retryAfter: 30, cause });

/** Creates the places of this process. There is room for four of the largest files, and one owner has half of it. */
export function createUploadPlaces(largest: number): UploadPlaces {
  const disk = createBodyBudget(4 * largest);
  const byOwner = new Map<string, number>();
  let taken = 0;
  const add = (owner: string, change: 1 | -1) => {
    taken += change;
    const all = (byOwner.get(owner) ?? 0) + change;
    if (all > 0) byOwner.set(owner, all);
    else byOwner.delete(owner);
  };
  return {
    async open(owner) {
      if (taken >= maxFiles || (byOwner.get(owner) ?? 0) >= maxPerOwner)
        throw new Problem('UNAVAILABLE', 'Too many files are being sent at once.', { retryAfter });
      add(owner, 1);
      const bytes = disk.arriving(owner);
      let isTaken = true;
      const release = () => {
        if (isTaken) add(owner, -1);
        isTaken = false;
        bytes.release();
      };
      const spool = await openSpool().catch((error: unknown) => {
        release();
        throw noRoom(error);
      });
      return {
        get size() {
          return spool.size;
        },
        async write(pieces) {
          for await (const piece of pieces) {
            bytes.take(piece.length);
            await spool.write([piece]).catch((error: unknown) => {
              throw noRoom(error);
            });
          }
        },
        read: () => spool.read(),
        close: () => spool.close().finally(release),
      };
    },
  };
}
