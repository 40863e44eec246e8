import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { withExactNumbers } from '../values/json-number.ts';

const refused = (message: string, status: number) => new GraphQLError(message, { extensions: { http: { status } } });
const tooLarge = (limit: number) =>
  refused(`The request's body is larger than ${limit.toLocaleString('en')} bytes.`, 413);

/**
 * Reads requests more strictly than Yoga does by itself: those without files have a smaller limit than the one for all, which
 * must let uploads through, and what cannot be read is always the caller's fault.
 */
export function useBodies(limit: number): Plugin {
  return {
    onRequestParse({ request, requestParser, setRequestParser, fetchAPI }) {
      if (!requestParser) return;
      const withFiles = request.headers.get('content-type')?.startsWith('multipart/form-data') ?? false;
      const declared = request.headers.get('content-length');
      if (!withFiles && Number(declared) > limit) throw tooLarge(limit);
      // A declared length is what the HTTP parser lets through; otherwise the bytes are counted as they come.
      const counted = !withFiles && declared === null && request.body !== null;
      setRequestParser(async (whole) => {
        try {
          if (withFiles) return await requestParser(exactForm(whole));
          if (whole.body === null) return await requestParser(whole);
          const { url, method, headers, signal, body } = whole;
          const sent = counted ? await readAtMost(body as AsyncIterable<Uint8Array> | null, limit) : await whole.text();
          const text = withExactNumbers(sent);
          return await requestParser(new fetchAPI.Request(url, { method, headers, signal, body: text }));
        } catch (error) {
          if (whole.signal?.aborted) throw error;
          const { message = 'The request cannot be read.', extensions } = error instanceof GraphQLError ? error : {};
          throw refused(message, (extensions?.['http'] as { status?: number } | undefined)?.status ?? 400);
        }
      });
    },
  };
}

/** The request, with the numbers of its operations as withExactNumbers leaves them. */
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
