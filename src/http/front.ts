import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import { processRegularResult, type YogaServerInstance } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';
import type { Viewer } from '../auth/viewer.ts';
import { asUuid, newId } from '../database/ids.ts';
import { Problem, problemDetails } from '../errors/catalogue.ts';
import type { DirectExecution, OperationRequest } from '../operations/direct.ts';
import type { ServerContext } from '../operations/plugins.ts';
import { type Present, problemOf, refusal, thrown } from '../operations/problems.ts';
import { withExactNumbers } from '../values/json-number.ts';

type Yoga = YogaServerInstance<ServerContext, object>;
type Handler = (request: IncomingMessage, response: ServerResponse) => void;

type FetchHeaders = { get(name: string): string | null };
type Params = Record<string, unknown> & { query: string };
type Result = ExecutionResult | AsyncIterableIterator<ExecutionResult>;

/** What the front needs to know of the rest. */
export type FrontOptions = {
  yoga: Yoga;
  /** The way round the plugins, for what has passed them before. */
  direct: Pick<DirectExecution, 'find'> & {
    viewerOf(headers: FetchHeaders): Viewer | null;
    admit(viewer: Viewer): Promise<void> | void;
  };
  present: Present;
  /** Bytes of a body; a larger one is Yoga's to refuse. */
  largestBody: number;
  /** Whether the server is stopping; then every request is Yoga's. */
  stopping(): boolean;
  /** Told of each answer: its status, the seconds it took, and its result. */
  answered(status: number, seconds: number, result: ExecutionResult): void;
  /** Told of what went wrong in the front itself; the connection is closed. */
  failed(error: unknown): void;
};

/**
 * The common request, answered without the cost of fetch's Request and Response: one operation as
 * JSON in a POST, from a client that takes JSON. It goes through Yoga's own plugins, executor and
 * result processor; everything else goes to Yoga whole. Which way a request went must not show.
 */
export function createFront({ yoga, direct, present, largestBody, stopping, answered, failed }: FrontOptions): Handler {
  const rest: Handler = (request, response) => {
    Promise.resolve(yoga(request, response, {} as never)).catch((error: unknown) => {
      failed(error);
      response.destroy();
    });
  };

  return (request, response) => {
    // Every URL below is made with it.
    if (!URL.canParse(`http://${request.headers.host ?? 'localhost'}`)) {
      const problem = problemDetails(new Problem('BAD_USER_INPUT', 'The Host header is no host.'), newId());
      response.writeHead(400, { 'content-type': 'application/problem+json; charset=utf-8', connection: 'close' });
      response.end(JSON.stringify(problem));
      return;
    }
    const accepted = request.method === 'POST' && request.url === '/graphql' && !stopping() ? mediaType(request) : null;
    if (!accepted) return rest(request, response);
    const length = Number(request.headers['content-length']);
    if (!(length <= largestBody)) return rest(request, response);

    const started = performance.now();
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body =
        chunks.length === 1 ? (chunks[0] as Buffer).toString('utf8') : Buffer.concat(chunks).toString('utf8');
      answer(body, started).catch((error: unknown) => {
        failed(error);
        response.destroy();
      });
    });

    async function answer(body: string, started: number): Promise<void> {
      const params = oneOperation(body);
      if (!params) return viaFetch(body);
      // Not a version 7 one: it is in no index, and randomUUID has its random bytes in store.
      const requestId = asUuid(header(request, 'x-request-id') ?? '') ?? randomUUID();
      const sent = asFetchSees(request);
      const made = directly(params, sent.headers) ?? viaPlugins(params, sent, requestId);
      const result = made instanceof Promise ? await made : made;
      if (Symbol.asyncIterator in result) {
        await (result as AsyncIterableIterator<unknown>).return?.();
        return viaFetch(body);
      }
      const shown = present(result, requestId);
      const { text, status, headers } = processRegularResult(
        shown as never,
        { Response: Captured } as never,
        accepted as never,
      ) as unknown as Captured;
      answered(status, (performance.now() - started) / 1_000, shown);
      if (stopping()) response.setHeader('connection', 'close');
      response.writeHead(status, { ...headers, 'x-request-id': requestId, 'content-length': Buffer.byteLength(text) });
      // Text leaves together with the headers, in one system call.
      response.end(text);
    }

    /** The result of an operation that has come before, for a credential that has verified before; null for any other. */
    function directly(params: Params, headers: FetchHeaders): ExecutionResult | Promise<ExecutionResult> | null {
      const operation = plainOperation(params);
      const execute = operation && direct.find(operation);
      const viewer = execute && direct.viewerOf(headers);
      if (!viewer) return null;
      try {
        const admitted = direct.admit(viewer);
        if (!admitted) return caught(execute(viewer));
        return admitted.then(
          () => caught(execute(viewer)),
          (error: unknown) => ({ errors: [refusal(problemOf(error))] }),
        );
      } catch (error) {
        return { errors: [thrown(error)] };
      }
    }

    function viaPlugins(params: Params, sent: ReturnType<typeof asFetchSees>, requestId: string): Promise<Result> {
      const context: ServerContext = { requestId };
      return caught(
        (async () => yoga.getResultForParams({ params, request: sent as never }, context as never) as Result)(),
      );
    }

    /** For a body that is something else after all, now that it has been read. */
    async function viaFetch(body: string): Promise<void> {
      const headers = Object.entries(request.headers).map(([name, value]): [string, string] => [name, String(value)]);
      const url = `http://${request.headers.host ?? 'localhost'}/graphql`;
      const answer = await yoga.fetch(new Request(url, { method: 'POST', headers, body }), {} as never);
      // A subscription, for a client that takes anything, is a stream.
      const reader = answer.body?.getReader();
      const leave = () => void reader?.cancel().catch(failed);
      // Whoever has gone already closes nothing any more.
      if (response.destroyed) return leave();
      let goOn = () => {};
      response.on('drain', () => goOn());
      response.once('close', () => {
        leave();
        goOn();
      });
      response.writeHead(answer.status, Object.fromEntries(answer.headers));
      response.flushHeaders();
      for (let part = await reader?.read(); part && !part.done && !response.destroyed; part = await reader?.read()) {
        if (response.write(part.value)) continue;
        await new Promise<void>((resolve) => {
          goOn = resolve;
        });
      }
      response.end();
    }
  };
}

