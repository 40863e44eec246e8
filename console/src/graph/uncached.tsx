import type { Client } from '@urql/core';
import { createContext, use } from 'react';

const Context = createContext<Client | null>(null);

export const UncachedProvider = Context;

/** The client for previews: what they show has not happened, so the cache must not learn it. */
export function useUncached(): Client {
  const client = use(Context);
  if (!client) throw new Error('Nobody is signed in here.');
  return client;
}
