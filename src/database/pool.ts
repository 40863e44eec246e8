import pg from 'pg';
import { isOfStatement } from './failures.ts';
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
 * open one. A replaced session is closed instead of being handed out. One whose statement was refused for what it says
 * is kept, with all that is prepared on it.
 */
export class SessionPool extends pg.Pool {
  readonly #max: number;

  constructor(config: SessionConfig & { max: number; idleTimeoutMillis: number; connectionTimeoutMillis: number }) {
    super({ ...config, Client: Session as unknown as new () => pg.ClientBase });
    this.#max = config.max;
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

  // The pool's own would close the connection after every error, also of a row that is there already.
  override query = (async (config: pg.QueryConfig, values?: unknown[]) => {
    const client = await this.#connect();
    try {
      const result = await client.query(config, values);
      client.release();
      return result;
    } catch (error) {
      client.release(!isOfStatement(error));
      throw error;
    }
  }) as pg.Pool['query'];

  async #connect(): Promise<pg.PoolClient> {
    for (;;) {
      try {
        const client = await super.connect();
        const session = client as unknown as Session;
        // One in a transaction was given back by somebody who could not end it.
        if (!session.retired && session.getTransactionStatus() === 'I') {
          session.actor = undefined;
          return client;
        }
        client.release(true);
      } catch (error) {
        if (!isServerFull(error) || this.totalCount === 0) throw error;
        this.options.max = this.totalCount;
        setTimeout(() => {
          this.options.max = this.#max;
        }, fullForMs).unref();
      }
    }
  }
}
