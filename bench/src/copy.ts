import { createReadStream } from 'node:fs';
import type pg from 'pg';

/** What pg's connection offers for COPY; its types do not have it. */
type Wire = {
  query(text: string): void;
  sendCopyFromChunk(chunk: Uint8Array): void;
  endCopyFrom(): void;
  sendCopyFail(message: string): void;
  stream: { writableNeedDrain: boolean; once(event: 'drain', listener: () => void): void };
};

/** A query that pg's client runs, as COPY needs it: the client calls these for the server's messages. */
class CopyIn {
  readonly done: Promise<void>;
  readonly #text: string;
  readonly #file: string;
  #resolve: () => void = () => {};
  #reject: (error: unknown) => void = () => {};
  #error: unknown = null;

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  submit(wire: Wire): null {
    wire.query(this.#text);
    return null;
  }

  handleCopyInResponse(wire: Wire): void {
    const send = async () => {
      for await (const chunk of createReadStream(this.#file, { highWaterMark: 1 << 16 })) {
        wire.sendCopyFromChunk(chunk);
        if (wire.stream.writableNeedDrain) await new Promise<void>((resolve) => wire.stream.once('drain', resolve));
      }
      wire.endCopyFrom();
    };
    send().catch((error: unknown) => wire.sendCopyFail(String(error)));
  }

  handleCommandComplete(): void {}

  handleError(error: unknown): void {
    this.#error = error;
    this.#reject(error);
  }

  handleReadyForQuery(): void {
    if (this.#error === null) this.#resolve();
  }
}

/** Sends a file to `COPY … FROM STDIN`. Throws the server's error. */
export async function copyIn(client: pg.Client, text: string, file: string): Promise<void> {
  const query = new CopyIn(text, file);
  client.query(query as unknown as pg.Submittable);
  await query.done;
}
