import { createServer, type RequestListener, type Server } from 'node:http';
import type { Logger } from 'pino';
import { developmentToken } from '../auth/development-keys.ts';
import type { Config } from '../config.ts';
import { demoTenant, exampleParticipantId } from '../demo/tenant.ts';
import { createBodyBudget } from '../http/bodies.ts';
import { createCrossOrigin } from '../http/cross-origin.ts';
import { createFileServer } from '../http/files.ts';
import { graphiqlOptions } from '../http/graphiql.ts';
import { createGraphqlHandler } from '../http/graphql-handler.ts';
import { createHooks } from '../http/hooks.ts';
import { createMetrics } from '../http/metrics.ts';
import { createOAuthCallback } from '../http/oauth-callback.ts';
import { createRateLimit } from '../http/rate-limit.ts';
import { readiness } from '../http/readiness.ts';
import { useRoutes } from '../http/routes.ts';
import { type ServerStop, watchConnections } from '../http/stop.ts';
import { serveWebSocket } from '../http/websocket.ts';
import { createRestHandler, type ServerContext } from '../http/yoga.ts';
import { createErrorFormatter } from '../operations/errors.ts';
import { limits } from '../operations/limits.ts';
import type { Graph } from './graph.ts';
import type { Ground } from './ground.ts';
import type { Integrations } from './integrations.ts';

/** Bytes of all request bodies that are read at one time. */
const allBodies = 100_000_000;

export type ServerParts = { ground: Ground; integrations: Integrations; graph: Graph };

/** What the port serves, with or without one. */
export interface HttpServer {
  /** Answers a request, as the port does. */
  handler: RequestListener;
  /** Listens on the configured port, and returns the one that it has got. */
  listen(): Promise<number>;
  /** Refuses new work from now on. */
  refuse(): void;
  /** Closes all connections, each after its answer. */
  close(): Promise<void>;
}

export async function createHttpServer(config: Config, parts: ServerParts, log: Logger): Promise<HttpServer> {
  const {
    ground: { connection, database, events, storage, developmentKeys: keys },
    integrations: { door, webhookProviders, deliveries, signIns },
    graph: { operations, authenticator, fileUrls },
  } = parts;
  let isStopping = false;
  const stopping = () => isStopping;
  const metrics = createMetrics();
  const { admit, close: closeRateLimit } = await createRateLimit(config.rateLimit, config.redisUrl);
  const format = createErrorFormatter(log, config.introspection);
  const bodies = createBodyBudget(allBodies);
  const crossOrigin = createCrossOrigin(config.corsOrigins);
  const signIn: Parameters<typeof createRestHandler>[0]['signIn'] = async (headers) => {
    const viewer = await authenticator.authenticate(headers);
    await admit(viewer);
    return viewer;
  };
  const pageToken =
    config.graphiql && keys && !config.jwt.key ? () => developmentToken(keys, demoTenant.id, config.jwt) : null;

  const yoga = createRestHandler({
    operations,
    signIn,
    format,
    bodies,
    crossOrigin,
    graphiql: config.graphiql
      ? async (request, context) =>
          graphiqlOptions(pageToken && isThisMachine(request, context) ? await pageToken() : null, exampleParticipantId)
      : false,
    stopping,
    counted: metrics.plugin,
    routes: useRoutes(
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
        stopping,
      },
      log,
    ),
    log,
  });
  const handler = createGraphqlHandler({
    yoga,
    operations,
    remembered: authenticator.remembered,
    admit,
    signIn,
    format,
    bodies,
    largestBody: limits.body,
    stopping,
    answered: metrics.answered,
    failed: (error) => log.error({ err: error }, 'the GraphQL handler failed'),
  });

  let connections: ServerStop | undefined;
  let closeSockets: (() => Promise<void>) | undefined;
  return {
    handler,
    async listen() {
      const server: Server = createServer(handler);
      connections = watchConnections(server, stopping);
      const { isListed } = crossOrigin;
      closeSockets = serveWebSocket(server, {
        operations,
        authenticate: authenticator.authenticate,
        admit,
        format,
        isListed,
      });
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
    },
  };
}

const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?|::ffff:127\.\d+\.\d+\.\d+)$/;

/** Whether a browser on this machine asked for it by its own name: a page that signs itself in is for nobody else. */
function isThisMachine(request: Request, context: ServerContext | undefined): boolean {
  const peer = context?.req?.socket.remoteAddress ?? 'localhost';
  return loopback.test(new URL(request.url).hostname) && loopback.test(peer);
}
