import { finished, Readable } from 'node:stream';
import type { Content, Spool } from './spool.ts';

/** A file that came with a request. It can be read until the request has been answered. */
export class UploadedFile implements Content {
  readonly #content: Uint8Array | Spool | null;
  readonly #size: number;
  readonly #readers = new Set<Readable>();
  #isOver = false;

  /** Null in place of the content of a file of which only the size is known. */
  constructor(content: Uint8Array | Spool | null, size: number) {
    this.#content = content;
    this.#size = size;
  }

  get size(): number {
    return this.#size;
  }

  /** All of its bytes, where they are held in memory. */
  get held(): Uint8Array | null {
    return this.#content instanceof Uint8Array ? this.#content : null;
  }

  read(): Readable {
    if (this.#isOver || this.#content === null) throw new Error('The bytes of the file are not there.');
    if (this.#content instanceof Uint8Array) return Readable.from([this.#content], { objectMode: false });
    const reader = this.#content.read();
    this.#readers.add(reader);
    finished(reader, () => {
      this.#readers.delete(reader);
      this.#closeIfOver();
    });
    return reader;
  }

  /** Reads all of it into memory. */
  async bytes(): Promise<Uint8Array> {
    return this.held ?? Buffer.concat(await this.read().toArray());
  }

  /** Gives back what holds the bytes, after those who read them now. None can begin after this. */
  release(): void {
    this.#isOver = true;
    this.#closeIfOver();
  }

  #closeIfOver(): void {
    if (!this.#isOver || this.#readers.size > 0 || !this.#content || this.#content instanceof Uint8Array) return;
    this.#content.close().catch(() => {});
  }

  /** GraphQL's messages quote the values that they refuse. */
  toJSON(): string {
    return 'a file';
  }
}
