import { PrismaPg } from '@prisma/adapter-pg';
import { LRUCache } from 'lru-cache';
import pg from 'pg';
import { createBatchedReads, type RunForJson } from './batched-reads.ts';
import type { Connection } from './connection.ts';
import { isOfStatement } from './failures.ts';
import { createPipelinedConnections, GatheringSocket } from './pipelined-connections.ts';
import { type Prepared, parseTimestamps, statementName } from './statement.ts';

const longestNamed = 2_000;

// A statement that may wait for others, for a lock or for the disk, would hold up those that are sent behind it.
const waits = /\b(insert|update|delete|for share|for key share|pg_sleep|pg_advisory\w*)\b/i;

const timestamptz = 1184;
// Types that are the same in JSON as in a row (timestamps apart): text and its kind, numbers without a scale, truth values, UUIDs, JSON, and arrays of these.
const sameInJson = new Set([16, 19, 21, 23, 25, 114, 701, 705, 1007, 1009, 1042, 1043, 2950, 2951, 3802, timestamptz]);
const firstOfUsers = 16_384;

/** How a statement is run: as it is, or so that it gives its rows as one JSON text, in which these columns are timestamps. */
type Way = 'plain' | { json: Prepared; timestamps: readonly string[] };
const ways = new LRUCache<string, Way>({ max: 5_000 });

/**
 * How a statement is run from its second time on, now that its columns are known. To read one JSON text costs a fraction of what as
 * many columns of as many rows do.
 */
function wayOf({ name, text }: Prepared, fields: readonly pg.FieldDef[]): Way {
  // The types that a database makes for itself are enumerations here.
  const same = fields.every(({ dataTypeID }) => sameInJson.has(dataTypeID) || dataTypeID >= firstOfUsers);
  if (!same || waits.test(text) || new Set(fields.map(({ name }) => name)).size < fields.length) return 'plain';
  return {
    json: { name: `${name}j`, text: `select coalesce(json_agg(r), '[]')::text as rows from (${text}) r` },
    timestamps: fields.filter(({ dataTypeID }) => dataTypeID === timestamptz).map(({ name }) => name),
  };
}

// A statement that serves several callers gives up rather than let all of them wait, in milliseconds; and it is given up when no answer comes,
// for longer than a statement may run.
const batchedWriteLockTimeoutMs = 100;
const batchedWriteTimeoutMs = 25_000;

/**
 * Connects to a PostgreSQL server. Connections are opened when first needed: three in ten for reading, which share them (pipelined.ts), two
 * in ten for statements that serve several callers, the rest for transactions and for statements that may wait, one at a time; at least one of each.
 */
export function connectPostgres(url: string, poolSize: number): Connection {
  const server = {
    connectionString: url,
    stream: () => new GatheringSocket(),
    connectionTimeoutMillis: 5_000,
    // Compiling a statement (jit) takes longer than any of ours should run. The time zone is what Prisma's adapter relies on; the time limits keep one bad statement, or one that waits for somebody else, from holding a connection.
    options:
      '-c TimeZone=UTC -c jit=off -c statement_timeout=20s -c lock_timeout=5s -c idle_in_transaction_session_timeout=30s',
  };
  const pipelinedCount = Math.max(1, Math.floor(poolSize * 0.3));
  const batchedWritesAtOnce = Math.max(1, Math.floor(poolSize * 0.2));
  const pool = new pg.Pool({
    ...server,
    max: Math.max(1, poolSize - pipelinedCount - batchedWritesAtOnce),
    idleTimeoutMillis: 30_000,
  });
  const writes = new pg.Pool({
    ...server,
    options: `${server.options} -c lock_timeout=${batchedWriteLockTimeoutMs}ms`,
    query_timeout: batchedWriteTimeoutMs,
    max: batchedWritesAtOnce,
    idleTimeoutMillis: 30_000,
  });
  const pipelined = createPipelinedConnections(server, pipelinedCount);
  // A connection that breaks while idle is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => {});
  writes.on('error', () => {});

  const read: RunForJson = async ({ name, text }, values, gathered) => {
    const statement = { name, text, values: values as unknown[] };
    const { rows } = await (pipelined.query(statement, gathered) ?? pool.query(statement));
    return (rows as [{ rows: string }])[0].rows;
  };
  const batchedReads = createBatchedReads(read);

  return {
    // A long text is one of many that differ by how many rows they write: each would stay prepared on each connection.
    adapter: new PrismaPg(pool, {
      statementNameGenerator: ({ sql }) => (sql.length < longestNamed ? statementName(sql) : undefined) as string,
    }),
    async query(statement, values) {
      const { name, text, forMany } = statement;
      const way = ways.get(name) ?? 'plain';
      if (way === 'plain') {
        const { rows, fields } = await pool.query({ name, text, values: values as unknown[] });
        if (!ways.has(name)) ways.set(name, wayOf(statement, fields));
        return rows;
      }
      const found = await (forMany
        ? batchedReads.ask(way.json, forMany, values)
        : read(way.json, values, false).then((text) => JSON.parse(text) as Record<string, unknown>[]));
      parseTimestamps(found, way.timestamps);
      return found;
    },
    async queryBatchedWrite({ name, text }, values) {
      const client = await writes.connect();
      try {
        const { rows } = await client.query({ name, text, values: values as unknown[] });
        client.release();
        return rows;
      } catch (error) {
        // A statement that was refused leaves a good connection, on which much is prepared.
        client.release(!isOfStatement(error));
        throw error;
      }
    },
    batchedWritesAtOnce,
    async exclusively(work) {
      const client = await pool.connect();
      try {
        await client.query('set statement_timeout = 0; set lock_timeout = 0');
        // Asked again and again: a statement that waits for the lock would itself be waited for by an index that is built concurrently.
        const lock = async () =>
          (await client.query(`select pg_try_advisory_lock(hashtext('rollcall')) as had`)).rows[0].had;
        while (!(await lock())) await new Promise((resolve) => setTimeout(resolve, 100));
        await work(async (sql) => {
          const results: unknown = await client.query(sql);
          const last = Array.isArray(results) ? results.at(-1) : results;
          return (last as pg.QueryResult).rows;
        });
      } finally {
        // Ends the session, and with it the lock and the setting, whatever state a failed script left.
        client.release(true);
      }
    },
    async check(timeout) {
      await pool.query({ text: 'select 1', query_timeout: timeout } as pg.QueryConfig);
    },
    async close() {
      await Promise.all([pool.end(), writes.end(), pipelined.close()]);
    },
  };
}
