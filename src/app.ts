import { createServer, type IncomingMessage, type Server } from 'node:http';
import { useCSRFPrevention } from '@graphql-yoga/plugin-csrf-prevention';
import { createYoga, type YogaServerInstance } from 'graphql-yoga';
import { type Logger, pino } from 'pino';
import { createAuthenticator } from './auth/authenticate.ts';
import { type DevelopmentKeys, developmentKeys, developmentToken } from './auth/development-keys.ts';
import { jwtVerifier } from './auth/jwt.ts';
import type { Viewer } from './auth/viewer.ts';
import { channelsChanged } from './avatars/automatic.ts';
import { createFileUrls } from './avatars/file-urls.ts';
import { discordAvatarSource } from './avatars/sources/discord.ts';
import { gravatarAvatarSource } from './avatars/sources/gravatar.ts';
import { type AvatarSources, createAvatarSources } from './avatars/sources/registry.ts';
import { slackAvatarSource } from './avatars/sources/slack.ts';
import { teamsAvatarSource } from './avatars/sources/teams.ts';
import { telegramAvatarSource } from './avatars/sources/telegram.ts';
import { createAvatarSync, largestImage } from './avatars/sync.ts';
import { syncableProviders } from './avatars/syncable.ts';
import { startAvatarWork } from './avatars/work.ts';
import type { Config } from './config.ts';
import { announceDepartures } from './conversations/departures.ts';
import type { Connection } from './database/connection.ts';
import { type Database, openDatabase, type StatementObserver, type TenantDatabase } from './database/database.ts';
import { isUnavailable } from './database/failures.ts';
import { createGroupCommit } from './database/group-commit.ts';
import { migrate } from './database/migrations.ts';
import { seedDemoTenant } from './demo/seed.ts';
import { demoTenant, exampleParticipantId } from './demo/tenant.ts';
import { createDownloader } from './egress/download.ts';
import { withoutValues } from './errors/logged.ts';
import { createMemoryBus, createRedisBus } from './events/bus.ts';
import type { EventBus } from './events/events.ts';
import { useBodies } from './http/bodies.ts';
import { createFileServer } from './http/files.ts';
import { createFront } from './http/front.ts';
import { graphiqlOptions } from './http/graphiql.ts';
import { createHooks } from './http/hooks.ts';
import { createMetrics } from './http/metrics.ts';
import { createOAuthCallback } from './http/oauth-callback.ts';
import { createRateLimit } from './http/rate-limit.ts';
import { readiness } from './http/readiness.ts';
import { useRoutes } from './http/routes.ts';
import { endConnectionsWhen, stopServer } from './http/stop.ts';
import { serveWebSocket } from './http/websocket.ts';
import { createConnections } from './integrations/connections.ts';
import type { OAuthProviders } from './integrations/oauth/provider.ts';
import { createSignIns } from './integrations/oauth/sign-in.ts';
import { slackOAuth } from './integrations/oauth/slack.ts';
import { teamsOAuth } from './integrations/oauth/teams.ts';
import { createTokenCipher } from './integrations/token-cipher.ts';
import { createWebhookDoor } from './integrations/webhooks/door.ts';
import { genericWebhooks } from './integrations/webhooks/generic.ts';
import { type Delivery, type Outcome, recordDeliveries } from './integrations/webhooks/record.ts';
import { createWebhookProviders } from './integrations/webhooks/registry.ts';
import { slackWebhooks } from './integrations/webhooks/slack.ts';
import { sweepDeliveries } from './integrations/webhooks/sweep.ts';
import { telegramWebhooks } from './integrations/webhooks/telegram.ts';
import { createCompiler, useCompiledQueries } from './operations/compiled.ts';
import { createDirectExecution } from './operations/direct.ts';
import { createLifetimes } from './operations/lifetimes.ts';
import { limits } from './operations/limits.ts';
import { type ServerContext, useAuthentication, useLimits, useProblems } from './operations/plugins.ts';
import { presenter } from './operations/problems.ts';
import { createGraphContext } from './schema/context.ts';
import { buildSchema } from './schema/schema.ts';
import type { Services } from './schema/services.ts';
import { openStorage, type Storage } from './storage/storage.ts';

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
  const log = pino({
    level: config.logLevel,
    redact: ['req.headers', '*.token', '*.secret'],
    serializers: { err: withoutValues },
  });
  const keys = config.secretKey && config.jwt.key ? null : developmentKeys(config.dataDir);
  const secretKey = config.secretKey ?? (keys as DevelopmentKeys).secretKey;
  const metrics = createMetrics();

  const connection = overrides.connection ?? (await connect(config));
  await migrate(connection);
  const events: EventBus = config.redisUrl
    ? await createRedisBus(config.redisUrl, (error) => log.warn({ err: error }, 'Redis'))
    : createMemoryBus();
  const database = openDatabase(connection, events.announce, overrides.observe);
  const storage = overrides.storage ?? (await openStorage(config.storageUrl));

  let url = config.publicUrl ?? `http://localhost:${config.port}`;
  const fileUrls = createFileUrls(
    secretKey,
    () => url,
    () => database.now().getTime(),
  );
  const tokenCipher = createTokenCipher(secretKey);
  const oauthProviders = signInProviders(config);
  const signIns = createSignIns({ providers: oauthProviders, cipher: tokenCipher, publicUrl: () => url });
  const sources = avatarSources(config);
  const syncable = syncableProviders(sources);
  const avatars = createAvatarSync({
    storage,
    connections: createConnections({ cipher: tokenCipher, oauth: oauthProviders, timeoutMs: config.providerTimeoutMs }),
    sources,
    download: createDownloader({
      allow: config.egressAllow,
      maxBytes: largestImage,
      timeoutMs: config.providerTimeoutMs,
    }),
  });
  const webhookProviders = createWebhookProviders(
    { slack: slackWebhooks(config.slackSigningSecret), telegram: telegramWebhooks },
    genericWebhooks,
  );
  const services: Services = {
    events,
    avatars,
    syncable,
    participantHooks: {
      channelsChanged: (tx, participantId, changes) => channelsChanged(tx, participantId, changes, syncable),
      beforeDelete: (tx, userId) => announceDepartures(tx, { userId }),
    },
    externalUserHooks: { beforeDelete: (tx, contactId) => announceDepartures(tx, { contactId }) },
    fileUrls,
    tokenCipher,
    signIns,
    webhookProviders,
    publicUrl: () => url,
  };
  if (config.demo) await seedDemoTenant(database, { avatars, tokenCipher, log });

  const authenticator = createAuthenticator(
    database,
    jwtVerifier({ ...config.jwt, key: config.jwt.key ?? { publicKeyPem: (keys as DevelopmentKeys).publicKeyPem } }),
  );
  const door = createWebhookDoor(database, tokenCipher);
  events.onAny('keyRevoked', ({ keyId }) => {
    authenticator.forget(keyId);
    door.forget(keyId);
  });
  const deliveries = createGroupCommit<Delivery, Outcome>({
    write: (items) => recordDeliveries(database, items),
    isItems: (error) => !isUnavailable(error),
    capacity: 5_000,
    batch: 500,
    gather: 10,
    writers: 1,
  });
  const sweep = () =>
    sweepDeliveries(database, database.now()).catch((error: unknown) =>
      log.warn({ err: error }, 'the sweep of deliveries failed'),
    );
  const sweeping = setInterval(sweep, 10 * 60_000).unref();
  const rateLimit = await createRateLimit(config.rateLimit, config.redisUrl);
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
  const signIn =
    config.graphiql && keys && !config.jwt.key ? () => developmentToken(keys, demoTenant.id, config.jwt) : null;
  const databases = new WeakMap<Viewer, TenantDatabase>();
  const databaseOf = (viewer: Viewer) => {
    const known = databases.get(viewer);
    if (known) return known;
    const made = database.forTenant(viewer.tenantId, viewer.agentId);
    databases.set(viewer, made);
    return made;
  };

  const contextOf = (viewer: Viewer) => createGraphContext(viewer, databaseOf(viewer), services);
  const compiler = createCompiler();
  const direct = createDirectExecution(contextOf, compiler);

  const yoga: YogaServerInstance<ServerContext, object> = createYoga<ServerContext>({
    schema: buildSchema(),
    context: ({ viewer }) => contextOf(viewer as Viewer),
    logging: {
      debug: () => {},
      info: () => {},
      warn: (...args) => log.warn(args),
      error: (...args) => log.debug(args),
    },
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
    // Two megabytes, which only a browser asks for.
    renderGraphiQL: async (options) => (await import('@graphql-yoga/render-graphiql')).renderGraphiQL(options),
    plugins: [
      useRoutes(
        {
          readiness: () =>
            readiness({
              database: (ms) => connection.check(ms),
              events: () => events.check(),
              storage: () => storage.check(),
            }),
          metrics: metrics.read,
          file: createFileServer(database, storage, fileUrls),
          hook: createHooks({ door, providers: webhookProviders, deliveries, counted: metrics.delivered, log }),
          oauthCallback: createOAuthCallback(database, signIns),
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
      direct.plugin,
      useCompiledQueries(compiler),
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
        direct: { find: direct.find, viewerOf: authenticator.remembered, admit: rateLimit.admit },
        present,
        largestBody: limits.body,
        stopping: () => stopping,
        answered: metrics.answered,
        failed: (error) => log.error({ err: error }, 'the front failed'),
      });
      const made = createServer(front);
      endConnectionsWhen(() => stopping, made);
      server = made;
      closeSockets = serveWebSocket(made, yoga, authenticator, rateLimit.admit, present);
      await new Promise<void>((resolve, reject) =>
        made.once('error', reject).listen(config.port, config.host, resolve),
      );
      const address = made.address();
      const port = typeof address === 'object' && address ? address.port : config.port;
      if (!config.publicUrl) url = `http://localhost:${port}`;
      return { url, listening: `${config.host}:${port}` };
    },
    async close() {
      stopping = true;
      const handedBack = stopWork();
      await lifetimes.endAll();
      await closeSockets?.();
      if (server) await stopServer(server);
      clearInterval(sweeping);
      await deliveries.drain();
      await handedBack;
      rateLimit.close();
      await events.close();
      await database.close();
    },
  };
}

