import pg from 'pg';
import { ActingQuery } from './acting-query.ts';
import { acting, actingName } from './actor.ts';
import type { Server } from './database-url.ts';
import { ConnectionError, DatabaseSetupError } from './faults.ts';
import { GatheringSocket } from './gathering-socket.ts';

/** The settings of each new connection. A time limit of 0 is none. */
export type SessionSettings = {
  statementTimeoutMs: number;
  lockTimeoutMs: number;
  /** After how long without an answer a connection is given up. Longer than a statement may run. */
  silenceLimitMs: number;
};

/** What a session learns of its server when it is opened. */
export type ServerFacts = {
  pid: number;
  readOnly: boolean;
  inRecovery: boolean;
  /** When the server was started. No two servers have the same. */
  started: string;
};

/** The registry of sessions, which also finds their server. */
export interface SessionRegistry {
  findServer(): Promise<Server>;
  opened(session: Session): void;
  /** What the database's clock showed between two times of this process's, in milliseconds. */
  clock(before: number, shown: number, after: number): void;
  ended(session: Session): void;
  /** The server that it connected to could not be used. */
  failed(server: Server): void;
  /** A statement was refused because the server is read-only. */
  refusedWrite(session: Session): void;
  /** Why a server may not be used by this session. Null when it may. */
  refusal(session: Session, facts: ServerFacts): { reason: string; code: string } | null;
}

/** How long opening a connection may take, until it can be used. */
export const connectTimeoutMs = 5_000;
/** How long a transaction may be idle. */
const idleInTransactionMs = 30_000;

/** The setting by which a session recognises its own settings. */
const settingsOf = ({ statementTimeoutMs, lockTimeoutMs }: SessionSettings) => ({
  // Prisma's adapter and our statements rely on the first two. Compiling a statement (jit) takes longer than running
  // any of ours.
  TimeZone: 'UTC',
  DateStyle: 'ISO, MDY',
  jit: 'off',
  statement_timeout: `${statementTimeoutMs}ms`,
  lock_timeout: `${lockTimeoutMs}ms`,
  idle_in_transaction_session_timeout: `${idleInTransactionMs}ms`,
});

const factsSql = `select pg_backend_pid() as pid, pg_is_in_recovery() as "inRecovery",
  pg_is_in_recovery() or current_setting('transaction_read_only') = 'on' as "readOnly",
  extract(epoch from pg_postmaster_start_time())::text as started,
  (extract(epoch from clock_timestamp()) * 1000)::float8 as now,
  (select json_object_agg(name, case unit when 'ms' then setting || 'ms' else setting end) from pg_settings
   where name in ('TimeZone', 'DateStyle', 'jit', 'statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout')) as settings`;

type Facts = ServerFacts & { now: number; settings: Record<string, string> };

const prepareActing = `prepare ${actingName} (text) as ${acting}`;

/** A statement as callers and Prisma's adapter give it. */
type Sent = { text: string; values?: string[]; actor?: string } | (pg.Submittable & { text?: undefined });

type Callback = ((error: Error) => void) | ((error: null, client: pg.Client) => void);

export type SessionConfig = pg.ClientConfig & { registry: SessionRegistry; settings: SessionSettings };

/**
 * A connection to PostgreSQL. It connects to the server that its registry finds, sets its time zone and limits with
 * statements (poolers like PgBouncer refuse or ignore start-up options) and checks that they hold. Its errors never end
 * the process: waiting callers are rejected, and its pool replaces it.
 */
export class Session extends pg.Client {
  readonly settings: SessionSettings;
  facts: ServerFacts | null = null;
  openedAt = Number.POSITIVE_INFINITY;
  /** Whether to close it as soon as it is idle. */
  retired = false;
  /** Called when it is retired, where no pool has it. */
  onRetired: (() => void) | null = null;
  /** When its end was sent, by performance.now(). */
  endingSince: number | null = null;
  /** When the running statement last received a byte, by performance.now(), and the number of bytes until then. */
  quietSince: number | null = null;
  /** Who acts in the transaction that has begun, until its next statement tells the server so. */
  actor: string | undefined;
  #bytesRead = -1;
  readonly #registry: SessionRegistry;

