import { Agent, request } from 'undici';
import type { z } from 'zod';
import { Problem } from '../errors/catalogue.ts';
import { providerProblems } from './provider-problems.ts';
import { retryAfterSeconds } from './retry-after.ts';
import { traceHeaders } from './trace-headers.ts';

export type ProviderClientOptions = {
  /** The provider's public name, for errors. */
  name: string;
  /** The API's base URL, with or without a slash at the end. The operator sets it, so private addresses are allowed. */
  baseUrl: string;
  /** The deadline of one exchange, with all bodies. */
  timeoutMs: number;
};

export type ProviderAnswer = {
  status: number;
  /** Seconds, from a Retry-After header. 30 without one. */
  retryAfter: number;
  /** Whether it is a web page. No provider's API answers with one, but a proxy before it may. */
  isPage: boolean;
  body: Buffer;
};

export type ProviderRequest = {
  headers?: Record<string, string>;
  /** Sent as a form in a POST. Without it the request is a GET. */
  form?: Record<string, string>;
  /** The bound of a body in bytes, 1 MB unless given. The caller decides what a larger body means. */
  limit?: { bytes: number; problem: () => Problem };
};

/**
 * Asks for a path below the base URL. Any status is an answer. Throws PROVIDER_UNAVAILABLE when there is none in time.
 */
export type Ask = (path: string, request?: ProviderRequest) => Promise<ProviderAnswer>;

const maxBytes = 1_000_000;

/**
 * Creates a client of a provider's API for requests that carry a credential. It reaches only the configured base URL,
 * without proxies or redirects, with limits of time and size. Errors hold nothing of a request. Each call has its own
 * deadline.
 */
export function createProviderClient({ name, baseUrl, timeoutMs }: ProviderClientOptions): () => Ask {
  const base = baseUrl.replace(/\/*$/, '/');
  const problems = providerProblems(name);
  // A dispatcher of its own: proxies from the environment and global dispatchers must not see tokens.
  const dispatcher = new Agent({ connect: { timeout: timeoutMs }, headersTimeout: 0, bodyTimeout: 0 });

  return () => {
    const deadline = AbortSignal.timeout(timeoutMs);
    return async (path, { headers = {}, form, limit = { bytes: maxBytes, problem: problems.unexpected } } = {}) => {
      // The dot keeps a colon in the path from becoming a scheme.
      const url = URL.canParse(`./${path}`, base) ? new URL(`./${path}`, base) : null;
      if (!url?.href.startsWith(new URL(base).href)) throw problems.unexpected();
      try {
        const answer = await request(url, {
          dispatcher,
          signal: deadline,
          method: form ? 'POST' : 'GET',
          headers: {
            accept: '*/*',
            'accept-encoding': 'identity',
            'user-agent': 'Rollcall',
            ...(form && { 'content-type': 'application/x-www-form-urlencoded' }),
            ...traceHeaders(),
            ...headers,
          },
          ...(form && { body: new URLSearchParams(form).toString() }),
        });
        const chunks: Buffer[] = [];
        let length = 0;
        for await (const chunk of answer.body) {
          length += (chunk as Buffer).length;
          // Leaving the loop ends the connection.
          if (length > limit.bytes) throw limit.problem();
          chunks.push(chunk as Buffer);
        }
        const retryAfter = answer.headers['retry-after'];
        return {
          status: answer.statusCode,
          retryAfter: retryAfterSeconds(Array.isArray(retryAfter) ? retryAfter[0] : retryAfter),
          isPage: /^(text\/html|application\/xhtml)/i.test(String(answer.headers['content-type'] ?? '')),
          body: Buffer.concat(chunks, length),
        };
      } catch (error) {
        if (error instanceof Problem) throw error;
        throw deadline.aborted ? problems.late() : problems.failed(error);
      }
    };
  };
}

/** Returns the body as JSON of that form, or null when it is something else. */
export function jsonOf<Schema extends z.ZodType>({ body }: ProviderAnswer, schema: Schema): z.infer<Schema> | null {
  try {
    const { success, data } = schema.safeParse(JSON.parse(body.toString('utf8')));
    return success ? data : null;
  } catch {
    return null;
  }
}
