import { Socket } from 'node:net';
import pg from 'pg';

/** Connections on which statements are sent without waiting for the answers of those before. */
export interface Readers {
  /** Runs a statement outside any transaction: named ones are prepared once a connection. */
  query(statement: { name: string; text: string; values: unknown[] }): Promise<{ rows: unknown[] }>;
  /** Waits for what is under way, then closes. */
  close(): Promise<void>;
}

type Reader = { client: pg.Client; connected: Promise<unknown>; underWay: number; gathering: boolean };

/** A socket that hands the operating system what it has gathered as one piece: a call with many costs several times as much. */
export class GatheringSocket extends Socket {
  override _writev(chunks: { chunk: Buffer }[], callback: (error?: Error | null) => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'buffer' as BufferEncoding, callback);
  }
}

/**
 * Up to `count` connections, opened when first needed. A statement takes the one with the least under way, so that a slow one holds
 * up others only when every connection has one. A connection that breaks fails what it had under way, and is opened anew by the next statement.
 */
export function createReaders(config: pg.ClientConfig, count: number): Readers {
  const readers: (Reader | undefined)[] = Array.from({ length: count }, () => undefined);
  let closed = false;

  function open(index: number): Reader {
    const client = new pg.Client({
      ...config,
      keepAlive: true,
      pipeline: true,
    } as pg.ClientConfig);
    const forget = () => {
      if (readers[index]?.client === client) readers[index] = undefined;
    };
    // Without a listener an error of an idle connection would end the process; those under way are told by their own promises.
    client.on('error', forget);
    client.on('end', forget);
    const connected = client.connect();
    connected.catch(forget);
    const reader: Reader = { client, connected, underWay: 0, gathering: false };
    readers[index] = reader;
    return reader;
  }

  function least(): Reader {
    let best: Reader | undefined;
    for (let index = 0; index < count; index++) {
      const reader = readers[index];
      if (!reader) {
        if (!best || best.underWay > 0) return open(index);
      } else if (!best || reader.underWay < best.underWay) best = reader;
      if (best?.underWay === 0) return best;
    }
    return best as Reader;
  }

  /** What is sent in one turn of the event loop leaves together at its end. */
  function gather(reader: Reader): void {
    if (reader.gathering) return;
    const { stream } = (reader.client as unknown as { connection: { stream: Socket } }).connection;
    reader.gathering = true;
    stream.cork();
    setImmediate(() => {
      reader.gathering = false;
      stream.uncork();
    });
  }

  return {
    async query(statement) {
      if (closed) throw new Error('Connection terminated: the readers are closed.');
      const reader = least();
      reader.underWay++;
      try {
        await reader.connected;
        gather(reader);
        return await reader.client.query(statement);
      } finally {
        reader.underWay--;
      }
    },
    async close() {
      closed = true;
      await Promise.all(readers.map((reader) => reader?.client.end()));
    },
  };
}