  constructor(config: SessionConfig) {
    super({
      ...config,
      stream: () => new GatheringSocket(),
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      connectionTimeoutMillis: 0,
    });
    this.settings = config.settings;
    this.#registry = config.registry;
    this.on('error', () => {});
    this.on('end', () => this.#registry.ended(this));
    this.connection.on('errorMessage', ({ code, message }: { code?: string; message?: string }) => {
      if (code === '25006') this.#registry.refusedWrite(this);
      if (this.facts === null) return;
      // Prepared statements are stale after a migration, or behind a pooler.
      if (code === '26000' || code === '42P05' || (code === '0A000' && /cached plan/.test(message ?? '')))
        this.retire();
    });
  }

  override connect(): Promise<pg.Client>;
  override connect(callback: Callback): void;
  override connect(callback?: Callback): Promise<pg.Client> | undefined {
    const opened = this.#open();
    if (!callback) return opened;
    const done = callback as (error: Error | null, client?: pg.Client) => void;
    opened.then(
      () => done(null, this),
      (error: Error) => done(error),
    );
    return undefined;
  }

  override end(): Promise<void>;
  override end(callback: (error: Error) => void): void;
  override end(callback?: (error: Error) => void): Promise<void> | undefined {
    this.endingSince ??= performance.now();
    if (!callback) return super.end();
    super.end(callback);
    return undefined;
  }

  /**
   * Runs a statement. The statement that says who acts is not sent on its own: it goes with the next one, as does the
   * `actor` of a statement outside any transaction.
   */
  override query = ((config: string | Sent, values?: unknown, callback?: unknown) => {
    if (typeof config === 'string' || 'submit' in config)
      return super.query(config as string, values as [], callback as never);
    if (config.text === acting) {
      this.actor = config.values?.[0];
      return Promise.resolve({ rows: [], fields: [], rowCount: 0 });
    }
    const actor = config.actor ?? this.actor;
    if (actor === undefined) return super.query(config as pg.QueryConfig, values as []);
    this.actor = undefined;
    return new Promise((resolve, reject) => {
      const query = new ActingQuery(config as pg.QueryConfig, actor);
      query.callback = (error, result) => (error ? reject(error) : resolve(result));
      super.query(query);
    });
  }) as pg.Client['query'];

  async #open(): Promise<pg.Client> {
    const timer = setTimeout(
      () => this.destroy(new ConnectionError(`no connection within ${connectTimeoutMs / 1_000} s`)),
      connectTimeoutMs,
    );
    let server: Server | undefined;
    try {
      server = await this.#registry.findServer();
      if (this.connection.stream.destroyed) throw new ConnectionError('no server was found in time');
      if (server.host !== null) this.host = server.host;
      if (server.port !== null) this.port = server.port;
      this.#registry.opened(this);
      await super.connect();
      await this.#setUp();
      this.openedAt = performance.now();
      return this;
    } catch (error) {
      this.connection.stream.destroy();
      this.#registry.ended(this);
      if (server) this.#registry.failed(server);
      if (error instanceof ConnectionError || error instanceof DatabaseSetupError) throw error;
      throw new ConnectionError(`Connection terminated: ${this.host}:${this.port} cannot be used`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  async #setUp(): Promise<void> {
    const wanted = settingsOf(this.settings);
    const set = Object.entries(wanted).map(([name, value]) => `set ${name} = '${value}'`);
    // A script of several statements gives one result each.
    const before = Date.now();
    const results: unknown = await super.query([...set, factsSql].join('; '));
    const { rows } = (results as pg.QueryResult<Facts>[])[set.length] as pg.QueryResult<Facts>;
    const [{ settings, now, ...facts }] = rows as [Facts];
    this.#registry.clock(before, now, Date.now());
    const ignored = Object.entries(wanted).filter(([name, value]) => settings[name] !== value);
    if (ignored.length > 0)
      throw new DatabaseSetupError(
        `The database, or a pooler before it, does not keep what is set on a connection: ${ignored.map(([name]) => name).join(', ')}.`,
      );
    // A pooler may give a connection that another session has prepared it on.
    await super.query(prepareActing).catch((error: { code?: unknown }) => {
      if (error.code !== '42P05') throw error;
    });
    this.facts = facts;
    const refusal = this.#registry.refusal(this, facts);
    if (refusal)
      throw new ConnectionError(`Connection terminated: ${this.host}:${this.port} ${refusal.reason}`, {
        cause: Object.assign(new Error(refusal.reason), { code: refusal.code }),
      });
  }

  /** Whether a statement waits for an answer. */
  get busy(): boolean {
    // pg has no other way to ask: this is false from when a statement is sent until the server is ready for the next.
    return (this as unknown as { readyForQuery?: boolean }).readyForQuery === false;
  }

  /** Whether nothing is running, not even a transaction. */
  get idle(): boolean {
    return !this.busy && this.facts !== null && this.getTransactionStatus() === 'I';
  }

  /** Records whether bytes have come since the last call. */
  observe(now: number): void {
    const { bytesRead } = this.connection.stream as unknown as { bytesRead: number };
    if (!this.busy) this.quietSince = null;
    else if (this.quietSince === null || bytesRead !== this.#bytesRead) this.quietSince = now;
    this.#bytesRead = bytesRead;
  }

  /** Breaks the connection at once. Waiting callers get the error. */
  destroy(error: Error): void {
    this.connection.stream.destroy(error);
  }

  /** Closes it when it is idle, at once or later. */
  retire(): void {
    if (this.retired) return;
    this.retired = true;
    if (this.onRetired) this.onRetired();
    // A pool removes a connection that has an error.
    else if (this.idle) this.emit('error', new ConnectionError('Connection terminated: it was replaced'));
  }
}
