import {
  configById,
  configNotFound,
  connectIntegration,
  createIntegrationConfig,
  disconnectIntegration,
  listConfigs,
} from '../../integrations/configs.ts';
import { builder } from '../builder.ts';
import type { GraphContext } from '../context.ts';
import { HistorySubjectType } from '../history/subject.ts';
import { createOnce, idempotencyKey, still, write } from '../mutation.ts';
import { NodeType } from '../node-interface.ts';

const DisconnectedReasonType = builder.enumType('DisconnectedReason', {
  description: 'Why an integration config has no token any more.',
  values: {
    OPERATOR: { description: 'Somebody disconnected it here (`disconnectIntegration`).' },
    TOKEN_REFUSED: {
      description:
        'The provider refused the token when it was last used: it was revoked, or has expired. Connect it again.',
    },
  } as const,
});

/** An integration config in the graph. */
export const IntegrationConfigType = builder.prismaObject('IntegrationConfig', {
  interfaces: [NodeType, HistorySubjectType],
  description:
    'A workspace, account or number of a messaging provider, through which channels are reached. Its token is never shown. Seen with `participants:read`.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The config’s UUID.' }),
    provider: t.exposeString('provider', {
      description:
        'The provider in lower case: `slack`, `teams`, `telegram`, `discord`, `email`, `sms`, `whatsapp`, `voice`, or any other.',
    }),
    name: t.exposeString('name', { description: 'What the operators call it.' }),
    defaultRegion: t.exposeString('defaultRegion', {
      nullable: true,
      description:
        'The country (ISO 3166, two letters) whose telephone numbers may be written without a plus in its channels and its deliveries; null where a number must say its country.',
    }),
    connected: t.boolean({
      description: 'Whether a token is stored for it. Providers that need none are reached all the same.',
      resolve: ({ connectedAt }) => connectedAt !== null,
    }),
    connectedAt: t.expose('connectedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When its token was stored; null while it has none.',
    }),
    workspaceName: t.exposeString('workspaceName', {
      nullable: true,
      description:
        'What the provider calls the workspace that it was last signed in to; null before, and when a token was given instead of signing in.',
    }),
    disconnectedReason: t.expose('disconnectedReason', {
      type: DisconnectedReasonType,
      nullable: true,
      description: 'Why it is not connected any more; null while it is, and as long as it never was.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the config was created.' }),
    modifiedAt: t.expose('modifiedAt', { type: 'DateTime', description: 'When the config was last changed.' }),
  }),
});

builder.queryFields((t) => ({
  integrationConfigs: t.field({
    type: [IntegrationConfigType],
    description:
      'Every integration config of the tenant, ordered by provider and then by name, without regard to case and accents. Over 10,000 it is `RESULT_TOO_LARGE`. Needs `participants:read`.',
    authScopes: { scope: 'participants:read' },
    resolve: (_, _args, { db }) => listConfigs(db),
  }),
}));

/** Loads the integration config of a payload. Throws INTEGRATION_CONFIG_NOT_FOUND if it was deleted since. */
export const configField = (id: string, context: GraphContext) =>
  still(context.load(configById, id), () => configNotFound(id));

builder.relayMutationField(
  'createIntegrationConfig',
  {
    description: 'The integration config to create.',
    inputFields: (t) => ({
      provider: t.string({
        required: true,
        description: 'The provider’s name in any case: letters, digits, dashes, underscores, 50 at most.',
      }),
      name: t.string({ required: true, description: 'What the operators call it: 1 to 150 characters.' }),
      defaultRegion: t.string({
        description:
          'The country (ISO 3166, two letters in any case: `US`) whose telephone numbers may be written without a plus; null or absent for none.',
      }),
      idempotencyKey: t.string(idempotencyKey),
    }),
  },
  {
    description: 'Creates an integration config, not yet connected. Needs `integrations:write`.',
    nullable: true,
    authScopes: { scope: 'integrations:write' },
    resolve: (_, { input }, context) =>
      createOnce(context, 'createIntegrationConfig', input, {
        create: (db, [id]) => createIntegrationConfig(db, input, id),
        again: async ([id]) => id,
      }),
  },
  {
    description: 'The integration config that was created.',
    outputFields: (t) => ({
      integrationConfig: t.field({
        type: IntegrationConfigType,
        description: 'The new config.',
        resolve: (id, _, context) => configField(id, context),
      }),
    }),
  },
);

builder.relayMutationField(
  'connectIntegration',
  {
    description: 'The integration config to connect, and the token to connect it with.',
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'The integration config’s UUID.' }),
      token: t.string({
        required: true,
        description: 'The provider’s bot token. Stored encrypted and never shown again.',
      }),
    }),
  },
  {
    description:
      'Connects an integration config with a token that you hold already, in place of any before it; for `telegram` and `discord` the only way. The provider is not asked; a token it refuses shows when it is first used. Needs `integrations:write`.',
    nullable: true,
    authScopes: { scope: 'integrations:write' },
    resolve: (_, { input }, context) =>
      write(context, () => connectIntegration(context.db, input, context.services.tokenCipher)),
  },
  {
    description: 'The integration config that was connected.',
    outputFields: (t) => ({
      integrationConfig: t.field({
        type: IntegrationConfigType,
        description: 'The config, connected.',
        resolve: (id, _, context) => configField(id, context),
      }),
    }),
  },
);

builder.relayMutationField(
  'disconnectIntegration',
  {
    description: 'The integration config to disconnect.',
    inputFields: (t) => ({ id: t.id({ required: true, description: 'The integration config’s UUID.' }) }),
  },
  {
    description: 'Deletes an integration config’s token. To do so again changes nothing. Needs `integrations:write`.',
    nullable: true,
    authScopes: { scope: 'integrations:write' },
    resolve: (_, { input }, context) => write(context, () => disconnectIntegration(context.db, input)),
  },
  {
    description: 'The integration config that was disconnected.',
    outputFields: (t) => ({
      integrationConfig: t.field({
        type: IntegrationConfigType,
        description: 'The config, not connected any more.',
        resolve: (id, _, context) => configField(id, context),
      }),
    }),
  },
);
