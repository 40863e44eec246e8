import { setTimeout as sleep } from 'node:timers/promises';
import { PrismaPg } from '@prisma/adapter-pg';
import { LRUCache } from 'lru-cache';
import type pg from 'pg';
import { createBatchedReads, type RunForJson } from './batched-reads.ts';
import type { Connection, RunScript } from './connection.ts';
import { readDatabaseUrl } from './database-url.ts';
import { isOfStatement } from './failures.ts';
import { ConnectionError } from './faults.ts';
import { asJson, parseRows } from './long-json.ts';
import { createPipelinedConnections } from './pipelined-connections.ts';
import { SessionPool } from './pool.ts';
import { Session } from './session.ts';
import { createSessions, type Sessions } from './sessions.ts';
import { mayWait, type Prepared, parseTimestamps, statementName } from './statement.ts';

const longestNamed = 2_000;

const timestamptz = 1184;
// Types that are the same in JSON as in a row (except timestamps): texts, numbers without a scale, booleans, UUIDs,
// JSON, and arrays of these.
const sameInJson = new Set([16, 19, 21, 23, 25, 114, 701, 705, 1007, 1009, 1042, 1043, 2950, 2951, 3802, timestamptz]);
const firstOfUsers = 16_384;

/**
 * How a statement runs: unchanged, or wrapped to give its rows as one JSON text, in which these columns are timestamps.
 */
type Way = 'plain' | { json: Prepared; timestamps: readonly string[] };
const ways = new LRUCache<string, Way>({
  maxSize: 20_000_000,
  // A text has one or two bytes a character.
  sizeCalculation: (way, name) => 200 + 2 * (name.length + (way === 'plain' ? 0 : way.json.text.length)),
});

/**
 * How a statement runs from its second run on, when its columns are known. Parsing one JSON text costs a fraction of
 * parsing many columns of many rows.
 */
function wayOf(statement: Prepared & { forMany?: Prepared }, fields: readonly pg.FieldDef[]): Way {
  const { name, text, forMany } = statement;
  // The types that a database defines itself are enumerations here.
  const same = fields.every(({ dataTypeID }) => sameInJson.has(dataTypeID) || dataTypeID >= firstOfUsers);
  if (!same || mayWait(statement) || new Set(fields.map(({ name }) => name)).size < fields.length) return 'plain';
  return {
    // What is read for many callers at once finds a few rows of a few kilobytes each.
    json: {
      name: `${name}j`,
      text: forMany ? `select coalesce(json_agg(r), '[]')::text as rows from (${text}) r` : asJson(text),
    },
    timestamps: fields.filter(({ dataTypeID }) => dataTypeID === timestamptz).map(({ name }) => name),
  };
}

// The server ends a statement that runs, or waits for a lock, too long. A connection is given up a little later if not
// even that error comes.
const ordinary = { statementTimeoutMs: 20_000, lockTimeoutMs: 3_000, silenceLimitMs: 22_000 };
/** A batched write gives up early instead of making all its callers wait. */
const batched = { statementTimeoutMs: 5_000, lockTimeoutMs: 100, silenceLimitMs: 7_000 };
/** A migration may run for any time, but what waits behind its locks must not wait long. */
const migrating = { statementTimeoutMs: 0, lockTimeoutMs: 5_000, silenceLimitMs: Number.POSITIVE_INFINITY };
/** How long a caller waits for a free connection. */
const poolWaitMs = 5_000;
const idleTimeoutMs = 30_000;
const closeTimeoutMs = 3_000;
/** How long a start waits for a migration of another process before it says so and tries again. */
const migrationLockWaitMs = 5_000;
const migrationLock = `hashtext('rollcall')`;

/**
 * Connects to a PostgreSQL server. Connections are opened when first needed: three in ten are pipelined and read
 * (pipelined-connections.ts), two in ten run batched writes, and the rest run transactions and statements that may
 * wait, one at a time. Each kind has at least one. One more checks the server (sessions.ts). Where tenants are on
 * several nodes, each statement is of one tenant. Throws DatabaseUrlError.
 */
export function connectPostgres(url: string, poolSize: number, isDistributed = false): Connection {
  return connect(createSessions(readDatabaseUrl(url)), poolSize, isDistributed);
}

/** The same to a standby, which is only read. Nothing connects until the first question or read. */
export function connectStandby(url: string, poolSize: number, isDistributed = false): Connection {
  return connect(createSessions(readDatabaseUrl(url, 'reads')), poolSize, isDistributed);
}

