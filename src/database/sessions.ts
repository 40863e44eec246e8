import pg from 'pg';
import type { DatabaseUrl, Server } from './database-url.ts';
import { ConnectionError } from './faults.ts';
import { type Position, positionOf, positionSql, type StoredPosition } from './position.ts';
import { connectTimeoutMs, type ServerFacts, Session, type SessionConfig, type SessionRegistry } from './session.ts';
import { refuseTransactionPooling } from './transaction-pooling.ts';

/** Watches all connections of this process to one database, and replaces them when another server has taken over. */
export interface Sessions {
  /** The settings of a pool or client. */
  config(settings: SessionConfig['settings']): SessionConfig;
  /** Throws when the database does not take writes, or does not answer in time. It has its own connection. */
  check(timeoutMs: number): Promise<void>;
  /** Asks on the same connection how far the server has come. */
  position(timeoutMs: number): Promise<Position>;
  /** Throws DatabaseSetupError when a pooler gives each transaction another connection. */
  refuseTransactionPooling(): Promise<void>;
  /** How far the database's clock is ahead of this process's, in milliseconds. */
  readonly clockOffsetMs: number;
  /** Breaks what is still open. */
  close(): void;
}

const betweenLooksMs = 1_000;
/** How often the server's identity is checked. */
const betweenChecksMs = 5_000;
/** After how long without an answer the server is asked whether it still runs the statement. */
const suspiciousMs = 3_000;
const probeTimeoutMs = 2_000;
/** How long an answer may take for the time in it to replace what is known. */
const exactMs = 500;
/** How old the checking connection gets. A new one finds the server that new connections find. */
const probeAgeMs = 30_000;
/** How old any other connection gets, plus up to a fifth, so that not all are replaced at once. */
const greatestAgeMs = 10 * 60_000;
/** How long closing a connection in good order may take. */
const closeTimeoutMs = 2_000;

const probeSql = `select pg_is_in_recovery() as "inRecovery", pg_is_in_recovery() or current_setting('transaction_read_only') = 'on' as "readOnly",
  extract(epoch from pg_postmaster_start_time())::text as started,
  (extract(epoch from clock_timestamp()) * 1000)::float8 as now,
  array(select pid from pg_stat_activity where pid = any($1::int[]) and state = 'active') as active`;

type Answer = Omit<ServerFacts, 'pid'> & { now: number; active: number[] };

const readOnly = () =>
  new ConnectionError('Connection terminated: the server is read-only', {
    cause: Object.assign(new Error('cannot write'), { code: '25006' }),
  });

/** Returns the same promise to all callers until it has settled. */
function single<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let running: Promise<Result> | null = null;
  return () => {
    running ??= work().finally(() => {
      running = null;
    });
    return running;
  };
}

