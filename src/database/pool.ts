import pg from 'pg';
import { ConnectionError } from './faults.ts';
import { Session, type SessionConfig } from './session.ts';

/** After how many milliseconds another connection is tried when the server had none left. */
const fullForMs = 5_000;

type Connected = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  release: (error?: Error) => void,
) => void;

const isServerFull = (error: unknown): boolean =>
  error instanceof ConnectionError && (error.cause as { code?: unknown } | undefined)?.code === '53300';

/**
 * A pool of sessions that are opened when first needed. Where the server has no connection left, callers wait for an
 * open one. A replaced session is closed instead of being handed out.
 */
export class SessionPool extends pg.Pool {
  readonly #most: number;

  constructor(config: SessionConfig & { max: number; idleTimeoutMillis: number; connectionTimeoutMillis: number }) {
    super({ ...config, Client: Session as unknown as new () => pg.ClientBase });
    this.#most = config.max;
    // An error of an idle connection. The pool replaces it. Without a listener it would end the process.
    this.on('error', () => {});
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: Connected): void;
  override connect(callback?: Connected): Promise<pg.PoolClient> | undefined {
    const connected = this.#connect();
    if (!callback) return connected;
    connected.then(
      (client) => callback(undefined, client, (error) => client.release(error)),
      (error: Error) => callback(error, undefined, () => {}),
    );
    return undefined;
  }

  async #connect(): Promise<pg.PoolClient> {
    for (;;) {
      try {
        const client = await super.connect();
        if (!(client as unknown as Session).retired) return client;
        client.release(true);
      } catch (error) {
        if (!isServerFull(error) || this.totalCount === 0) throw error;
        this.options.max = this.totalCount;
        setTimeout(() => {
          this.options.max = this.#most;
        }, fullForMs).unref();
      }
    }
  }
}
