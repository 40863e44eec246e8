import type { RequestListener, Server } from 'node:http';
import { type Logger, pino } from 'pino';
import { createAvatars, startAvatars } from './composition/avatars.ts';
import { createGraph } from './composition/graph.ts';
import { type GroundOverrides, openGround } from './composition/ground.ts';
import { createIntegrations, startDeliverySweep } from './composition/integrations.ts';
import { createHttpServer } from './composition/server.ts';
import type { Config } from './config.ts';
import type { Database } from './database/database.ts';
import { seedDemoTenant } from './demo/seed.ts';
import { withoutValues } from './errors/logged.ts';
import type { Attempt } from './starting.ts';

/** The whole service, put together and ready, with or without a port. */
export interface App {
  /** Answers a request: what the port serves. */
  handler: RequestListener;
  /**
   * Serves on that server, or on one of its own, which listens on the configured port; returns where clients reach it, and the host and
   * port.
   */
  listen(server?: Server): Promise<{ url: string; listening: string }>;
  /** Takes no new work, lets what is running finish, tells streams to reconnect, and lets go of everything. */
  close(): Promise<void>;
  readonly database: Database;
  readonly log: Logger;
}

/** What tests put in the place of what the configuration would give. */
export type Overrides = GroundOverrides & {
  /** How often a query runs before it is compiled. */
  compileAfter?: number;
  /** How a step of the start is run that needs the database; once unless given. */
  attempt?: Attempt;
};

/** The one place where the parts are put together. The database is migrated, and, where the configuration says so, has the demo tenant. */
export async function createApp(config: Config, overrides: Overrides = {}): Promise<App> {
  const log = pino({
    level: config.logLevel,
    redact: ['req.headers', '*.token', '*.secret'],
    serializers: { err: withoutValues },
  });
  let url = config.publicUrl ?? `http://localhost:${config.port}`;
  const publicUrl = () => url;

  const attempt: Attempt = overrides.attempt ?? ((_, step) => step());
  const ground = await openGround(config, log, { ...overrides, attempt });
  const { database } = ground;
  const integrations = createIntegrations(config, ground, publicUrl);
  const avatars = createAvatars(config, ground, integrations);
  if (config.demo)
    await attempt('database', () =>
      seedDemoTenant(database, { avatars: avatars.avatars, tokenCipher: integrations.tokenCipher, log }),
    );
  const { compileAfter } = overrides;
  const graph = createGraph(config, { ground, integrations, avatars, publicUrl, compileAfter }, log);
  const server = await createHttpServer(config, { ground, integrations, graph }, log);
  const stopSweep = startDeliverySweep(ground, log);
  const stopAvatars = startAvatars(config, ground, avatars, log);

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
    const stopped = stopAvatars();
    await graph.streams.endAll();
    await server.close();
    stopSweep();
    await integrations.deliveries.drain();
    await stopped;
    await ground.close();
  }
}
