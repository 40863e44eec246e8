import { Socket } from 'node:net';
import pg from 'pg';

/** Connections on which statements are sent without waiting for the answers of those before. */
export interface Readers {
  /** Runs a statement outside any transaction: named ones are prepared once a connection. Null when every connection is held up by a slow one. */
  query(statement: { name: string; text: string; values: unknown[] }): Promise<{ rows: unknown[] }> | null;
  /** Waits for what is under way, but not for long, then closes. */
  close(): Promise<void>;
}

type Reader = {
  client: pg.Client;
  connected: Promise<unknown>;
  /** Fails whoever waits for the connection. */
  giveUp(error: Error): void;
  underWay: number;
  /** When it was last idle, or last gave an answer. */
  movedAt: number;
  gathering: boolean;
};

/** How long a reader may give no answer until statements go elsewhere, in milliseconds. */
const slow = 50;
/** How long until it is taken for dead: longer than a statement may run. */
const dead = 25_000;
const betweenLooks = 5_000;
/** How long a stop waits for answers. */
const patience = 3_000;

const ended = () => new Error('Connection terminated: the readers are closed.');

/** A socket that hands the operating system what it has gathered as one piece: a call with many costs several times as much. */
export class GatheringSocket extends Socket {
  override _writev(chunks: { chunk: Buffer }[], callback: (error?: Error | null) => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'buffer' as BufferEncoding, callback);
  }
}

/**
 * Up to `count` connections, opened when first needed. A statement takes the one with the least under way, and none that has given no
 * answer for a while. A connection that breaks, or stays silent for longer than a statement may run, fails what it had under way, and is
 * opened anew by the next statement.
 */
export function createReaders(config: pg.ClientConfig, count: number): Readers {
  const readers: (Reader | undefined)[] = Array.from({ length: count }, () => undefined);
  let closed = false;

  const streamOf = ({ client }: Reader) => (client as unknown as { connection: { stream: Socket } }).connection.stream;

  function open(index: number): Reader {
    const client = new pg.Client({
      ...config,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      pipeline: true,
    } as pg.ClientConfig);
    const forget = () => {
      if (readers[index]?.client === client) readers[index] = undefined;
    };
    // Without a listener an error of an idle connection would end the process; those under way are told by their own promises.
    client.on('error', forget);
    client.on('end', forget);
    let giveUp: Reader['giveUp'] = () => {};
    const connected = new Promise((resolve, reject) => {
      giveUp = reject;
      client.connect().then(resolve, reject);
    });
    connected.catch(forget);
    const reader: Reader = { client, connected, giveUp, underWay: 0, movedAt: performance.now(), gathering: false };
    readers[index] = reader;
    return reader;
  }

  function least(now: number): Reader | null {
    let best: Reader | null = null;
    for (let index = 0; index < count; index++) {
      const reader = readers[index];
      if (!reader) {
        if (!best || best.underWay > 0) return open(index);
      } else if (reader.underWay === 0) return reader;
      else if (now - reader.movedAt < slow && (!best || reader.underWay < best.underWay)) best = reader;
    }
    return best;
  }

  /** What is sent in one turn of the event loop leaves together at its end. */
  function gather(reader: Reader): void {
    if (reader.gathering) return;
    const stream = streamOf(reader);
    reader.gathering = true;
    stream.cork();
    setImmediate(() => {
      reader.gathering = false;
      stream.uncork();
    });
  }

  async function send(
    reader: Reader,
    statement: { name: string; text: string; values: unknown[] },
  ): Promise<{ rows: unknown[] }> {
    try {
      await reader.connected;
      gather(reader);
      return await reader.client.query(statement);
    } finally {
      reader.underWay--;
      reader.movedAt = performance.now();
    }
  }

  const looks = setInterval(() => {
    const now = performance.now();
    for (const reader of readers)
      if (reader && reader.underWay > 0 && now - reader.movedAt > dead) {
        reader.giveUp(new Error('Connection terminated: it gave no answer.'));
        streamOf(reader).destroy();
      }
  }, betweenLooks).unref();

  return {
    query(statement) {
      if (closed) return Promise.reject(ended());
      const now = performance.now();
      const reader = least(now);
      if (!reader) return null;
      if (reader.underWay++ === 0) reader.movedAt = now;
      return send(reader, statement);
    },
    async close() {
      closed = true;
      clearInterval(looks);
      const open = readers.filter((reader) => reader !== undefined);
      for (const { giveUp } of open) giveUp(ended());
      const late = new Promise<void>((resolve) => setTimeout(resolve, patience).unref());
      await Promise.race([Promise.allSettled(open.map(({ client }) => client.end())), late]);
      for (const reader of open) streamOf(reader).destroy();
    },
  };
}
