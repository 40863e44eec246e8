import { connect, createServer, type Socket } from 'node:net';

/** What went to the database since the counter was last read. */
export type Counted = {
  /** Statements executed, transaction control included. */
  statements: number;
  /** Times that the server said it was ready again: waits for the database. */
  roundTrips: number;
};

/** Stands between a contender and PostgreSQL and counts. */
export interface StatementCounter {
  /** The address that leads through it. */
  readonly databaseUrl: string;
  read(): Counted;
  close(): Promise<void>;
}

/** Calls back with the type of each message of one direction of PostgreSQL's protocol, version 3. */
function messages(seen: (type: string) => void, untyped: number): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (;;) {
      // A client's first message has no type, only a length.
      const lengthAt = untyped > 0 ? 0 : 1;
      if (rest.length < lengthAt + 4) return;
      const end = lengthAt + rest.readUInt32BE(lengthAt);
      if (rest.length < end) return;
      if (untyped > 0) untyped -= 1;
      else seen(String.fromCharCode(rest[0] as number));
      rest = rest.subarray(end);
    }
  };
}

/** Opens a counter on loopback in front of the database. Null where the address is no plain host and port. */
export async function countStatements(databaseUrl: string): Promise<StatementCounter | null> {
  const target = new URL(databaseUrl);
  if (!target.hostname || target.searchParams.has('host') || target.searchParams.has('sslmode')) return null;
  const host = target.hostname.replaceAll(/[[\]]/g, '');
  const port = Number(target.port || 5_432);

  let counted: Counted = { statements: 0, roundTrips: 0 };
  const sockets = new Set<Socket>();
  const proxy = createServer((client) => {
    const server = connect(port, host);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(from);
      from.setNoDelay(true);
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.on('error', () => to.destroy());
    }
    const fromClient = messages((type) => {
      // Execute, or a query in text.
      if (type === 'E' || type === 'Q') counted.statements += 1;
    }, 1);
    const fromServer = messages((type) => {
      if (type === 'Z') counted.roundTrips += 1;
    }, 0);
    client.on('data', (chunk) => {
      fromClient(chunk);
      server.write(chunk);
    });
    server.on('data', (chunk) => {
      fromServer(chunk);
      client.write(chunk);
    });
  });
  await new Promise<void>((resolve, reject) => proxy.once('error', reject).listen(0, '127.0.0.1', resolve));
  const address = proxy.address();
  if (typeof address !== 'object' || address === null) throw new Error('The counter has no port.');
  target.hostname = '127.0.0.1';
  target.port = String(address.port);

  return {
    databaseUrl: target.href,
    read() {
      const read = counted;
      counted = { statements: 0, roundTrips: 0 };
      return read;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}
