import type { Scope } from '../../auth/scopes.ts';
import type { Loader } from '../../database/loaders.ts';
import { builder } from '../builder.ts';
import { nodeTypes } from '../node-interface.ts';

/** What a history entry is about. Types name it among their interfaces. */
export const HistorySubjectType = builder.interfaceRef<object>('HistorySubject').implement({
  description: 'What a history entry is about.',
  fields: (t) => ({
    id: t.id({
      description: 'Its id.',
      resolve: () => {
        throw new Error('Every subject has an id of its own.');
      },
    }),
  }),
  resolveType: (row) => nodeTypes.get(row),
});

/** How the types that are no nodes are loaded by the ids of entries, and the scope that they are seen with. */
export const subjectLoaders = new Map<string, { scope: Scope; loader: Loader<string, object | null> }>();
