import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * How the network treats a connection.
 * - `pass`: bytes go both ways.
 * - `cut`: every connection is reset (RST), also new ones.
 * - `fin`: every connection is closed in good order by the other side, also new ones.
 * - `refuse`: existing connections are reset and the port is closed, so that a new one is refused.
 * - `silent`: connections stay open, new ones are accepted, and nothing is passed on.
 * - `slow`: each piece is passed on `delayMs` later, in order.
 * - `requests-only`: what the client sends arrives, the answers do not.
 * - `answers-only`: what the server sends arrives, the requests do not.
 */
export type Mode = 'pass' | 'cut' | 'fin' | 'refuse' | 'silent' | 'slow' | 'requests-only' | 'answers-only';

/** One connection through the proxy. */
export interface ProxiedConnection {
  readonly id: number;
  /** What the client sent last, for telling connections by what they do; at most the last 16 kB. */
  readonly lastRequest: string;
  /** Treats this connection in another way than the others; null for as the others. */
  mode(mode: Mode | null): void;
}

export interface FaultProxy {
  readonly port: number;
  /**
   * Treats all connections, and new ones, that way from now on. What was held back by a silent mode is passed on when
   * it ends.
   */
  mode(mode: Mode, options?: { delayMs?: number }): Promise<void>;
  /** The connections that are open, oldest first. */
  readonly connections: readonly ProxiedConnection[];
  /** Sends connections that are opened from now on to another server; those that are open stay where they are. */
  retarget(target: Target): void;
  close(): Promise<void>;
}

export type Target = { host: string; port: number };

const maxRemembered = 16_384;

/**
 * A TCP proxy on this machine that breaks connections as a network does. It listens on a port of its own, or on the one
 * given, of one of this machine's own addresses.
 */
export async function startProxy(options: { target: Target; port?: number; host?: string }): Promise<FaultProxy> {
  let { target } = options;
  const { host = '127.0.0.1' } = options;
  let common: Mode = 'pass';
  let delayMs = 200;
  let nextId = 1;
  const open = new Map<number, Link>();

  class Link implements ProxiedConnection {
    readonly id = nextId++;
    #own: Mode | null = null;
    #sent = '';
    readonly #client: Socket;
    readonly #server: Socket;
    /** Pieces that a silent mode holds back. */
    readonly #held: { to: Socket; piece: Buffer }[] = [];
    #wire: Promise<void> = Promise.resolve();
    /** Pieces that are on the wire. */
    #underWay = 0;

    constructor(client: Socket, server: Socket) {
      this.#client = client;
      this.#server = server;
      open.set(this.id, this);
      for (const [from, to] of [
        [client, server],
        [server, client],
      ] as const) {
        from.setNoDelay(true);
        from.on('error', () => {});
        from.on('data', (piece: Buffer) => {
          if (from === client) this.#sent = (this.#sent + piece.toString('latin1')).slice(-maxRemembered);
          this.#pass(to, piece);
        });
        // A silent network does not tell one side that the other has gone.
        from.on('end', () => this.#isSilent() || to.end());
        from.on('close', () => {
          if (this.#isSilent() && from === client) return void server.destroy();
          if (!this.#isSilent()) to.destroySoon();
          if (client.destroyed) open.delete(this.id);
        });
      }
    }

    get lastRequest() {
      return this.#sent;
    }
    get #mode() {
      return this.#own ?? common;
    }
    #isSilent() {
      return this.#mode === 'silent' || this.#mode === 'requests-only' || this.#mode === 'answers-only';
    }
    #holds(to: Socket) {
      return (
        this.#mode === 'silent' ||
        (this.#mode === 'requests-only' && to === this.#client) ||
        (this.#mode === 'answers-only' && to === this.#server)
      );
    }
    #pass(to: Socket, piece: Buffer) {
      if (this.#holds(to)) return void this.#held.push({ to, piece });
      const isSlow = this.#mode === 'slow';
      // Bytes never overtake those that are still on their way from when it was slow.
      if (!isSlow && this.#underWay === 0) return void to.write(piece);
      const due = isSlow ? performance.now() + delayMs : 0;
      this.#underWay += 1;
      this.#wire = this.#wire.then(async () => {
        await sleep(Math.max(0, due - performance.now()));
        this.#underWay -= 1;
        to.write(piece);
      });
    }

    mode(mode: Mode | null) {
      this.#own = mode;
      this.apply();
    }
    /** Does what the mode that now holds means for what is open. */
    apply() {
      if (this.#mode === 'cut' || this.#mode === 'refuse') this.#end((socket) => socket.resetAndDestroy());
      else if (this.#mode === 'fin') {
        this.#client.end();
        this.#server.end();
      } else {
        for (const { to, piece } of this.#held.splice(0)) this.#pass(to, piece);
      }
    }
    reset() {
      this.#end((socket) => socket.resetAndDestroy());
    }
    #end(how: (socket: Socket) => void) {
      open.delete(this.id);
      for (const socket of [this.#client, this.#server]) if (!socket.destroyed) how(socket);
    }
  }

  const server = createServer({ allowHalfOpen: false }, (client) => {
    client.on('error', () => {});
    if (common === 'cut') return void client.resetAndDestroy();
    // Without being read, a socket never learns that the other side has closed too.
    if (common === 'fin') return void client.resume().end();
    // A host that is silent does not complete a handshake; this one does, and then nothing comes: the longer wait of
    // the two.
    new Link(client, connect(target));
  });
  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, () => resolve()));
  // It does not wait for connections: one with a mode of its own may outlive the port.
  const shut = () => void server.close();

  await listen(options.port ?? 0);
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;

  return {
    port,
    async mode(mode, { delayMs: delay } = {}) {
      common = mode;
      if (delay !== undefined) delayMs = delay;
      for (const link of [...open.values()]) link.apply();
      if (mode === 'refuse' && server.listening) shut();
      if (mode !== 'refuse' && !server.listening) await listen(port);
    },
    get connections() {
      return [...open.values()];
    },
    retarget(to) {
      target = to;
    },
    async close() {
      for (const link of [...open.values()]) link.reset();
      if (server.listening) shut();
    },
  };
}
