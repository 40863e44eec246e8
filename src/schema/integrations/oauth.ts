import { builder } from '../builder.ts';
import { write } from '../mutation.ts';

builder.relayMutationField(
  'beginIntegrationOAuth',
  {
    description: 'The integration config to connect by signing in to its provider.',
    inputFields: (t) => ({ id: t.id({ required: true, description: 'The integration config’s UUID.' }) }),
  },
  {
    description:
      'Begins to connect an integration config by signing in to its provider in the browser: `slack` and `teams`, where the service has been given a client id of them, and `UNPROCESSABLE` for all else. Send the operator’s own browser to the `authorizationUrl` within ten minutes; it comes back to a page that says what came of it. Give the URL to nobody: a person who follows it connects their own workspace to this tenant. Needs `integrations:write`.',
    nullable: true,
    authScopes: { scope: 'integrations:write' },
    resolve: (_, { input }, context) =>
      write(context, () => context.services.signIns.begin(context.db, context.viewer, input)),
  },
  {
    description: 'Where to sign in.',
    outputFields: (t) => ({
      authorizationUrl: t.field({
        type: 'URL',
        description: 'The provider’s page to open in the operator’s browser. Good for ten minutes and one sign-in.',
        resolve: (url) => url,
      }),
    }),
  },
);