/** What processRegularResult makes of a result, without a Response around it. */
class Captured {
  readonly text: string;
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(text: string, { status, headers }: { status: number; headers: Record<string, string> }) {
    this.text = text;
    this.status = status;
    this.headers = headers;
  }
}

async function caught(made: ExecutionResult | Promise<ExecutionResult>): Promise<ExecutionResult>;
async function caught(made: Result | Promise<Result>): Promise<Result>;
async function caught(made: Result | Promise<Result>): Promise<Result> {
  try {
    return await made;
  } catch (error) {
    return { errors: [thrown(error)] };
  }
}

const header = (request: IncomingMessage, name: string): string | null => {
  const value = request.headers[name];
  return typeof value === 'string' ? value : null;
};

/** As much of a fetch request as Yoga's plugins look at once the body has been read. */
const asFetchSees = (request: IncomingMessage) => ({
  method: 'POST',
  url: `http://${request.headers.host ?? 'localhost'}/graphql`,
  headers: {
    get: (name: string) => header(request, name.toLowerCase()),
    has: (name: string) => name.toLowerCase() in request.headers,
  },
});

const json = /^application\/json(\s*;\s*charset=utf-8)?$/i;
const byAccept = new LRUCache<string, { type: string | null }>({ max: 200 });

/** The media type to answer in; null when the request is not a common one. */
function mediaType({ headers }: IncomingMessage): string | null {
  if (
    !json.test(headers['content-type'] ?? '') ||
    headers['content-encoding'] ||
    headers.origin ||
    headers['x-http-method-override']
  )
    return null;
  const accept = headers.accept ?? '*/*';
  let known = byAccept.get(accept);
  if (!known) {
    known = { type: preferred(accept) };
    byAccept.set(accept, known);
  }
  return known.type;
}

/** Which of the two JSON types Yoga would choose; null when streams or other character sets are among the wishes. */
function preferred(accept: string): string | null {
  if (/event-stream|multipart|charset/i.test(accept)) return null;
  for (const wish of accept.replace(/\s/g, '').toLowerCase().split(',')) {
    const [type] = wish.split(';');
    if (type === 'application/graphql-response+json') return type;
    if (type === 'application/json' || type === '*/*' || type === 'application/*') return 'application/json';
  }
  return null;
}

/** The parameters of a body that is one operation as JSON; null for a batch, and for what is no such thing. */
function oneOperation(body: string): Params | null {
  try {
    const parsed: unknown = JSON.parse(withExactNumbers(body));
    return typeof parsed === 'object' && parsed !== null && 'query' in parsed && typeof parsed.query === 'string'
      ? (parsed as Params)
      : null;
  } catch {
    return null;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The operation where nothing but one is asked for, each part of the type that it should have; null otherwise. */
function plainOperation(params: Params): OperationRequest | null {
  const { query, operationName = null, variables = null, ...more } = params;
  if (operationName !== null && typeof operationName !== 'string') return null;
  if (variables !== null && !isObject(variables)) return null;
  for (const _ in more) return null;
  return { query, operationName, variables };
}
