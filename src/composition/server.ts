import type { RequestListener, Server } from 'node:http';
import type { Logger } from 'pino';
import { developmentToken } from '../auth/development-keys.ts';
import { tellingFailures } from '../auth/failed-sign-ins.ts';
import { countAvatarJobs } from '../avatars/queue.ts';
import type { Config } from '../config.ts';
import { system } from '../database/actor.ts';
import { demoTenant, examples } from '../demo/tenant.ts';
import { createBoundedLog } from '../errors/bounded-log.ts';
import { openRedis } from '../events/redis.ts';
import { createBodyBudget } from '../http/bodies.ts';
import { createConsole } from '../http/console.ts';
import { consoleFolder } from '../http/console-files.ts';
import { createCrossOrigin } from '../http/cross-origin.ts';
import { createFileServer } from '../http/files.ts';
import { graphiqlOptions } from '../http/graphiql.ts';
import { createGraphqlHandler } from '../http/graphql-handler.ts';
import { createHooks } from '../http/hooks.ts';
import { isLoopback } from '../http/host.ts';
import { createMetrics } from '../http/metrics.ts';
import { createOAuthCallback } from '../http/oauth-callback.ts';
import { createPagePass } from '../http/page-pass.ts';
import { createRateLimit } from '../http/rate-limit.ts';
import { createReadiness } from '../http/readiness.ts';
import { useRoutes } from '../http/routes.ts';
import { createHttpServer as createServer } from '../http/starting.ts';
import { type ServerStop, watchConnections } from '../http/stop.ts';
import { createUploadPlaces } from '../http/upload-places.ts';
import { serveWebSocket } from '../http/websocket.ts';
import { createRestHandler, type ServerContext } from '../http/yoga.ts';
import { moveAddress } from '../integrations/webhooks/moves.ts';
import { createErrorFormatter } from '../operations/errors.ts';
import { limits } from '../operations/limits.ts';
import { createFaces } from './faces.ts';
import type { Graph } from './graph.ts';
import type { Integrations } from './integrations.ts';
import { createMcp } from './mcp.ts';
import type { Resources } from './resources.ts';

/** The bound of all request bodies that are being read, in bytes. */
const allBodies = 100_000_000;

/** Parts that tests replace. */
export type ServerOverrides = {
  /** Bytes of a file that is held in memory. */
  heldFile?: number;
};

export type ServerParts = { resources: Resources; integrations: Integrations; graph: Graph };

/** What the port serves, with or without a port. */
export interface HttpServer {
  /** Answers a request as the port does. */
  handler: RequestListener;
  /** Serves on the given server, or on its own server on the configured port. Returns the port. */
  listen(server?: Server): Promise<number>;
  /** Refuses new work. */
  refuse(): void;
  /** Closes each connection after its answer. */
  close(): Promise<void>;
}

