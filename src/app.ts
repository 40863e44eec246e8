import { createServer, type IncomingMessage, type Server } from 'node:http';
import { useCSRFPrevention } from '@graphql-yoga/plugin-csrf-prevention';
import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
import { createYoga, type YogaServerInstance } from 'graphql-yoga';
import { type Logger, pino } from 'pino';
import { createAuthenticator } from './auth/authenticate.ts';
import { type DevelopmentKeys, developmentKeys, developmentToken } from './auth/development-keys.ts';
import { jwtVerifier } from './auth/jwt.ts';
import type { Viewer } from './auth/viewer.ts';
import { createAvatarSources } from './avatars/sources/registry.ts';
import { slackAvatarSource } from './avatars/sources/slack.ts';
import { createAvatarSync, largestImage } from './avatars/sync.ts';
import { syncableProviders } from './avatars/syncable.ts';
import { startAvatarWork } from './avatars/work.ts';
import type { Config } from './config.ts';
import type { Connection } from './database/connection.ts';
import { type Database, openDatabase, type StatementObserver, type TenantDatabase } from './database/database.ts';
import { migrate } from './database/migrations.ts';
import { createDownloader } from './egress/download.ts';
import { createMemoryBus, createRedisBus } from './events/bus.ts';
import type { EventBus } from './events/events.ts';
import { useCompiledQueries } from './graph/compiled.ts';
import { createGraphContext } from './graph/context.ts';
import { graphiqlOptions } from './graph/graphiql.ts';
import { createLifetimes } from './graph/lifetimes.ts';
import { limits } from './graph/limits.ts';
import { type ServerContext, useAuthentication, useLimits, useProblems } from './graph/plugins.ts';
import { presenter } from './graph/problems.ts';
import type { Services } from './graph/services.ts';
import { useBodies } from './http/bodies.ts';
import { createFileServer } from './http/files.ts';
import { createFront } from './http/front.ts';
import { createMetrics } from './http/metrics.ts';
import { createRateLimit } from './http/rate-limit.ts';
import { useRoutes } from './http/routes.ts';
import { serveWebSocket } from './http/websocket.ts';
import { createTokenCipher } from './integrations/token-cipher.ts';
import { buildSchema } from './schema.ts';
import { createFileUrls } from './storage/file-urls.ts';
import { openStorage, type Storage } from './storage/storage.ts';
import { seedDemoTenant } from './tenants/demo.ts';
import { demoTenant, exampleParticipantId } from './tenants/demo-tenant.ts';

/** The whole service, put together and ready, with or without a port. */
export interface App {
  /** Answers a request as the port would. */
  fetch(request: Request): Promise<Response>;
  /** Listens on the configured port; returns where clients reach it, and the host and port it listens on. */
  listen(): Promise<{ url: string; listening: string }>;
  /** Takes no new work, lets what is running finish, tells streams to reconnect, and lets go of everything. */
  close(): Promise<void>;
  readonly database: Database;
  readonly log: Logger;
}

/** What tests put in the place of what the configuration would give. */
export type Overrides = { connection?: Connection; observe?: StatementObserver; storage?: Storage };

