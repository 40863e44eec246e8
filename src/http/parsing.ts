import { Readable } from 'node:stream';
import { GraphQLError } from 'graphql';
import type { FetchAPI, GraphQLParams, Plugin } from 'graphql-yoga';
import { Problem } from '../errors/catalogue.ts';
import { refusal } from '../operations/errors.ts';
import { withExactNumbers } from '../values/json-number.ts';
import type { Arriving, BodyBudget } from './bodies.ts';
import type { ServerContext } from './yoga.ts';

type Parsed = GraphQLParams | GraphQLParams[] | Response;
type RequestParser = (request: Request) => Parsed | Promise<Parsed>;

const refused = (message: string, status: number) => new GraphQLError(message, { extensions: { http: { status } } });
const tooLarge = (limit: number) =>
  refused(`The request's body is larger than ${limit.toLocaleString('en')} bytes.`, 413);

export type ParsingOptions = {
  /** Bytes of a body without files, and of one with files. */
  body: number;
  upload: number;
  /** The budget of bodies, which the GraphQL handler uses too. */
  bodies: BodyBudget;
};

/**
 * Parses requests more strictly than Yoga: bodies without files have a lower limit, all bodies have a common bound,
 * multipart is for one file, and an unreadable request is the caller's error.
 */
export function useStrictParsing({ body: limit, upload, bodies }: ParsingOptions): Plugin<object, ServerContext> {
  // What an upload holds is given back when its operation is over, which may be long after it was read.
  const uploads = new WeakMap<object, Arriving>();
  return {
    onResponse: ({ serverContext }) => uploads.get(serverContext)?.release(),
    onRequestParse({ request, requestParser, setRequestParser, fetchAPI, serverContext }) {
      if (!requestParser) return;
      const withFiles = request.headers.get('content-type')?.startsWith('multipart/form-data') ?? false;
      const declared = request.headers.get('content-length');
      if (isEncoded(request))
        throw refused('Compressed bodies are not read: send the body without Content-Encoding.', 415);
      if (!withFiles && Number(declared) > limit) throw tooLarge(limit);
      // The HTTP parser enforces a declared length. Otherwise the bytes are counted as they arrive.
      const mustCount = !withFiles && declared === null && request.body !== null;
      setRequestParser(async (whole) => {
        if (withFiles && whole.body) {
          const arriving = bodies.arriving(serverContext.viewer?.tenantId ?? '');
          uploads.set(serverContext, arriving);
          whole.signal?.addEventListener('abort', arriving.release, { once: true });
          return readForm(whole, { arriving, upload }, requestParser, fetchAPI);
        }
        const release = reserved(
          bodies,
          request.method === 'GET' ? 0 : declared === null ? limit : Math.min(Number(declared), limit),
        );
        try {
          if (whole.body === null) return await requestParser(whole);
          const { url, method, headers, signal, body } = whole;
          const text = withExactNumbers(mustCount ? await readAtMost(body, limit) : await whole.text());
          return await requestParser(new fetchAPI.Request(url, { method, headers, signal, body: text }));
        } catch (error) {
          throw unread(error, whole);
        } finally {
          release?.();
        }
      });
    },
  };
}

const isEncoded = ({ headers, body }: Request): boolean =>
  body !== null && !/^(identity)?$/i.test(headers.get('content-encoding') ?? '');

function unread(error: unknown, { signal }: Request): unknown {
  if (signal?.aborted) return error;
  if (!(error instanceof GraphQLError)) return refused('The request cannot be read.', 400);
  return refused(error.message, error.extensions.http?.status ?? 400);
}

/** Reads a form of one file, whose bytes are reserved as they arrive. */
async function readForm(
  whole: Request,
  { arriving, upload }: { arriving: Arriving; upload: number },
  parse: RequestParser,
  fetchAPI: FetchAPI,
): Promise<Parsed> {
  let refusedBy: unknown = null;
  let length = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const piece of whole.body ?? []) {
      length += piece.byteLength;
      try {
        if (length > upload) throw tooLarge(upload);
        arriving.take(piece.byteLength);
      } catch (error) {
        refusedBy = error instanceof Problem ? refusal(error) : error;
        throw error;
      }
      yield piece;
    }
  }
  const { url, method, headers, signal } = whole;
  const body = Readable.toWeb(Readable.from(counted(), { objectMode: false })) as ReadableStream<Uint8Array>;
  const init = { method, headers, signal, body };
  try {
    const params = await parse(exactForm(new fetchAPI.Request(url, init)));
    if (!(params instanceof fetchAPI.Response)) demandOneFile(params);
    return params;
  } catch (error) {
    arriving.release();
    throw refusedBy ?? unread(error, whole);
  }
}

function reserved(bodies: BodyBudget, bytes: number): (() => void) | null {
  try {
    return bodies.reserve(bytes);
  } catch (error) {
    throw error instanceof Problem ? refusal(error) : error;
  }
}

/** Applies withExactNumbers to the operations of the request. */
const exactForm = (request: Request): Request =>
  new Proxy(request, {
    get(target, name) {
      if (name === 'formData')
        return async () => {
          const form = await target.formData();
          const operations = form.get('operations');
          if (typeof operations === 'string') form.set('operations', withExactNumbers(operations));
          return form;
        };
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });

async function readAtMost(body: AsyncIterable<Uint8Array> | null, limit: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.byteLength;
    if (length > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length).toString('utf8');
}

/** Multipart is for exactly one file: each file costs as much as many operations. */
function demandOneFile(params: GraphQLParams | GraphQLParams[]): void {
  const files = filesIn(params);
  if (files === 0) throw refused('Multipart is for uploads, and there is no file: send JSON.', 415);
  if (files > 1) throw refused('One file a request: upload the others by themselves.', 413);
}

/** Counts the files in a value, at any depth. Each is prepared to be called "a file" where a message quotes values. */
function filesIn(value: unknown): number {
  if (value instanceof Blob || isFile(value)) {
    // GraphQL's messages print an object's JSON, or else all that is in it, and name its members that no type has.
    Object.defineProperty(value, 'toJSON', { value: () => 'a file', configurable: true });
    for (const member of Object.keys(value)) Object.defineProperty(value, member, { enumerable: false });
    return 1;
  }
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce((sum: number, each) => sum + filesIn(each), 0);
}

// Yoga's fetch library has a File class of its own.
const isFile = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && 'arrayBuffer' in value && typeof value.arrayBuffer === 'function';
