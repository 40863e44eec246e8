import SchemaBuilder from '@pothos/core';
import PrismaPlugin from '@pothos/plugin-prisma';
import RelayPlugin from '@pothos/plugin-relay';
import ScopeAuthPlugin from '@pothos/plugin-scope-auth';
import type { Scope } from '../auth/scopes.ts';
import { demand } from '../auth/viewer.ts';
import type PrismaTypes from '../database/generated/pothos.ts';
import { getDatamodel } from '../database/generated/pothos.ts';
import type { Total } from '../database/pages.ts';
import type { FieldCost } from '../operations/field-cost.ts';
import type { UploadedFile } from '../storage/uploaded-file.ts';
import type { GraphContext } from './context.ts';

/** The builder that every module of schema/ adds its types to. */
export const builder = new SchemaBuilder<{
  Context: GraphContext;
  PrismaTypes: PrismaTypes;
  AuthScopes: { scope: Scope };
  DefaultFieldNullability: false;
  DefaultEdgesNullability: { list: false; items: false };
  Scalars: {
    ID: { Input: string; Output: string };
    DateTime: { Input: Date; Output: Date };
    EmailAddress: { Input: string; Output: string };
    URL: { Input: string; Output: string };
    JSON: { Input: unknown; Output: unknown };
    JSONObject: { Input: Record<string, unknown>; Output: unknown };
    File: { Input: UploadedFile; Output: never };
  };
  Connection: { total: () => Promise<Total> };
}>({
  plugins: [ScopeAuthPlugin, RelayPlugin, PrismaPlugin],
  defaultFieldNullability: false,
  scopeAuth: {
    // Throw instead of returning false, so that the error names the scope.
    authScopes: ({ viewer }) => ({ scope: (scope) => demand(viewer, scope) ?? true }),
    treatErrorsAsUnauthorized: false,
    // Otherwise a stream would open for anybody, and be refused only at its first event.
    authorizeOnSubscribe: true,
  },
  relay: {
    cursorType: 'String',
    nodeQueryOptions: false,
    nodesQueryOptions: false,
    nodesOnConnection: { description: 'The rows of this page, without their cursors.' },
    edgesFieldOptions: {
      nullable: { list: false, items: false },
      description: 'The rows of this page, each with its cursor.',
    },
    nodeFieldOptions: { nullable: false, description: 'The row.' },
    firstArgOptions: {
      description:
        'How many rows from the beginning, or after `after`: 0 to 100. 20 when neither this nor `last` is given.',
    },
    lastArgOptions: {
      description: 'How many rows from the end, or before `before`: 0 to 100. Not together with `first`.',
    },
    afterArgOptions: { description: 'A cursor of this list: only rows after it.' },
    beforeArgOptions: { description: 'A cursor of this list: only rows before it.' },
    mutationInputArgOptions: { description: 'What to do, and to what.' },
    cursorFieldOptions: { description: 'Where the row stands in the list: give it to `after` or `before`.' },
    pageInfoFieldOptions: { description: 'Whether there is more, and where this page begins and ends.' },
    pageInfoTypeOptions: {
      description: 'Whether there is more on either side of a page, and where the page begins and ends.',
    },
    hasNextPageFieldOptions: { description: 'Whether there are rows after this page.' },
    hasPreviousPageFieldOptions: { description: 'Whether there are rows before this page.' },
    startCursorFieldOptions: { description: 'The cursor of the first row of this page; null when the page is empty.' },
    endCursorFieldOptions: { description: 'The cursor of the last row of this page; null when the page is empty.' },
  },
  prisma: { client: ({ db }) => db.models, dmmf: getDatamodel() },
});

// Counting reads up to 10,000 rows, which takes some milliseconds.
const counting: FieldCost = { cost: 300 };

builder.globalConnectionField('totalCount', (t) =>
  t.int({
    nullable: true,
    description:
      'How many rows the whole list has, under its filter. Counted only when asked for, and only up to 10,000: null when there are more, or when there are too many to look through for a filter. Then see `totalCountAtLeast`.',
    extensions: counting,
    resolve: async (connection) => (await connection.total()).totalCount,
  }),
);

builder.globalConnectionField('totalCountAtLeast', (t) =>
  t.int({
    description:
      'How many rows the whole list has at the least: the same as `totalCount` where that is known, else as far as was counted.',
    extensions: counting,
    resolve: async (connection) => (await connection.total()).totalCountAtLeast,
  }),
);

builder.queryType({
  description: 'Everything that can be asked. An id that is not in the tenant gives null, never an error.',
});
builder.mutationType({
  description: 'Everything that can be changed. Each field takes one `input` and returns a payload of its own.',
});
builder.subscriptionType({
  description:
    'Events as they happen. A stream ends when its credential expires or is revoked, and when the server stops: connect again, and read the present state first.',
});
