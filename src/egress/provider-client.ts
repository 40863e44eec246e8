import { Agent, request } from 'undici';
import type { z } from 'zod';
import { Problem } from '../errors/catalogue.ts';
import { providerProblems } from './provider-problems.ts';
import { retryAfterSeconds } from './retry-after.ts';

export type ProviderClientOptions = {
  /** What people call the provider; errors say it. */
  name: string;
  /** Where its API is, with or without a slash at the end. The operator's word, so private addresses are fine. */
  baseUrl: string;
  /** For all that is asked in one go, bodies included. */
  timeoutMs: number;
};

export type ProviderAnswer = {
  status: number;
  /** Seconds, from a Retry-After header; 30 without one. */
  retryAfter: number;
  /** Whether it is a web page: no provider's API answers with one, but what stands in front of it may. */
  isPage: boolean;
  body: Buffer;
};

export type ProviderRequest = {
  headers?: Record<string, string>;
  /** Sent as a form in a POST; a GET without. */
  form?: Record<string, string>;
  /** For bodies that may be large: how large, in bytes; 1 MB unless said. What a larger one is depends on what was asked for. */
  limit?: { bytes: number; problem: () => Problem };
};

/** Asks for a path below the base. Any status is an answer; throws PROVIDER_UNAVAILABLE when there is none, or not in time. */
export type Ask = (path: string, request?: ProviderRequest) => Promise<ProviderAnswer>;

const mostBytes = 1_000_000;

/**
 * A way to a provider's API, for requests that carry a credential: to the configured base only, without proxies or redirects,
 * with limits of time and size. Nothing of a request is in its errors. Each call begins a conversation with its own deadline.
 */
export function createProviderClient({ name, baseUrl, timeoutMs }: ProviderClientOptions): () => Ask {
  const base = baseUrl.replace(/\/*$/, '/');
  const problems = providerProblems(name);
  // Of its own: neither a proxy from the environment nor a dispatcher set for the whole process gets to see tokens.
  const dispatcher = new Agent({ connect: { timeout: timeoutMs }, headersTimeout: 0, bodyTimeout: 0 });

  return () => {
    const deadline = AbortSignal.timeout(timeoutMs);
    return async (path, { headers = {}, form, limit = { bytes: mostBytes, problem: problems.unexpected } } = {}) => {
      // With the dot, so that a colon in a path makes no scheme of what is before it.
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

/** The answer's body as JSON of that form; null when it is something else. */
export function jsonOf<Schema extends z.ZodType>({ body }: ProviderAnswer, schema: Schema): z.infer<Schema> | null {
  try {
    const { success, data } = schema.safeParse(JSON.parse(body.toString('utf8')));
    return success ? data : null;
  } catch {
    return null;
  }
}
