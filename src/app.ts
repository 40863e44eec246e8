import type { RequestListener, Server } from 'node:http';
import { type DestinationStream, type Logger, pino } from 'pino';
import { createAvatars, startAvatars } from './composition/avatars.ts';
import { startDuplicates } from './composition/duplicates.ts';
import { createDocuments, createGraph } from './composition/graph.ts';
import { createIntegrations } from './composition/integrations.ts';
import { openResources, type ResourceOverrides } from './composition/resources.ts';
import { createHttpServer, type ServerOverrides } from './composition/server.ts';
import { startSweeps } from './composition/sweeps.ts';
import { startTransfer } from './composition/transfer.ts';
import type { Config } from './config.ts';
import type { Database } from './database/database.ts';
import { seedDemoTenant } from './demo/seed.ts';
import { withoutValues } from './errors/logged.ts';
import type { Attempt } from './starting.ts';

/** The whole service, composed and ready, with or without a port. */
export interface App {
  /** Answers a request: what the port serves. */
  handler: RequestListener;
  /**
   * Serves on the given server, or on its own server on the configured port. Returns the URL that clients reach it by,
   * and the host and port.
   */
  listen(server?: Server): Promise<{ url: string; listening: string }>;
  /** Refuses new work, finishes what is running, tells streams to reconnect, and closes every resource. */
  close(): Promise<void>;
  readonly database: Database;
  readonly log: Logger;
}

/** Parts that tests replace. */
export type Overrides = ResourceOverrides &
  ServerOverrides & {
    /** After how many runs a query is compiled. */
    compileAfter?: number;
    /** Where the log goes. To the standard output unless given. */
    logTo?: DestinationStream;
    /** Runs a step of the start that needs the database. Runs it once unless given. */
    attempt?: Attempt;
  };

/** Composes the service. Migrates the database, and creates the demo tenant where the configuration asks for it. */
export async function createApp(config: Config, overrides: Overrides = {}): Promise<App> {
  const log = pino(
    {
      level: config.logLevel,
      redact: ['req.headers', '*.token', '*.secret'],
      serializers: { err: withoutValues },
    },
    overrides.logTo,
  );
  let url = config.publicUrl ?? `http://localhost:${config.port}`;
  const publicUrl = () => url;

  const attempt: Attempt = overrides.attempt ?? ((_, step) => step());
  // Before the database: a fault of the trusted documents is told without waiting for it.
  const prepare = createDocuments(config, overrides.compileAfter);
  const resources = await openResources(config, log, { ...overrides, attempt });
  const { database } = resources;
  const integrations = createIntegrations(config, resources, publicUrl);
  const avatars = createAvatars(config, resources, integrations);
  if (config.demo)
    await attempt('database', () =>
      seedDemoTenant(database, { avatars: avatars.avatars, tokenCipher: integrations.tokenCipher, log }),
    );
  const graph = createGraph(config, { resources, integrations, avatars, publicUrl, prepare }, log);
  const server = await createHttpServer(config, { resources, integrations, graph }, log, overrides);
  const stopSweeps = startSweeps(config, resources, log);
  const stopAvatars = startAvatars(config, resources, avatars, log);
  const stopTransfer = startTransfer(config, resources, graph.services.participantHooks, log);
  const stopDuplicates = startDuplicates(config, resources, log);

  let closed: Promise<void> | undefined;
  return {
    database,
    log,
    handler: server.handler,
    async listen(given) {
      const port = await server.listen(given);
      if (!config.publicUrl) url = `http://localhost:${port}`;
      return { url, listening: `${config.host}:${port}` };
    },
    close() {
      closed ??= close();
      return closed;
    },
  };

  async function close(): Promise<void> {
    server.refuse();
    const stopped = Promise.all([stopSweeps(), stopAvatars(), stopTransfer(), stopDuplicates()]);
    await graph.streams.endAll();
    await server.close();
    await integrations.deliveries.drain();
    await stopped;
    await graph.lastUse.flush();
    await resources.close();
  }
}
