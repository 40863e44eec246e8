import type { Logger } from 'pino';
import { type DevelopmentKeys, developmentKeys } from '../auth/development-keys.ts';
import { type Config, ConfigError } from '../config.ts';
import type { Connection } from '../database/connection.ts';
import { type Database, openDatabase, type StatementObserver } from '../database/database.ts';
import { migrate } from '../database/migrations.ts';
import type { StandbyReads } from '../database/standby.ts';
import { createMemoryBus, createRedisBus } from '../events/bus.ts';
import type { EventBus } from '../events/events.ts';
import { startBackfill } from '../identity/backfill.ts';
import type { Attempt } from '../starting.ts';
import { boundedStorage } from '../storage/bounded.ts';
import { openStorage, type Storage } from '../storage/storage.ts';
import { createTracing, type Tracing } from './tracing.ts';

/** Parts that tests replace. */
export type ResourceOverrides = { connection?: Connection; observe?: StatementObserver; storage?: Storage };

/** A standby that is read, and how it is chosen. */
type Standby = { connection: Connection; reads: StandbyReads };

/** What all other parts need: the database, the events between replicas, the storage, and the keys. */
export type Resources = {
  connection: Connection;
  database: Database;
  events: EventBus;
  storage: Storage;
  /** Null where reads have no standby. */
  standbyReads: StandbyReads | null;
  /** Null where the configuration has its own keys. */
  developmentKeys: DevelopmentKeys | null;
  secretKey: string;
  /** Null where nothing is traced. */
  tracing: Tracing | null;
  close(): Promise<void>;
};

/** Opens these parts and migrates the database. */
export async function openResources(
  config: Config,
  log: Logger,
  overrides: ResourceOverrides & { attempt: Attempt },
): Promise<Resources> {
  const keys = config.secretKey && config.jwt.key ? null : developmentKeys(config.dataDir);
  const tracing = createTracing();
  const opened = overrides.connection ?? (await connect(config));
  const connection = tracing?.statements(opened) ?? opened;
  await overrides.attempt('database', () => migrate(connection));
  const bus: EventBus = config.redisUrl ? await createRedisBus(config.redisUrl, log) : createMemoryBus();
  const events = tracing ? { ...bus, announce: tracedAnnounce(bus.announce, tracing) } : bus;
  const standby = config.databaseReadUrl
    ? await openStandby(config.databaseReadUrl, config, { primary: opened, events: bus, tracing, log })
    : null;
  const database = openDatabase(connection, events.announce, overrides.observe, standby);
  const stopBackfill = await overrides.attempt('database', () => startBackfill(database, log));
  const storage = boundedStorage(overrides.storage ?? (await openStorage(config.storageUrl)));
  return {
    connection,
    database,
    events,
    storage,
    standbyReads: standby?.reads ?? null,
    developmentKeys: keys,
    tracing,
    secretKey: config.secretKey ?? (keys as DevelopmentKeys).secretKey,
    async close() {
      standby?.reads.close();
      await stopBackfill();
      await events.close();
      await database.close();
      await standby?.connection.close();
    },
  };
}

const tracedAnnounce =
  (announce: EventBus['announce'], { part }: Tracing): EventBus['announce'] =>
  (tenantId, name, event) =>
    part(`publish ${name}`, { 'messaging.operation.type': 'send' }, () => announce(tenantId, name, event));

async function openStandby(
  url: string,
  { databasePoolSize, databaseDistributed, databaseReadLagMs: maxLagMs }: Config,
  { primary, events, tracing, log }: { primary: Connection; events: EventBus; tracing: Tracing | null; log: Logger },
): Promise<Standby> {
  const [{ connectStandby }, { createStandbyReads }] = await Promise.all([
    import('../database/postgres.ts'),
    import('../database/standby.ts'),
  ]);
  const standby = connectStandby(url, databasePoolSize, databaseDistributed);
  const positionOf = ({ position }: Connection) => {
    if (!position) throw new ConfigError('DATABASE_READ_URL needs a PostgreSQL server');
    return position;
  };
  const reads = createStandbyReads({ primary: positionOf(primary), standby: positionOf(standby) }, events, {
    maxLagMs,
    told: ({ reason, lagMs }) =>
      reason === null
        ? log.info({ lagMs }, 'reads go to the standby')
        : log.warn({ reason: `the standby ${reason}`, lagMs }, 'reads go to the primary'),
  });
  return { connection: tracing?.statements(standby) ?? standby, reads };
}

async function connect(config: Config): Promise<Connection> {
  // Load only one of the two: the embedded database is large.
  const { databaseUrl, databasePoolSize, databaseDistributed } = config;
  if (databaseUrl) {
    const { connectPostgres } = await import('../database/postgres.ts');
    return connectPostgres(databaseUrl, databasePoolSize, databaseDistributed);
  }
  return (await import('../database/embedded.ts')).connectEmbedded({ folder: `${config.dataDir}/database` });
}