function connect(sessions: Sessions, poolSize: number, isDistributed: boolean): Connection {
  const pipelinedCount = Math.max(1, Math.floor(poolSize * 0.3));
  const batchedWritesAtOnce = Math.max(1, Math.floor(poolSize * 0.2));
  const max = Math.max(1, poolSize - pipelinedCount - batchedWritesAtOnce);
  const waiting = { idleTimeoutMillis: idleTimeoutMs, connectionTimeoutMillis: poolWaitMs };
  const pool = new SessionPool({ ...sessions.config(ordinary), ...waiting, max });
  const writes = new SessionPool({ ...sessions.config(batched), ...waiting, max: batchedWritesAtOnce });
  const pipelined = createPipelinedConnections(sessions.config(ordinary), pipelinedCount);

  // What `asJson` has made gives null, which parseRows knows, for more than may be read.
  const read: RunForJson = async ({ name, text, slow }, values, gathered) => {
    const statement = { name, text, values: values as unknown[] };
    const { rows } = await ((slow ? null : pipelined.query(statement, gathered)) ?? pool.query(statement));
    const [row] = rows as [{ rows: string }];
    const json = row.rows;
    // The driver's objects are older than the text, and would keep it alive until the next full collection.
    row.rows = '';
    return json;
  };
  const batchedReads = createBatchedReads(read);

  return {
    // A long text is one of many that differ in their number of rows. Each would stay prepared on each connection.
    adapter: new PrismaPg(pool, {
      statementNameGenerator: ({ sql }) => (sql.length < longestNamed ? statementName(sql) : undefined) as string,
    }),
    async query(statement, values, actor) {
      const { name, text, forMany } = statement;
      if (statement.unprepared)
        return (await pool.query({ text, values: values as unknown[], actor } as pg.QueryConfig)).rows;
      const way = ways.get(name) ?? 'plain';
      if (way === 'plain') {
        const { rows, fields } = await pool.query({ name, text, values: values as unknown[], actor } as pg.QueryConfig);
        if (!ways.has(name)) ways.set(name, wayOf(statement, fields));
        return rows;
      }
      const found = await (forMany
        ? isDistributed
          ? read(way.json, values, false).then(JSON.parse)
          : batchedReads.ask(way.json, forMany, values)
        : read(statement.slow ? { ...way.json, slow: true } : way.json, values, false).then(parseRows));
      parseTimestamps(found, way.timestamps);
      return found;
    },
    async queryBatchedWrite({ name, text }, values, actor) {
      const client = await writes.connect();
      try {
        const { rows } = await client.query({ name, text, values: values as unknown[], actor } as pg.QueryConfig);
        client.release();
        return rows;
      } catch (error) {
        // A refused statement leaves a good connection with its prepared statements.
        client.release(!isOfStatement(error));
        throw error;
      }
    },
    batchedWritesAtOnce,
    isDistributed,
    async script(work, { transaction = true } = {}) {
      await sessions.refuseTransactionPooling();
      const session = new Session(sessions.config(migrating));
      try {
        await session.connect();
        const script = async (sql: string) => {
          const results: unknown = await session.query(sql);
          const last = Array.isArray(results) ? results.at(-1) : results;
          return (last as pg.QueryResult).rows;
        };
        if (transaction) await script('begin');
        await work(script, () => lockMigrations(script, transaction));
        if (transaction) await script('commit');
      } finally {
        // Ends the session, and with it a failed transaction and its lock.
        session.destroy(new ConnectionError('Connection terminated: the work is done'));
      }
    },
    check: (timeoutMs) => sessions.check(timeoutMs),
    position: (timeoutMs) => sessions.position(timeoutMs),
    get clockOffsetMs() {
      return sessions.clockOffsetMs;
    },
    maxPerTenant: Math.max(1, max - Math.max(1, Math.floor(max * 0.2))),
    async close() {
      const late = new Promise<void>((resolve) => setTimeout(resolve, closeTimeoutMs).unref());
      await Promise.race([Promise.allSettled([pool.end(), writes.end(), pipelined.close()]), late]);
      sessions.close();
    },
  };
}

/**
 * Takes the lock for migrations. Polls instead of waiting: a concurrent index build waits for every running statement,
 * so a statement that waits for the lock would never end.
 */
async function lockMigrations(run: RunScript, transaction: boolean): Promise<void> {
  const take = `select pg_try_advisory${transaction ? '_xact' : ''}_lock(${migrationLock}) as had`;
  const until = performance.now() + migrationLockWaitMs;
  for (;;) {
    const [row] = (await run(take)) as { had: boolean }[];
    if (row?.had) return;
    if (performance.now() > until)
      throw Object.assign(new Error('another process is migrating the database'), { code: '55P03' });
    await sleep(100);
  }
}
