import type { IncomingMessage } from 'node:http';
import { GraphQLError } from 'graphql';
import type { GraphQLParams, Plugin } from 'graphql-yoga';
import { Problem } from '../errors/catalogue.ts';
import { refusal } from '../operations/errors.ts';
import { UploadedFile } from '../storage/uploaded-file.ts';
import { withExactNumbers } from '../values/json-number.ts';
import type { BodyBudget } from './bodies.ts';
import type { Form } from './multipart.ts';
import { refused, tooLarge } from './refused.ts';
import type { Uploads } from './uploads.ts';
import type { ServerContext } from './yoga.ts';

export type ParsingOptions = {
  /** Bytes of a body without files. */
  body: number;
  /** The budget of bodies, which the GraphQL handler uses too. */
  bodies: BodyBudget;
  uploads: Uploads;
};

const bodyTooLarge = (limit: number) => tooLarge('The request’s body', limit);

/**
 * Parses requests more strictly than Yoga: bodies without files have a lower limit, all bodies have a common bound,
 * multipart is for one file, and an unreadable request is the caller's error.
 */
export function useStrictParsing({ body: limit, bodies, uploads }: ParsingOptions): Plugin<object, ServerContext> {
  return {
    onRequestParse({ request, requestParser, setRequestParser, fetchAPI, serverContext }) {
      if (!requestParser) return;
      const withFiles = request.headers.get('content-type')?.startsWith('multipart/form-data') ?? false;
      const declared = request.headers.get('content-length');
      if (isEncoded(request))
        throw refused('Compressed bodies are not read: send the body without Content-Encoding.', 415);
      const { req, res, viewer } = serverContext;
      // Yoga sets Node's objects, and the viewer was set when the request was let in: see yoga.ts.
      if (!req || !res || !viewer) throw new Error('A request came past its sign-in.');
      if (withFiles) {
        uploads.demandLength(viewer, Number(declared));
        setRequestParser(async (whole) => {
          const form = await uploads.read({ request: req, response: res, headers: whole.headers, viewer });
          try {
            const params = await requestParser(withForm(whole, form));
            if (!(params instanceof fetchAPI.Response)) demandOneFile(params);
            return params;
          } catch (error) {
            throw unread(error, whole);
          }
        });
        return;
      }
      if (Number(declared) > limit) throw bodyTooLarge(limit);
      // The HTTP parser enforces a declared length. Otherwise the bytes are counted as they arrive.
      const mustCount = declared === null && request.body !== null;
      setRequestParser(async (whole) => {
        const release = reserved(
          bodies,
          request.method === 'GET' ? 0 : declared === null ? limit : Math.min(Number(declared), limit),
        );
        try {
          if (whole.body === null) return await requestParser(whole);
          const { url, method, headers, signal } = whole;
          const text = withExactNumbers(mustCount ? await readAtMost(req, limit) : await whole.text());
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

function reserved(bodies: BodyBudget, bytes: number): (() => void) | null {
  try {
    return bodies.reserve(bytes);
  } catch (error) {
    throw error instanceof Problem ? refusal(error) : error;
  }
}

/** The request with a form that has been read. The numbers of its operations are kept exactly. */
function withForm(request: Request, form: Form): Request {
  const operations = form.get('operations');
  if (typeof operations === 'string') form.set('operations', withExactNumbers(operations));
  return new Proxy(request, {
    get(target, name) {
      if (name === 'formData') return async () => form;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

async function readAtMost(request: IncomingMessage, limit: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // To destroy a request cuts its sender off, who would not get to read the answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength;
    if (length > limit) {
      request.resume();
      throw bodyTooLarge(limit);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length).toString('utf8');
}

/** Multipart is for exactly one file: each file costs as much as many operations. */
function demandOneFile(params: GraphQLParams | GraphQLParams[]): void {
  // A path of the map into an operation that was not sent leaves holes before it.
  if (Array.isArray(params) && Object.keys(params).length < params.length)
    throw refused('The map names an operation that is not there.', 400);
  const files = filesIn(params);
  if (files === 0) throw refused('Multipart is for uploads, and there is no file: send JSON.', 415);
  if (files > 1) throw refused('One file a request: upload the others by themselves.', 413);
}

/** Counts the files in a value, at any depth. */
function filesIn(value: unknown): number {
  if (value instanceof UploadedFile) return 1;
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce((sum: number, each) => sum + filesIn(each), 0);
}
