import { randomUUID } from 'node:crypto';
import { open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

/** Bytes that can be read more than once. */
export interface Content {
  /** How many there are. */
  readonly size: number;
  /** Reads all of them, from the beginning. */
  read(): Readable;
}

/** A file of this process alone. It has no name, so nothing of it stays when the process ends. */
export interface Spool extends Content {
  write(pieces: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>): Promise<void>;
  close(): Promise<void>;
}

/** Opens a spool. What is too large for memory waits in it: it can be read slowly, and more than once. */
export async function openSpool(): Promise<Spool> {
  const path = join(tmpdir(), `rollcall-${randomUUID()}`);
  const file = await open(path, 'wx+', 0o600);
  await unlink(path);
  let size = 0;
  return {
    get size() {
      return size;
    },
    async write(pieces) {
      for await (const piece of pieces) {
        const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
        for (let from = 0; from < bytes.byteLength; ) {
          const { bytesWritten } = await file.write(bytes, from, bytes.byteLength - from, size);
          from += bytesWritten;
          size += bytesWritten;
        }
      }
    },
    read: () => file.createReadStream({ start: 0, autoClose: false }),
    close: () => file.close(),
  };
}
