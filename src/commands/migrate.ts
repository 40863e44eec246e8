/** Applies the missing migrations to the configured database, as a start would: npm run migrate */
import { pino } from 'pino';
import { ConfigError, readConfig } from '../config.ts';
import { migrate } from '../database/migrations.ts';
import { connectPostgres } from '../database/postgres.ts';
import { createStart, obstacle } from '../starting.ts';

async function main(): Promise<void> {
  // Read only the database's settings: a job that migrates needs no settings of the server.
  const { DATABASE_URL, LOG_LEVEL } = process.env;
  const { databaseUrl, logLevel } = readConfig({ DATABASE_URL, LOG_LEVEL });
  if (databaseUrl === null)
    throw new ConfigError('DATABASE_URL is not set. The embedded database is migrated when the service starts.');
  const log = pino({ level: logLevel });
  const connection = connectPostgres(databaseUrl, 1);
  try {
    const applied = await createStart(log).attempt('database', () => migrate(connection));
    log.info({ applied }, 'the database has all migrations');
  } finally {
    await connection.close();
  }
}

// The first process of a container hears only signals that it asks for. The server rolls back what was under way.
process.once('SIGTERM', () => process.exit(1));

main().catch((error: unknown) => {
  console.error(obstacle(error) ?? error);
  process.exitCode = 1;
});
