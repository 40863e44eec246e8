import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CORSOptions, Plugin } from 'graphql-yoga';
import { asUuid, newId } from '../database/ids.ts';
import { Problem } from '../errors/catalogue.ts';
import { problemResponse } from './responses.ts';

type Headers = { get(name: string): string | null };

/** Decides which web pages of other origins may read answers and open sockets. */
export interface CrossOrigin {
  isListed(origin: string): boolean;
  /** Yoga's option: a listed origin gets the headers, any other none. */
  options: ((request: { headers: Headers }) => CORSOptions) | false;
  /** Names the variable to set where a preflight is refused. */
  plugin: Plugin;
}

export function createCrossOrigin(origins: readonly string[]): CrossOrigin {
  const listed = new Set(origins);
  const isListed = (origin: string) => listed.has(origin);
  return {
    isListed,
    options:
      listed.size > 0 &&
      (({ headers }) => {
        const origin = headers.get('origin');
        return origin !== null && isListed(origin) && { origin: [origin], methods: ['GET', 'POST'] };
      }),
    plugin: {
      onResponse({ request, response, setResponse }) {
        const origin = request.headers.get('origin');
        // A cached answer for one origin is not for another. The answer to a POST without an origin is not cached.
        if (listed.size > 0 && (origin !== null || request.method !== 'POST'))
          response.headers.append('vary', 'Origin');
        const isPreflight = request.method === 'OPTIONS' && request.headers.has('access-control-request-method');
        if (!isPreflight || origin === null || isListed(origin)) return;
        setResponse(
          problemResponse(
            new Problem('FORBIDDEN', unlisted(origin)),
            asUuid(request.headers.get('x-request-id') ?? '') ?? newId(),
          ),
        );
      },
    },
  };
}

/** Lets pages of a listed origin read the response, with these headers of it. */
export function allowOrigin(
  { headers: { origin } }: IncomingMessage,
  response: ServerResponse,
  isListed: (origin: string) => boolean,
  exposed: string,
): void {
  if (origin === undefined) return;
  response.setHeader('vary', 'Origin');
  if (!isListed(origin)) return;
  response.setHeader('access-control-allow-origin', origin);
  response.setHeader('access-control-expose-headers', exposed);
}

/**
 * Returns the headers of the answer to OPTIONS: also what a page may send, where a browser asks before it does. Throws
 * FORBIDDEN for an origin that is not listed.
 */
export function allowMethods(
  { headers }: IncomingMessage,
  methods: readonly string[],
  isListed: (origin: string) => boolean,
): Record<string, string> {
  const allow = methods.join(', ');
  const { origin, 'access-control-request-method': method, 'access-control-request-headers': asked } = headers;
  if (origin === undefined || method === undefined) return { allow };
  if (!isListed(origin)) throw new Problem('FORBIDDEN', unlisted(origin));
  return {
    allow,
    'access-control-allow-methods': allow,
    ...(asked !== undefined && { 'access-control-allow-headers': asked }),
  };
}

/** Says what to do about an origin that is not listed. */
export const unlisted = (origin: string): string =>
  `Pages of ${origin.slice(0, 200)} may not call this service: add the origin to CORS_ORIGINS.`;
