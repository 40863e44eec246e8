import { PrismaPg } from '@prisma/adapter-pg';
import { LRUCache } from 'lru-cache';
import pg from 'pg';
import type { Connection } from './connection.ts';
import { createReaders, GatheringSocket } from './readers.ts';
import { reviveMoments, statementName } from './statement.ts';

const longestNamed = 2_000;

// A statement that may wait for others, for a lock or for the disk, would hold up those that are sent behind it.
const waits = /\b(insert|update|delete|for share|for key share|pg_sleep|pg_advisory\w*)\b/i;
const kinds = new LRUCache<string, { name: string; text: string } | { waits: true }>({ max: 5_000 });

/**
 * A statement that only reads, made to give its rows as one JSON text: to read that costs a fraction of what as many
 * columns of as many rows do. Null for a statement that may wait.
 */
function asJson(name: string, text: string): { name: string; text: string } | null {
  let kind = kinds.get(name);
  if (!kind) {
    kind = waits.test(text)
      ? { waits: true }
      : { name, text: `select coalesce(json_agg(r), '[]')::text as rows from (${text}) r` };
    kinds.set(name, kind);
  }
  return 'waits' in kind ? null : kind;
}

/**
 * Connects to a PostgreSQL server. Connections are opened when first needed: three in ten for reading, which share them (readers.ts), the
 * rest for transactions and for statements that may wait, one at a time; at least one of each.
 */
export function connectPostgres(url: string, poolSize: number): Connection {
  const server = {
    connectionString: url,
    stream: () => new GatheringSocket(),
    connectionTimeoutMillis: 5_000,
    // Compiling a statement (jit) takes longer than any of ours should run. The time zone is what Prisma's adapter relies on; the time limits keep one bad statement from holding a connection.
    options: '-c TimeZone=UTC -c jit=off -c statement_timeout=20s -c idle_in_transaction_session_timeout=30s',
  };
  const readerCount = Math.max(1, Math.floor(poolSize * 0.3));
  const pool = new pg.Pool({ ...server, max: Math.max(1, poolSize - readerCount), idleTimeoutMillis: 30_000 });
  const readers = createReaders(server, readerCount);
  // A connection that breaks while idle is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => {});

  return {
    // A long text is one of many that differ by how many rows they write: each would stay prepared on each connection.
    adapter: new PrismaPg(pool, {
      statementNameGenerator: ({ sql }) => (sql.length < longestNamed ? statementName(sql) : undefined) as string,
    }),
    async query(name, text, values) {
      const reading = asJson(name, text);
      if (!reading) return (await pool.query({ name, text, values: values as unknown[] })).rows;
      const { rows } = await readers.query({ ...reading, values: values as unknown[] });
      const found = JSON.parse((rows as [{ rows: string }])[0].rows) as object[];
      reviveMoments(found);
      return found;
    },
    async exclusively(work) {
      const client = await pool.connect();
      try {
        await client.query('set statement_timeout = 0');
        await client.query(`select pg_advisory_lock(hashtext('rollcall'))`);
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
      await Promise.all([pool.end(), readers.close()]);
    },
  };
}
