import type { Cache, CacheExchangeOpts, Resolver, UpdateResolver } from '@urql/exchange-graphcache';
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

type Ids = { id: string }[];
type Undone = { undoMerge: { externalUsers: Ids; participants: Ids } | null };
type MergeInput = { input: { intoId: string; fromIds: string[] } };

/** Since a merge, the ids of who was merged away lead to the survivor. */
const merged =
  (field: string, typename: string): UpdateResolver =>
  (_, args, cache) => {
    const { intoId, fromIds } = (args as MergeInput).input;
    for (const id of fromIds) cache.link('Query', field, { id }, { __typename: typename, id: intoId });
  };

/** Since its undo, they lead to themselves again. */
function undone(parent: unknown, _: unknown, cache: Cache): void {
  const { externalUsers = [], participants = [] } = (parent as Undone).undoMerge ?? {};
  for (const { id } of externalUsers) cache.invalidate('Query', 'externalUser', { id });
  for (const { id } of participants) cache.invalidate('Query', 'participant', { id });
}

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
    updates: {
      Mutation: {
        mergeExternalUsers: merged('externalUser', 'ExternalUser'),
        mergeParticipants: merged('participant', 'Participant'),
        undoMerge: undone,
      },
    },
    resolvers: {
      Query: Object.fromEntries(Object.entries(byId).map(([field, type]) => [field, known(field, type)])),
    },
  };
}
