import type { IncomingMessage, Server } from 'node:http';
import { type ExecutionArgs, type ExecutionResult, GraphQLError } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import type { YogaServerInstance } from 'graphql-yoga';
import type { Logger } from 'pino';
import { WebSocketServer } from 'ws';
import type { Authenticator } from '../auth/authenticate.ts';
import type { Viewer } from '../auth/viewer.ts';
import { newId } from '../database/ids.ts';
import { limits } from '../graph/limits.ts';
import { presentEach, type ServerContext } from '../graph/plugins.ts';
import { presentable } from '../graph/problems.ts';

type Extra = { request: IncomingMessage; viewer?: Viewer };

/** A credential's header, from the connection's payload (browsers can set no other) or from the upgrade request. */
const headersOf = (payload: Readonly<Record<string, unknown>> | undefined, request: IncomingMessage) => {
  const given = new Map(Object.entries(payload ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
  return {
    get(name: string) {
      const value = given.get(name) ?? request.headers[name];
      return typeof value === 'string' ? value : null;
    },
  };
};

/**
 * Serves the graph over WebSocket (graphql-transport-ws) beside an HTTP server, through the same
 * plugins. A connection without a good credential is closed with 4403. Returns how to end them all.
 */
export function serveWebSocket(
  server: Server,
  yoga: YogaServerInstance<ServerContext, object>,
  authenticator: Authenticator,
  admit: (viewer: Viewer) => Promise<void>,
  log: Logger,
): () => Promise<void> {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: limits.body });
  server.on('upgrade', (request, socket, head) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname !== '/graphql') {
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => sockets.emit('connection', webSocket, request));
  });

  const disposable = useServer<Record<string, unknown>, Partial<Extra>>(
    {
      connectionInitWaitTimeout: 10_000,
      execute: (args) => (args as unknown as { execute: (args: ExecutionArgs) => never }).execute(args),
      subscribe: (args) => (args as unknown as { subscribe: (args: ExecutionArgs) => never }).subscribe(args),
      async onConnect({ connectionParams, extra }) {
        try {
          extra.viewer = await authenticator.authenticate(headersOf(connectionParams, extra.request as IncomingMessage));
          await admit(extra.viewer);
          return true;
        } catch {
          return false;
        }
      },
      async onSubscribe({ extra }, _id, { query, variables, operationName }) {
        const requestId = newId();
        const context: ServerContext = { viewer: extra.viewer as Viewer, requestId };
        const present = (result: ExecutionResult) => presentable(result, requestId, log);
        try {
          const { schema, parse, validate, contextFactory, execute, subscribe } = yoga.getEnveloped({
            ...context,
            request: undefined as never,
            params: {},
          });
          const document = parse(query);
          const errors = validate(schema, document) as readonly GraphQLError[];
          if (errors.length > 0) return (present({ errors }).errors ?? []) as GraphQLError[];
          const shown = (run: (args: ExecutionArgs) => unknown) => async (args: ExecutionArgs) => {
            const result = (await run(args)) as ExecutionResult | AsyncIterable<ExecutionResult>;
            return Symbol.asyncIterator in result ? presentEach(result, present) : present(result);
          };
          return {
            schema,
            document,
            operationName,
            variableValues: variables,
            contextValue: await contextFactory(),
            execute: shown(execute),
            subscribe: shown(subscribe),
          } as never;
        } catch (error) {
          const thrown =
            error instanceof GraphQLError ? error : new GraphQLError('Unexpected error.', { originalError: error as Error });
          return (present({ errors: [thrown] }).errors ?? []) as GraphQLError[];
        }
      },
    },
    sockets,
  );
  return async () => void (await disposable.dispose());
}
