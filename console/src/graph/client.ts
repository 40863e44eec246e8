import schema from 'virtual:schema';
import { Client, fetchExchange, mapExchange } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { takingBegun } from './begun.ts';
import { cacheConfig } from './cache.ts';
import { problemOf } from './problem.ts';
import { trustedExchanges } from './trusted.ts';

export type GraphOptions = {
  /** The value of the Authorization header. */
  authorization: string;
  /** Called when the service refuses the credential. */
  onSignedOut(): void;
};

/** Makes a client that keeps nothing. */
export const createUncached = ({ authorization }: Pick<GraphOptions, 'authorization'>): Client =>
  new Client({
    url: '/graphql',
    preferGetMethod: false,
    fetchOptions: { headers: { authorization } },
    exchanges: [...trustedExchanges, fetchExchange],
  });

/**
 * Makes the client of one signed-in operator. Queries show what is known at once and ask again; subscriptions are
 * streams of events over fetch, because an EventSource cannot send the credential.
 */
export function createGraph({ authorization, onSignedOut }: GraphOptions): Client {
  return new Client({
    url: '/graphql',
    preferGetMethod: false,
    requestPolicy: 'cache-and-network',
    fetchSubscriptions: true,
    fetch: takingBegun(authorization),
    fetchOptions: { headers: { authorization } },
    exchanges: [
      mapExchange({
        onError(error) {
          if (problemOf(error).code === 'UNAUTHENTICATED') onSignedOut();
        },
      }),
      cacheExchange(cacheConfig(schema)),
      ...trustedExchanges,
      fetchExchange,
    ],
  });
}
