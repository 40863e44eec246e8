import type { IncomingMessage, Server } from 'node:http';
import type { ExecutionArgs, ExecutionResult, GraphQLError } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import type { YogaServerInstance } from 'graphql-yoga';
import { WebSocketServer } from 'ws';
import type { Authenticator } from '../auth/authenticate.ts';
import type { Viewer } from '../auth/viewer.ts';
import { newId } from '../database/ids.ts';
import { limits } from '../operations/limits.ts';
import { presentEach, type ServerContext } from '../operations/plugins.ts';
import { type Present, thrown } from '../operations/problems.ts';

type Extra = { request: IncomingMessage; signIn?: () => Promise<Viewer> };

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
  admit: (viewer: Viewer) => Promise<void> | void,
  present: Present,
): () => Promise<void> {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: limits.body });
  server.on('upgrade', (request, socket, head) => {
    const [path] = (request.url ?? '/').split('?');
    if (path !== '/graphql') {
      // Who leaves before the answer must not end the process.
      socket.on('error', () => {});
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
        const headers = headersOf(connectionParams, extra.request as IncomingMessage);
        extra.signIn = async () => {
          const viewer = await authenticator.authenticate(headers);
          await admit(viewer);
          return viewer;
        };
        return extra.signIn().then(
          () => true,
          () => false,
        );
      },
      async onSubscribe({ extra }, _id, { query, variables, operationName }) {
        const requestId = newId();
        const presented = (result: ExecutionResult) => present(result, requestId);
        const refused = (error: unknown) => (presented({ errors: [thrown(error)] }).errors ?? []) as GraphQLError[];
        try {
          // A connection may outlive its credential, so each operation signs in anew.
          const viewer = await (extra.signIn as () => Promise<Viewer>)();
          const context: ServerContext = { viewer, requestId, connection: extra };
          const { schema, parse, validate, contextFactory, execute, subscribe } = yoga.getEnveloped({
            ...context,
            request: undefined as never,
            params: {},
          });
          const document = parse(query);
          const errors = validate(schema, document) as readonly GraphQLError[];
          if (errors.length > 0) return (presented({ errors }).errors ?? []) as GraphQLError[];
          const shown = (run: (args: ExecutionArgs) => unknown) => async (args: ExecutionArgs) => {
            try {
              const result = (await run(args)) as ExecutionResult | AsyncIterable<ExecutionResult>;
              return Symbol.asyncIterator in result ? presentEach(result, presented) : presented(result);
            } catch (error) {
              return { errors: refused(error) };
            }
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
          return refused(error);
        }
      },
    },
    sockets,
  );
  return async () => void (await disposable.dispose());
}
