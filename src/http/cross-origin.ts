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
        const detail = `Pages of ${origin.slice(0, 200)} may not call this service: add the origin to CORS_ORIGINS.`;
        setResponse(
          problemResponse(
            new Problem('FORBIDDEN', detail),
            asUuid(request.headers.get('x-request-id') ?? '') ?? newId(),
          ),
        );
      },
    },
  };
}
