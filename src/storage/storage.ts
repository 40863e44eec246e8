import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { Disk } from 'flydrive';
import { FSDriver } from 'flydrive/drivers/fs';
import { readStorageUrl } from './storage-url.ts';

/** A stored file that is read piece by piece. */
export type StoredFile = {
  /** In bytes. */
  size: number;
  read(): Promise<Readable>;
};

/** Where files are kept, by key (`avatars/…/512.webp`). A key is written whole or not at all. */
export interface Storage {
  /** Stores the bytes under the key and replaces any before. A reader sees the old bytes or the new, never a part. */
  put(key: string, bytes: Uint8Array, contentType: string): Promise<void>;
  /** The same with bytes that come piece by piece, of a size that is known. */
  putStream(key: string, pieces: Readable, size: number, contentType: string): Promise<void>;
  /** Returns the bytes under the key, or null. */
  get(key: string): Promise<Uint8Array | null>;
  /** Returns what is under the key, without reading it, or null. */
  open(key: string): Promise<StoredFile | null>;
  /** Removes the key. A missing key is no error. */
  delete(key: string): Promise<void>;
  /** Removes what interrupted writes left longer ago than this, in milliseconds. Absent where writes leave nothing. */
  tidy?(age: number): Promise<void>;
  /** Throws when nothing can be written. */
  check(): Promise<void>;
}

/** Opens the storage of a `file:` or `s3:` URL without checking that it is there. Throws what is wrong with the URL. */
export async function openStorage(url: string): Promise<Storage> {
  const read = readStorageUrl(url);
  if ('faults' in read) throw new Error(`STORAGE_URL ${read.faults.join(', and ')}.`);
  const { place } = read;
  if (place.kind === 'folder') {
    return folderStorage(place.directory);
  }
  // Amazon's client is large: load it only where it is used.
  const { isMissingObject, s3Driver } = await import('./s3.ts');
  return diskStorage(new Disk(s3Driver(place)), isMissingObject);
}

function folderStorage(folder: string): Storage {
  const staging = join(folder, '.incoming');
  return {
    ...diskStorage(new Disk(new WholeFileDriver({ location: folder, visibility: 'private' })), isMissingFile),
    async tidy(age) {
      for (const name of await readdir(staging).catch(() => [])) {
        const file = join(staging, name);
        const found = await stat(file).catch(() => null);
        if (found && found.mtimeMs < Date.now() - age) await rm(file, { force: true });
      }
    },
  };
}

function diskStorage(disk: Disk, isMissing: (cause: unknown) => boolean): Storage {
  return {
    put: (key, bytes, contentType) => disk.put(key, bytes, { contentType }),
    async get(key) {
      try {
        return await disk.getBytes(key);
      } catch (error) {
        if (error instanceof Error && isMissing(error.cause)) return null;
        throw error;
      }
    },
    putStream: (key, pieces, contentLength, contentType) => disk.putStream(key, pieces, { contentType, contentLength }),
    async open(key) {
      try {
        const { contentLength: size } = await disk.getMetaData(key);
        return { size, read: () => disk.getStream(key) };
      } catch (error) {
        if (error instanceof Error && isMissing(error.cause)) return null;
        throw error;
      }
    },
    delete: (key) => disk.delete(key),
    async check() {
      // A unique name, because several replicas may check at once.
      const key = `check/${randomUUID()}`;
      await disk.put(key, new Uint8Array(1));
      await disk.delete(key);
    },
  };
}

const isMissingFile = (cause: unknown): boolean => cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';

// Flydrive's own driver writes in place, moves by copying, and reads an empty file as 64 KiB of old memory.
class WholeFileDriver extends FSDriver {
  readonly #root: string;

  constructor(options: { location: string; visibility: 'private' }) {
    super(options);
    this.#root = options.location;
  }

  override put(key: string, contents: string | Uint8Array): Promise<void> {
    return this.#write(key, contents);
  }

  override putStream(key: string, contents: Readable): Promise<void> {
    return this.#write(key, contents);
  }

  async #write(key: string, contents: string | Uint8Array | Readable): Promise<void> {
    const target = join(this.#root, key);
    // Disk strips the dot from a key's beginning, so no key can fall into this folder.
    const staged = join(this.#root, '.incoming', randomUUID());
    await mkdir(dirname(staged), { recursive: true });
    try {
      await writeFile(staged, contents, { flush: true });
      await mkdir(dirname(target), { recursive: true });
      await rename(staged, target);
    } catch (error) {
      await rm(staged, { force: true });
      throw error;
    }
  }

  override async getBytes(key: string): Promise<Uint8Array> {
    const { buffer, byteOffset, byteLength } = await readFile(join(this.#root, key));
    return new Uint8Array(buffer, byteOffset, byteLength);
  }
}