export async function createHttpServer(
  config: Config,
  parts: ServerParts,
  log: Logger,
  { heldFile = limits.heldFile }: ServerOverrides = {},
): Promise<HttpServer> {
  const {
    resources: { connection, database, events, storage, standbyReads, developmentKeys: keys, secretKey, tracing },
    integrations: { webhooks, webhookProviders, workspaceOf, deliveries, signIns },
    graph,
  } = parts;
  const { operations, fileUrls } = graph;
  const strangers = createBoundedLog((fields, message) => log.debug(fields, message));
  let isStopping = false;
  const stopping = () => isStopping;
  const metrics = createMetrics();
  const counter =
    config.rateLimit > 0 && config.redisUrl
      ? await openRedis(config.redisUrl, { purpose: 'counting requests', log, timeoutMs: 200 })
      : null;
  const { admit, close: closeRateLimit } = await createRateLimit(config.rateLimit, counter, log);
  const readiness = createReadiness({
    database: { needed: true, freshMs: 1_000, check: (timeoutMs) => connection.check(timeoutMs) },
    // The event bus knows its state and asks nobody.
    events: { needed: false, freshMs: 0, check: () => events.check() },
    // The only way to find out whether a file can be written is to write one.
    storage: { needed: false, freshMs: 30_000, check: () => storage.check() },
    // It is asked all the time anyway.
    ...(standbyReads && { standby: { needed: false, freshMs: 0, check: () => standbyReads.check() } }),
  });
  metrics.watchParts(readiness);
  if (standbyReads) metrics.watchStandby(standbyReads);
  metrics.watchJobs(() => countAvatarJobs(database));
  const format = createErrorFormatter(log, config.introspection);
  const bodies = createBodyBudget(allBodies);
  const { largestImport } = config;
  const crossOrigin = createCrossOrigin(config.corsOrigins);
  const authenticator = tellingFailures(graph.authenticator, (failed) => {
    metrics.signInFailed(failed);
    strangers(failed, 'a sign-in was refused');
  });
  const signIn: Parameters<typeof createRestHandler>[0]['signIn'] = async (headers) => {
    const viewer = await authenticator.authenticate(headers);
    await admit(viewer);
    return viewer;
  };
  /** The token of a page that signs itself in: on this machine, with the development key. */
  const pageToken = async (request: Request, context: ServerContext | undefined): Promise<string | null> =>
    keys && !config.jwt.key && isThisMachine(request, context)
      ? developmentToken(keys, demoTenant.id, config.jwt)
      : null;
  const pagePass =
    config.graphiql && config.trustedDocumentsOnly && !config.production ? createPagePass(secretKey) : null;
  const mayRunAny = (headers: { get(name: string): string | null }) => pagePass?.isIn(headers) ?? false;

  const yoga = createRestHandler({
    operations,
    signIn,
    mayRunAny,
    format,
    bodies,
    uploads: { largestImport, heldFile, places: createUploadPlaces(largestImport) },
    crossOrigin,
    graphiql: config.graphiql
      ? async (request, context) => {
          if (!isThisMachine(request, context)) return graphiqlOptions(null, examples);
          return graphiqlOptions(await pageToken(request, context), examples, pagePass?.give());
        }
      : false,
    stopping,
    metrics: metrics.plugin,
    routes: useRoutes(
      {
        readiness,
        metrics: metrics.read,
        file: createFileServer(database, storage, fileUrls),
        hook: createHooks({
          webhooks,
          providers: webhookProviders,
          workspaceOf,
          deliveries,
          move: (tenantId, move) => moveAddress(database.forTenant(tenantId).as(system('a webhook delivery')), move),
          report: metrics.delivered,
          refused: (fields) => strangers(fields, 'a delivery was refused'),
          now: database.now,
          log,
        }),
        oauthCallback: createOAuthCallback(database, signIns, { console: config.console }),
        console: config.console
          ? createConsole({
              folder: consoleFolder,
              settings: async (request, context) => ({
                token: config.demo ? await pageToken(request, context) : null,
                openId: config.openId && { ...config.openId, audience: config.jwt.audience },
                largestImport,
              }),
              pictures: config.publicUrl && new URL(config.publicUrl).origin,
            })
          : null,
        graphiql: config.graphiql,
        stopping,
      },
      log,
    ),
    log: strangers,
  });
  const common = {
    signIn: (headers: Parameters<typeof signIn>[0]) => {
      const viewer = authenticator.remembered(headers);
      const admitted = viewer && admit(viewer);
      if (!viewer) return signIn(headers);
      return admitted ? admitted.then(() => viewer) : viewer;
    },
    bodies,
    isListed: crossOrigin.isListed,
    stopping,
    log,
  };
  const faces = createFaces({ ...common, graph, answered: metrics.answeredRest });
  const mcp = createMcp({
    ...common,
    operations,
    format,
    events,
    answered: metrics.answered,
    publicUrl: graph.services.publicUrl,
    onlyThisMachine: isLoopback(config.host),
  });
  const untraced = createGraphqlHandler({
    yoga,
    others: [faces, mcp],
    operations,
    remembered: authenticator.remembered,
    admit,
    signIn,
    mayRunAny,
    format,
    bodies,
    largestBody: limits.body,
    stopping,
    answered: metrics.answered,
    failed: (error) => log.error({ err: error }, 'the GraphQL handler failed'),
  });
  const handler = tracing?.requests(untraced) ?? untraced;

  let connections: ServerStop | undefined;
  let closeSockets: (() => Promise<void>) | undefined;
  return {
    handler,
    async listen(given) {
      const server = given ?? createServer();
      server.on('request', handler);
      connections = watchConnections(server, stopping);
      const { isListed } = crossOrigin;
      closeSockets = serveWebSocket(server, {
        operations,
        authenticate: authenticator.authenticate,
        admit,
        format,
        isListed,
        log: strangers,
      });
      if (!server.listening)
        await new Promise<void>((resolve, reject) =>
          server.once('error', reject).listen(config.port, config.host, resolve),
        );
      const address = server.address();
      return typeof address === 'object' && address ? address.port : config.port;
    },
    refuse() {
      isStopping = true;
    },
    async close() {
      // A client that does not answer the end of its WebSocket is cut off with the other connections.
      await Promise.all([closeSockets?.(), connections?.stop()]);
      closeRateLimit();
      metrics.close();
    },
  };
}

/**
 * Returns whether a browser on this machine used the machine's own name, and no proxy stands between. Only that browser
 * gets a page that signs itself in, and that may run any document.
 */
function isThisMachine(request: Request, context: ServerContext | undefined): boolean {
  const peer = context?.req?.socket.remoteAddress ?? 'localhost';
  const isForwarded = ['forwarded', 'x-forwarded-for', 'via'].some((name) => request.headers.has(name));
  return isLoopback(new URL(request.url).hostname) && isLoopback(peer) && !isForwarded;
}