/** The one place where the parts are put together. The database is migrated, and, where the configuration says so, has the demo tenant. */
export async function createApp(config: Config, overrides: Overrides = {}): Promise<App> {
  const log = pino({ level: config.logLevel, redact: ['req.headers', '*.token', '*.secret'] });
  const keys = config.secretKey && config.jwt.key ? null : developmentKeys(config.dataDir);
  const secretKey = config.secretKey ?? (keys as DevelopmentKeys).secretKey;
  const metrics = createMetrics();

  const connection = overrides.connection ?? (await connect(config));
  await migrate(connection);
  const events: EventBus = config.redisUrl
    ? await createRedisBus(config.redisUrl, (error) => log.warn({ err: error }, 'Redis'))
    : createMemoryBus();
  const database = openDatabase(connection, events.announce, overrides.observe);
  const storage = overrides.storage ?? openStorage(config.storageUrl);

  let url = config.publicUrl ?? `http://localhost:${config.port}`;
  const fileUrls = createFileUrls(secretKey, () => url);
  const tokenCipher = createTokenCipher(secretKey);
  const sources = createAvatarSources([slackAvatarSource({ apiUrl: config.slackApiUrl, timeoutMs: config.providerTimeoutMs })]);
  const syncable = syncableProviders(sources);
  const avatars = createAvatarSync({
    storage,
    cipher: tokenCipher,
    sources,
    download: createDownloader({ allow: config.egressAllow, maxBytes: largestImage, timeoutMs: config.providerTimeoutMs }),
  });
  const services: Services = { events, avatars, syncable, fileUrls, tokenCipher };
  if (config.demo) await seedDemoTenant(database, { avatars, tokenCipher, log });

  const authenticator = createAuthenticator(
    database,
    jwtVerifier({ ...config.jwt, key: config.jwt.key ?? { publicKeyPem: (keys as DevelopmentKeys).publicKeyPem } }),
  );
  events.onAny('keyRevoked', ({ keyId }) => authenticator.forget(keyId));
  const rateLimit = createRateLimit(config.rateLimit, config.redisUrl);
  const present = presenter(log, config.introspection);
  const lifetimes = createLifetimes(events, database);
  const stopWork =
    config.avatarWorkers > 0
      ? startAvatarWork(
          { database, storage, events, avatars, syncable, log },
          { concurrency: config.avatarWorkers, leaseMs: config.jobLeaseMs },
        )
      : async () => {};

  let stopping = false;
  const signIn = config.graphiql && keys && !config.jwt.key ? () => developmentToken(keys, demoTenant.id, config.jwt) : null;
  const databases = new WeakMap<Viewer, TenantDatabase>();
  const databaseOf = (viewer: Viewer) => {
    const known = databases.get(viewer);
    if (known) return known;
    const made = database.forTenant(viewer.tenantId, viewer.agentId);
    databases.set(viewer, made);
    return made;
  };

  const yoga: YogaServerInstance<ServerContext, object> = createYoga<ServerContext>({
    schema: buildSchema(),
    context: ({ viewer }) => createGraphContext(viewer as Viewer, databaseOf(viewer as Viewer), services),
    logging: { debug: () => {}, info: () => {}, warn: (...args) => log.warn(args), error: (...args) => log.debug(args) },
    // Errors are made presentable in one place, with the request's id; Yoga has nothing to add.
    maskedErrors: { maskError: (error) => error as Error },
    batching: { limit: limits.batch },
    maxRequestBodySize: limits.upload,
    landingPage: false,
    cors: config.corsOrigins.length > 0 ? { origin: [...config.corsOrigins], methods: ['GET', 'POST'] } : false,
    graphiql: config.graphiql
      ? async (request, context) =>
          graphiqlOptions(signIn && isThisMachine(request, context) ? await signIn() : null, exampleParticipantId)
      : false,
    renderGraphiQL,
    plugins: [
      useRoutes(
        {
          readiness: () =>
            readiness({ database: (ms) => connection.check(ms), events: () => events.check(), storage: () => storage.check() }),
          metrics: metrics.read,
          file: createFileServer(database, storage, fileUrls),
          stopping: () => stopping,
        },
        log,
      ),
      // A request with one of these headers cannot be sent across sites without the browser asking first.
      useCSRFPrevention({
        requestHeaders: [
          'authorization',
          'agent-secret-key',
          'x-graphql-yoga-csrf',
          'graphql-require-preflight',
          'apollo-require-preflight',
        ],
      }),
      useBodies(limits.body),
      useProblems(present),
      // After the errors have their codes.
      metrics.plugin,
      useAuthentication(authenticator, rateLimit.admit),
      useLimits(config.introspection),
      useCompiledQueries(),
      lifetimes.plugin,
    ],
  });

  let server: Server | undefined;
  let closeSockets: (() => Promise<void>) | undefined;
  return {
    database,
    log,
    fetch: async (request) => yoga.fetch(request, {} as ServerContext),
    async listen() {
      const front = createFront({
        yoga,
        present,
        largestBody: limits.body,
        stopping: () => stopping,
        answered: metrics.answered,
        failed: (error) => log.error({ err: error }, 'the front failed'),
      });
      const made = createServer(front);
      server = made;
      closeSockets = serveWebSocket(made, yoga, authenticator, rateLimit.admit, present);
      await new Promise<void>((resolve, reject) => made.once('error', reject).listen(config.port, config.host, resolve));
      const address = made.address();
      const port = typeof address === 'object' && address ? address.port : config.port;
      if (!config.publicUrl) url = `http://localhost:${port}`;
      return { url, listening: `${config.host}:${port}` };
    },
    async close() {
      stopping = true;
      const handedBack = stopWork();
      const told = lifetimes.endAll();
      const closed = server ? new Promise<void>((resolve) => server?.close(() => resolve())) : Promise.resolve();
      await told;
      await closeSockets?.();
      server?.closeIdleConnections();
      await closed;
      await handedBack;
      rateLimit.close();
      await events.close();
      await database.close();
    },
  };
}

async function connect(config: Config): Promise<Connection> {
  // Only one of the two is loaded: the embedded one is large.
  if (config.databaseUrl)
    return (await import('./database/postgres.ts')).connectPostgres(config.databaseUrl, config.databasePoolSize);
  return (await import('./database/embedded.ts')).connectEmbedded({ folder: `${config.dataDir}/database` });
}

const readinessTimeout = 2_000;

async function readiness(checks: Record<string, (timeout: number) => Promise<void>>): Promise<Record<string, string | null>> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]): Promise<[string, string | null]> => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<string>((resolve) => {
        timer = setTimeout(() => resolve('did not answer in time'), readinessTimeout);
      });
      const fault = await Promise.race([
        check(readinessTimeout).then(
          () => null,
          () => 'cannot be used',
        ),
        late,
      ]);
      clearTimeout(timer);
      return [name, fault];
    }),
  );
  return Object.fromEntries(results);
}

const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?|::ffff:127\.\d+\.\d+\.\d+)$/;

/** Whether a browser on this machine asked for it by its own name: a page that signs itself in is for nobody else. */
function isThisMachine(request: Request, context: object | undefined): boolean {
  const { req } = (context ?? {}) as { req?: IncomingMessage };
  const peer = req?.socket.remoteAddress ?? 'localhost';
  return loopback.test(new URL(request.url).hostname) && loopback.test(peer);
}