export function createSessions(url: DatabaseUrl): Sessions {
  const live = new Set<Session>();
  const ages = new WeakMap<Session, number>();
  let found: Server | null = url.servers.length === 1 ? (url.servers[0] as Server) : null;
  let started: string | null = null;
  let clockOffsetMs = 0;
  let clockIsKnown = false;
  let closed = false;

  const probeSettings = { statementTimeoutMs: probeTimeoutMs, lockTimeoutMs: probeTimeoutMs, silenceLimitMs: 5_000 };

  /** Replaces every connection, also the checking one. */
  function replaceAll(except?: Session): void {
    if (url.servers.length > 1) found = null;
    for (const session of [...live]) if (session !== except && session.facts !== null) session.retire();
  }

  const registry: SessionRegistry = {
    findServer: async () => found ?? findServer(),
    opened(session) {
      if (closed) throw new ConnectionError('Connection terminated: the database is closed');
      live.add(session);
      ages.set(session, greatestAgeMs * (1 + Math.random() / 5));
    },
    clock(before, shown, after) {
      // An answer that took long says little, but more than nothing.
      if (clockIsKnown && after - before >= exactMs) return;
      clockOffsetMs = shown - (before + after) / 2;
      clockIsKnown = true;
    },
    ended: (session) => void live.delete(session),
    failed() {
      if (url.servers.length > 1) found = null;
    },
    refusedWrite() {
      if (!url.standby) replaceAll();
    },
    refusal(session, facts) {
      if (url.writable && facts.readOnly) return { reason: 'is read-only', code: '25006' };
      if (!url.standby) return null;
      if (!facts.inRecovery) return { reason: 'is not a standby', code: '55000' };
      // How far it has come is asked on one connection, and holds for that server.
      const isOther = session.settings !== probeSettings && started !== null && facts.started !== started;
      return isOther ? { reason: 'is not the server that was asked', code: '55000' } : null;
    },
  };

  const findServer = single(async (): Promise<Server> => {
    const faults: string[] = [];
    const tries = url.servers.map(async (server) => {
      const client = new pg.Client({
        connectionString: url.connectionString,
        ...(server.host !== null && { host: server.host }),
        ...(server.port !== null && { port: server.port }),
        connectionTimeoutMillis: connectTimeoutMs / 2,
        query_timeout: connectTimeoutMs / 2,
      });
      client.on('error', () => {});
      // The URL comes before the separate settings.
      if (server.host !== null) client.host = server.host;
      if (server.port !== null) client.port = server.port;
      try {
        await client.connect();
        const { rows } = await client.query<Answer>(probeSql, [[]]);
        if (url.writable && rows[0]?.readOnly) throw readOnly();
        if (url.standby && !rows[0]?.inRecovery) throw new ConnectionError('it is not a standby');
        return server;
      } catch (error) {
        faults.push(`${server.host}:${server.port ?? 5432}: ${(error as Error).message}`);
        throw error;
      } finally {
        client.connection.stream.destroy();
      }
    });
    try {
      found = await Promise.any(tries);
      return found;
    } catch (error) {
      const causes = (error as AggregateError).errors as Error[];
      throw new ConnectionError(`Connection terminated: no server can be used (${faults.join('; ')})`, {
        cause: causes.find((cause) => cause instanceof ConnectionError)?.cause ?? causes[0],
      });
    }
  });

  let probe: Session | null = null;
  async function probing(): Promise<Session> {
    if (probe && (probe.retired || !live.has(probe) || performance.now() - probe.openedAt > probeAgeMs)) {
      probe.end().catch(() => {});
      probe = null;
    }
    let session = probe;
    if (!session) {
      const opened = new Session(sessions.config(probeSettings));
      opened.onRetired = () => {
        if (probe === opened) probe = null;
        opened.end().catch(() => {});
      };
      await opened.connect();
      probe = opened;
      session = opened;
    }
    return session;
  }
  function identified(session: Session, answer: Pick<Answer, 'started'>): void {
    if (started !== null && started !== answer.started && (url.writable || url.standby)) replaceAll(session);
    started = answer.started;
  }
  async function ask(pids: readonly number[]): Promise<Answer> {
    const session = await probing();
    const before = Date.now();
    const { rows } = await session.query<Answer>(probeSql, [pids]);
    const answer = rows[0] as Answer;
    registry.clock(before, answer.now, Date.now());
    identified(session, answer);
    return answer;
  }
  async function askPosition(): Promise<Position> {
    const session = await probing();
    const { rows } = await session.query<StoredPosition>(positionSql);
    const answer = rows[0] as StoredPosition;
    identified(session, answer);
    return positionOf(answer);
  }

  /** Asks on the checking connection, and on a new one when that gives no answer. */
  async function question<Answered>(timeoutMs: number, asked: () => Promise<Answered>): Promise<Answered> {
    for (const [attempt, wait] of [timeoutMs * 0.4, timeoutMs * 0.55].entries()) {
      const before = probe;
      const late = new ConnectionError('Connection terminated: the database did not answer in time');
      let timer: NodeJS.Timeout | undefined;
      try {
        return await Promise.race([
          asked(),
          new Promise<never>((_, reject) => {
            timer = setTimeout(reject, wait, late);
          }),
        ]);
      } catch (error) {
        before?.destroy(late);
        probe = null;
        if (attempt === 1 || before === null) throw error;
      } finally {
        clearTimeout(timer);
      }
    }
    throw new ConnectionError('Connection terminated: the database did not answer in time');
  }

  /** Breaks connections whose answer will not come, because the network or the server has gone. */
  async function breakSilent(suspects: readonly Session[]): Promise<void> {
    const since = new Map(suspects.map((session) => [session, session.quietSince]));
    const pids = suspects.map(({ facts }) => facts?.pid ?? 0);
    const active = await question(probeTimeoutMs, () => ask(pids)).then(
      (answer) => new Set(answer.active),
      () => null,
    );
    const now = performance.now();
    for (const session of suspects) {
      session.observe(now);
      const unchanged = session.quietSince !== null && session.quietSince === since.get(session);
      if (unchanged && !(active && session.facts && active.has(session.facts.pid)))
        session.destroy(new ConnectionError('Connection terminated: the server no longer works on the statement'));
    }
  }
  const breakingSilent = single(() => {
    const now = performance.now();
    const quiet = [...live].filter(
      ({ quietSince, facts }) => facts !== null && quietSince !== null && now - quietSince >= suspiciousMs,
    );
    return quiet.length > 0 ? breakSilent(quiet.filter((session) => session !== probe)) : Promise.resolve();
  });

  let checkedAt = performance.now();
  let lookedAt = performance.now();
  const looks = setInterval(() => {
    const now = performance.now();
    const stoodStill = now - lookedAt > 3 * betweenLooksMs;
    lookedAt = now;
    // This process was stopped, or had too much to do: what has come meanwhile is read after this.
    if (stoodStill) {
      for (const session of live) if (session.quietSince !== null) session.quietSince = now;
      return;
    }
    let suspicious = false;
    for (const session of [...live]) {
      // A connection that still receives answers is left to the limits below.
      if (session.endingSince !== null && !session.busy && now - session.endingSince > closeTimeoutMs)
        session.destroy(new ConnectionError('Connection terminated: it was not closed in time'));
      if (session.facts === null) continue;
      session.observe(now);
      const quietMs = session.quietSince === null ? 0 : now - session.quietSince;
      if (quietMs >= session.settings.silenceLimitMs)
        session.destroy(new ConnectionError('Connection terminated: no answer for too long'));
      suspicious ||= quietMs >= suspiciousMs;
      const ageMs = now - session.openedAt;
      if (session !== probe && (session.retired || ageMs > (ages.get(session) ?? greatestAgeMs))) session.retire();
    }
    if (suspicious) void breakingSilent();
    if (now - checkedAt > betweenChecksMs && live.size > (probe ? 1 : 0)) {
      checkedAt = now;
      sessions.check(probeTimeoutMs).catch(() => {});
    }
  }, betweenLooksMs);
  looks.unref();

  const sessions: Sessions = {
    config: (settings) => ({ connectionString: url.connectionString, registry, settings }),
    async check(timeoutMs) {
      const answer = await question(timeoutMs, () => ask([]));
      if (!answer.readOnly || !url.writable) return;
      replaceAll();
      throw readOnly();
    },
    position: (timeoutMs) => question(timeoutMs, askPosition),
    refuseTransactionPooling: () => refuseTransactionPooling(() => new Session(sessions.config(probeSettings))),
    get clockOffsetMs() {
      return clockOffsetMs;
    },
    close() {
      closed = true;
      clearInterval(looks);
      for (const session of [...live])
        session.destroy(new ConnectionError('Connection terminated: the database is closed'));
    },
  };
  return sessions;
}
