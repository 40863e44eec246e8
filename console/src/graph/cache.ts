import type { CacheExchangeOpts, Resolver } from '@urql/exchange-graphcache';
import type { IntrospectionQuery } from 'graphql';

/**
 * Queries by id: what the cache knows of the thing already is shown while the rest is asked for. What the service has
 * answered goes before: the thing may be gone, or its id may lead to another since a merge.
 */
const byId: Readonly<Record<string, string>> = {
  participant: 'Participant',
  externalUser: 'ExternalUser',
  conversation: 'Conversation',
  agent: 'Agent',
  import: 'DataImport',
  avatarSyncBatch: 'AvatarSyncBatch',
};

const known =
  (field: string, typename: string): Resolver =>
  (parent, args, cache) => {
    const entity = { __typename: typename, id: String(args['id']) };
    const answered = cache.resolve(parent as never, field, args);
    return answered === undefined && cache.resolve(entity, 'id') ? entity : answered;
  };

/** The settings of the normalising cache. What has an `id` is kept once; all else belongs to what it is read from. */
export function cacheConfig(schema: IntrospectionQuery): CacheExchangeOpts {
  const withoutId = schema.__schema.types.filter(
    (type) => type.kind === 'OBJECT' && !type.fields.some(({ name }) => name === 'id'),
  );
  return {
    schema: schema as never,
    keys: Object.fromEntries([
      ...withoutId.map(({ name }) => [name, () => null]),
      // An actor's id is the id of a credential or a subject, and says nothing of its name.
      ['HistoryActor', () => null],
      ['MergeParty', () => null],
      ['MergeActor', () => null],
    ]),
    resolvers: {
      Query: Object.fromEntries(Object.entries(byId).map(([field, type]) => [field, known(field, type)])),
    },
  };
}
