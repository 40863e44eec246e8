import { type Exchange, makeOperation, mapExchange, type Operation } from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';

type Hashed = { __meta__?: { hash?: string } };

const hashOf = (document: Operation['query']): string =>
  ((document as Hashed).__meta__?.hash ?? '').replace('sha256:', '');

/**
 * Sends the hashes of documents in place of their texts: the service has them from the build. One that does not know a
 * hash, because it is of another build, is sent the text. That is asked for without the hash, which is not of this text
 * but of the sorted one.
 */
export const trustedExchanges: readonly Exchange[] = [
  persistedExchange({
    preferGetForPersistedQueries: false,
    enableForMutation: true,
    enableForSubscriptions: true,
    generateHash: async (_, document) => hashOf(document),
  }),
  mapExchange({
    onOperation(operation) {
      const { persistedQuery, ...extensions } = operation.extensions ?? {};
      return persistedQuery?.miss ? makeOperation(operation.kind, { ...operation, extensions }) : undefined;
    },
  }),
];
