import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import type { Connection } from './connection.ts';
import { statementName } from './statement.ts';

const timestamptz = 1184;
const longestNamed = 2_000;

const digits = (text: string, from: number, to: number) => {
  let value = 0;
  for (let index = from; index < to; index++) value = value * 10 + text.charCodeAt(index) - 48;
  return value;
};

/** PostgreSQL prints "2026-01-02 03:04:05.678+00" in a session whose time zone is UTC. Read by hand: lists are full of them. */
function instant(text: string): Date {
  const end = text.length - 3;
  if (end > 23 || text.charCodeAt(4) !== 45) return new Date(`${text.slice(0, 10)}T${text.slice(11, -3)}Z`);
  const fraction = end > 20 ? digits(text, 20, end) * 10 ** (23 - end) : 0;
  return new Date(
    Date.UTC(
      digits(text, 0, 4),
      digits(text, 5, 7) - 1,
      digits(text, 8, 10),
      digits(text, 11, 13),
      digits(text, 14, 16),
      digits(text, 17, 19),
      fraction,
    ),
  );
}

const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === timestamptz ? instant : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser,
};

/** Connects to a PostgreSQL server. Connections are opened when first needed. */
export function connectPostgres(url: string, poolSize: number): Connection {
  const pool = new pg.Pool({
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    // The time zone is what `instant` and Prisma's adapter rely on; the time limits keep one bad statement from holding a connection.
    // Compiling a statement takes longer than any of ours should run.
    options: '-c TimeZone=UTC -c jit=off -c statement_timeout=20s -c idle_in_transaction_session_timeout=30s',
  });
  // A connection that breaks while idle is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => {});

  return {
    // A long text is one of many that differ by how many rows they write: each would stay prepared on each connection.
    adapter: new PrismaPg(pool, {
      statementNameGenerator: ({ sql }) => (sql.length < longestNamed ? statementName(sql) : undefined) as string,
    }),
    async query(name, text, values) {
      const result = await pool.query({ name, text, values: values as unknown[], types });
      return result.rows;
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
    close: () => pool.end(),
  };
}
