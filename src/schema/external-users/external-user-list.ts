import type { GraphQLSchema } from 'graphql';
import { type ExternalUserParts, pageOfExternalUsers } from '../../external-users/lists.ts';
import type { FieldCost } from '../../operations/field-cost.ts';
import { builder } from '../builder.ts';
import { queryDescription } from '../search.ts';
import { columnsRead, fromSelection, nodesOf, type Selection } from '../selection.ts';
import { ExternalUserType } from './external-users.ts';

// The metadata of a page is read by its loader, a few hundred users at a time.
function parts(connection: Selection, schema: GraphQLSchema): ExternalUserParts {
  const own = columnsRead(schema, 'ExternalUser', nodesOf(connection), ['id']);
  return { own: own && new Set([...own].filter((field) => field !== 'metadata')) };
}
const partsPaged = fromSelection(parts);

/** A page of external users. */
const ExternalUserConnection = builder.connectionObject(
  {
    type: ExternalUserType,
    name: 'ExternalUserConnection',
    description:
      'A page of external users, in the order of their display names, without regard to case and accents, those of one name by id; the matches of a query by how well they match first.',
  },
  { description: 'An external user in a page.' },
);

export const ExternalUserFilterType = builder.inputType('ExternalUserFilter', {
  description: 'Narrows a list of external users. Every field that is given must hold; null is as good as absent.',
  fields: (t) => ({
    query: t.string({
      description: `${queryDescription} Searches names, e-mail addresses, telephone numbers and foreign keys.`,
    }),
    source: t.string({ description: 'Only those who came from this source, exactly as it was given.' }),
    agentId: t.id({ description: 'Only those who are contacts in conversations of this agent.' }),
    createdAfter: t.field({ type: 'DateTime', description: 'Only those who were created later than this.' }),
    createdBefore: t.field({ type: 'DateTime', description: 'Only those who were created earlier than this.' }),
  }),
});

// Found out row by row, as the health of participants is.
const unindexedFilter: FieldCost = {
  filterCost: { of: ['source', 'createdAfter', 'createdBefore'], page: 5_000, count: 45_000 },
};

builder.queryField('externalUsersConnection', (t) =>
  t.field({
    type: ExternalUserConnection,
    description:
      'The external users of the tenant, or, under an agent’s key, the contacts in that agent’s conversations, page by page, in the order of their display names, without regard to case and accents (`abel`, `Ábel`, `ada`, `Bob`, `emile`, `Émile`, `zoe`), those of one name by id. With `query`, the best matches first. Needs `users:read`.',
    authScopes: { scope: 'users:read' },
    extensions: unindexedFilter,
    args: {
      filter: t.arg({ type: ExternalUserFilterType, description: 'Which users; null for all.' }),
      ...t.arg.connectionArgs(),
    },
    resolve: (_, { filter, ...args }, { db }, info) => pageOfExternalUsers(db, filter ?? {}, args, partsPaged(info)),
  }),
);
