import type { Logger } from 'pino';
import { type DevelopmentKeys, developmentKeys } from '../auth/development-keys.ts';
import type { Config } from '../config.ts';
import { type Clock, createClock } from '../database/clock.ts';
import type { Connection } from '../database/connection.ts';
import { type Database, openDatabase, type StatementObserver } from '../database/database.ts';
import { migrate } from '../database/migrations.ts';
import { createMemoryBus, createRedisBus } from '../events/bus.ts';
import type { EventBus } from '../events/events.ts';
import { backfillKeys } from '../identity/backfill.ts';
import type { Attempt } from '../starting.ts';
import { boundedStorage } from '../storage/bounded.ts';
import { openStorage, type Storage } from '../storage/storage.ts';

/** What tests put in the place of what the configuration would give. */
export type GroundOverrides = { connection?: Connection; observe?: StatementObserver; storage?: Storage };

/** What everything else stands on: the database, the events between replicas, the storage, and the keys. */
export type Ground = {
  connection: Connection;
  database: Database;
  events: EventBus;
  /** The database's clock, which is the same for all replicas. */
  clock: Clock;
  storage: Storage;
  /** Null where the configuration has keys of its own. */
  developmentKeys: DevelopmentKeys | null;
  secretKey: string;
  close(): Promise<void>;
};

/** Opens the ground; the database is migrated. */
export async function openGround(
  config: Config,
  log: Logger,
  overrides: GroundOverrides & { attempt: Attempt },
): Promise<Ground> {
  const keys = config.secretKey && config.jwt.key ? null : developmentKeys(config.dataDir);
  const connection = overrides.connection ?? (await connect(config));
  await overrides.attempt('database', () => migrate(connection));
  const events: EventBus = config.redisUrl ? await createRedisBus(config.redisUrl, log) : createMemoryBus();
  const clock = createClock(connection);
  await measureClock(clock, log);
  const measuring = setInterval(() => void measureClock(clock, log), clockIntervalMs).unref();
  const database = openDatabase(connection, events.announce, overrides.observe);
  await backfillKeys(database, log);
  const storage = boundedStorage(overrides.storage ?? (await openStorage(config.storageUrl)));
  return {
    connection,
    database,
    events,
    clock,
    storage,
    developmentKeys: keys,
    secretKey: config.secretKey ?? (keys as DevelopmentKeys).secretKey,
    async close() {
      clearInterval(measuring);
      await events.close();
      await database.close();
    },
  };
}

async function connect(config: Config): Promise<Connection> {
  // Only one of the two is loaded: the embedded one is large.
  if (config.databaseUrl)
    return (await import('../database/postgres.ts')).connectPostgres(config.databaseUrl, config.databasePoolSize);
  return (await import('../database/embedded.ts')).connectEmbedded({ folder: `${config.dataDir}/database` });
}

const clockIntervalMs = 60_000;
const remarkableOffsetMs = 30_000;

/** Asks the database how late it is, and logs where this machine's clock tells another time. */
async function measureClock(clock: Clock, log: Logger): Promise<void> {
  const before = clock.offsetMs();
  await clock.measure();
  const offsetMs = clock.offsetMs();
  if (Math.abs(offsetMs) > remarkableOffsetMs && Math.abs(offsetMs - before) > remarkableOffsetMs)
    log.warn({ offsetMs }, 'this machine’s clock differs from the database’s: URLs of files go by the latter');
}