function avatarSources(config: Config): AvatarSources {
  const { gravatarUrl, providerTimeoutMs: timeoutMs } = config;
  return createAvatarSources([
    slackAvatarSource({ apiUrl: config.slackApiUrl, timeoutMs }),
    teamsAvatarSource({ apiUrl: config.teamsApiUrl, timeoutMs, largestImage }),
    telegramAvatarSource({ apiUrl: config.telegramApiUrl, timeoutMs, largestImage }),
    discordAvatarSource({ apiUrl: config.discordApiUrl, cdnUrl: config.discordCdnUrl, timeoutMs }),
    ...(gravatarUrl === null ? [] : [gravatarAvatarSource({ url: gravatarUrl })]),
  ]);
}

function signInProviders({ oauthClients: { slack, teams }, ...config }: Config): OAuthProviders {
  const timeoutMs = config.providerTimeoutMs;
  return new Map([
    ['slack', slack && slackOAuth({ apiUrl: config.slackApiUrl, client: slack, timeoutMs })],
    ['teams', teams && teamsOAuth({ authorityUrl: config.teamsAuthorityUrl, client: teams, timeoutMs })],
  ]);
}

async function connect(config: Config): Promise<Connection> {
  // Only one of the two is loaded: the embedded one is large.
  if (config.databaseUrl)
    return (await import('./database/postgres.ts')).connectPostgres(config.databaseUrl, config.databasePoolSize);
  return (await import('./database/embedded.ts')).connectEmbedded({ folder: `${config.dataDir}/database` });
}

const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?|::ffff:127\.\d+\.\d+\.\d+)$/;

/** Whether a browser on this machine asked for it by its own name: a page that signs itself in is for nobody else. */
function isThisMachine(request: Request, context: object | undefined): boolean {
  const { req } = (context ?? {}) as { req?: IncomingMessage };
  const peer = req?.socket.remoteAddress ?? 'localhost';
  return loopback.test(new URL(request.url).hostname) && loopback.test(peer);
}
