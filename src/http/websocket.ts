import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ExecutionArgs, ExecutionResult } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocket, WebSocketServer } from 'ws';
import type { Viewer } from '../auth/viewer.ts';
import { newId } from '../database/ids.ts';
import type { BoundedLog } from '../errors/bounded-log.ts';
import { Problem } from '../errors/catalogue.ts';
import { type FormatResult, formatEach, withoutHttp } from '../operations/errors.ts';
import { limits } from '../operations/limits.ts';
import { asksForCost, failed, type Operations, type Outcome } from '../operations/run.ts';
import { withExactNumbers } from '../values/json-number.ts';
import { hasOneHost } from './host.ts';

/**
 * A socket whose messages have passed withExactNumbers. What a client does to its connection is an event `fault`: of an
 * error, and of a message that cannot be sent any more, graphql-ws would print the stack.
 */
class ExactWebSocket extends WebSocket {
  override emit(event: string | symbol, ...values: unknown[]): boolean {
    const [data, isBinary] = values;
    if (event === 'error') return super.emit('fault', data);
    if (event !== 'message' || isBinary || !Buffer.isBuffer(data)) return super.emit(event, ...values);
    const text = data.toString('utf8');
    const exact = withQuery(withExactNumbers(text));
    return super.emit(event, exact === text ? data : Buffer.from(exact), isBinary);
  }

  override send(...[data, options, done]: SendArguments): void {
    const sent = typeof options === 'function' ? options : done;
    const told = (error?: Error) => {
      if (error) super.emit('fault', error);
      sent?.();
    };
    super.send(data, typeof options === 'function' ? {} : (options ?? {}), told);
  }
}

/**
 * Gives a message that names its document by an id alone an empty query, without which graphql-ws closes the
 * connection.
 */
function withQuery(text: string): string {
  if (!/"(documentId|persistedQuery)"/.test(text)) return text;
  try {
    const message = JSON.parse(text);
    const { type, payload } = message;
    if (type !== 'subscribe' || typeof payload !== 'object' || (payload?.query ?? null) !== null) return text;
    return JSON.stringify({ ...message, payload: { ...payload, query: '' } });
  } catch {
    return text;
  }
}

// Without this, which its types lack, graphql-ws prints a line for each client of an old protocol.
const silent = { isProd: true };

type Sent = (error?: Error) => void;
type SendOptions = Parameters<WebSocket['send']>[1];
type SendArguments = [data: BufferLike, options?: SendOptions | Sent, done?: Sent];
type BufferLike = Parameters<WebSocket['send']>[0];

type Credentials = { get(name: string): string | null };
type Extra = { credentials?: Credentials };
/** What graphql-ws passes from parsing an operation to its execution: the arguments, and the function that runs it. */
type Args = ExecutionArgs & { run(): Promise<Outcome> };

export type WebSocketOptions = {
  operations: Operations;
  /** Authenticates. Throws UNAUTHENTICATED. */
  authenticate(credentials: Credentials): Promise<Viewer>;
  /** Counts an operation of the viewer. Throws RATE_LIMITED. */
  admit(viewer: Viewer): Promise<void> | void;
  format: FormatResult;
  /** Whether pages of another origin may open sockets. */
  isListed(origin: string): boolean;
  /** Called with each fault of a connection. */
  log: BoundedLog;
};

/**
 * Returns a credential's header, from the connection's payload (browsers can set no other) or from the upgrade request.
 */
const credentialsOf = (
  payload: Readonly<Record<string, unknown>> | undefined,
  request: IncomingMessage,
): Credentials => {
  const given = new Map(Object.entries(payload ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
  return {
    get(name: string) {
      const value = given.get(name) ?? request.headers[name];
      return typeof value === 'string' ? value : null;
    },
  };
};

/**
 * Serves the graph over WebSocket (graphql-transport-ws) on an HTTP server. A connection without a valid credential is
 * closed with 4403. Returns the function that ends all connections.
 */
export function serveWebSocket(server: Server, options: WebSocketOptions): () => Promise<void> {
  const { operations, authenticate, admit, format, isListed, log } = options;
  const sockets = new WebSocketServer({ noServer: true, WebSocket: ExactWebSocket, maxPayload: limits.body });
  server.on('upgrade', (request, socket, head) => {
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') return answerPlainly(server, request, socket, head);
    const { host = 'localhost', origin } = request.headers;
    const [path] = (request.url ?? '/').split('?');
    if (!hasOneHost(request)) refuse(socket, '400 Bad Request');
    else if (path !== '/graphql') refuse(socket, '404 Not Found');
    else if (origin !== undefined && !isSameHost(origin, host) && !isListed(origin)) refuse(socket, '403 Forbidden');
    else
      sockets.handleUpgrade(request, socket, head, (webSocket) => {
        webSocket.on('fault', ({ message }: Error) => log({ told: message }, 'a WebSocket was broken'));
        sockets.emit('connection', webSocket, request);
      });
  });

  const disposable = useServer<Record<string, unknown>, Extra>(
    {
      ...silent,
      connectionInitWaitTimeout: 10_000,
      execute: runOf,
      subscribe: runOf,
      async onConnect({ connectionParams, extra }) {
        const credentials = credentialsOf(connectionParams, extra.request);
        extra.credentials = credentials;
        return authenticate(credentials).then(
          () => true,
          () => false,
        );
      },
      async onSubscribe({ extra }, _id, { variables, operationName, ...named }) {
        const requestId = newId();
        const formatted = (result: ExecutionResult) => withoutHttp(format(result, requestId));
        try {
          const { credentials } = extra;
          if (!credentials) throw new Problem('UNAUTHENTICATED', 'This needs a credential.');
          // A connection may outlive its credential, so each operation is authenticated.
          const viewer = await authenticate(credentials);
          await admit(viewer);
          const prepared = await operations.prepareFor(viewer, named, operationName || null);
          const { schema, document, operation } = prepared;
          const args: Args = {
            schema,
            document,
            operationName: operation.name?.value,
            contextValue: null,
            async run() {
              const outcome = await operations.run(prepared, variables ?? {}, viewer, {
                connection: extra,
                requestId,
                tellCost: asksForCost(credentials),
              });
              return Symbol.asyncIterator in outcome ? formatEach(outcome, formatted) : formatted(outcome);
            },
          };
          return args;
        } catch (error) {
          return formatted(failed(error)).errors ?? [];
        }
      },
    },
    sockets,
  );
  return async () => void (await disposable.dispose());
}

/** What graphql-ws calls instead of `execute` and `subscribe`, with what `onSubscribe` returned. */
function runOf(args: ExecutionArgs): Promise<Outcome> {
  if (!('run' in args) || typeof args.run !== 'function') throw new Error('An operation came past onSubscribe.');
  return args.run();
}

function refuse(socket: Duplex, status: string): void {
  // A client that leaves before the answer must not end the process.
  socket.on('error', () => {});
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
}

function isSameHost(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === new URL(`http://${host}`).host;
}

/**
 * Ignores an offer of another protocol, like `Upgrade: h2c`, by parsing the request again without it. Node has stopped
 * parsing where the headers end, so the headers are put back before the body.
 */
function answerPlainly(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const [name = '', value = ''] = request.rawHeaders.slice(index, index + 2);
    if (!/^(upgrade|http2-settings|connection)$/i.test(name)) lines.push(`${name}: ${value}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit('connection', socket);
}
