import {
  deleteIntegrationConfig,
  type GoingWithConfig,
  updateIntegrationConfig,
} from '../../integrations/config-life.ts';
import type { Going } from '../../values/going.ts';
import { builder } from '../builder.ts';
import { ifModifiedAt, write } from '../mutation.ts';
import { configField, IntegrationConfigType } from './integrations.ts';

const integrationConfigId = { required: true, description: 'The integration config’s UUID.' } as const;

builder.relayMutationField(
  'updateIntegrationConfig',
  {
    description: 'The changes to make. What is absent stays as it is.',
    inputFields: (t) => ({
      integrationConfigId: t.id(integrationConfigId),
      name: t.string({ description: 'What the operators call it: 1 to 150 characters. Null is refused.' }),
      defaultRegion: t.string({
        description:
          'The country (ISO 3166, two letters in any case: `US`) whose telephone numbers may be written without a plus; null for none. The addresses of its channels are read anew.',
      }),
      ifModifiedAt: t.field(ifModifiedAt),
    }),
  },
  {
    description: 'Changes an integration config. Its provider stays what it is. Needs `integrations:write`.',
    nullable: true,
    authScopes: { scope: 'integrations:write' },
    resolve: (_, { input }, context) => write(context, () => updateIntegrationConfig(context.db, input)),
  },
  {
    description: 'The integration config that was changed.',
    outputFields: (t) => ({
      integrationConfig: t.field({
        type: IntegrationConfigType,
        description: 'The config as it is now.',
        resolve: (id, _, context) => configField(id, context),
      }),
    }),
  },
);

const DependentsType = builder.objectRef<GoingWithConfig>('IntegrationConfigDependents').implement({
  description:
    'What goes with an integration config when it is deleted: how many of each. Seen with `participants:read`.',
  fields: (t) => ({
    channels: t.exposeInt('channels', { description: 'Channels: they are deleted, and the participants stay.' }),
    webhookKeys: t.exposeInt('webhookKeys', { description: 'Webhook keys that work: they end at once.' }),
    unknownSenders: t.exposeInt('unknownSenders', { description: 'Unknown senders: they are forgotten.' }),
  }),
});

builder.relayMutationField(
  'deleteIntegrationConfig',
  {
    description: 'The integration config to delete.',
    inputFields: (t) => ({
      integrationConfigId: t.id(integrationConfigId),
      preview: t.boolean({ description: 'Whether only to say what would go with it; null is false.' }),
      force: t.boolean({ description: 'Whether to delete it even if something goes with it; null is false.' }),
    }),
  },
  {
    description:
      'Deletes an integration config with its token, and with what goes with it, all or nothing. While something does, it is `CONFLICT` without `force`, and `errors` names what. Avatars that were taken from its channels go too. Needs `integrations:write`.',
    nullable: true,
    authScopes: { scope: 'integrations:write' },
    resolve: (_, { input }, context) =>
      write(context, () => deleteIntegrationConfig(context.db, input, context.services.participantHooks)),
  },
  {
    description: 'What was deleted, or would be.',
    outputFields: (t) => ({
      deletedId: t.exposeID('deletedId', {
        nullable: true,
        description: 'The UUID of the config that is gone; null after a preview.',
      }),
      goes: t.field({
        type: DependentsType,
        description: 'What went with it, or would.',
        resolve: ({ goes }: Going<GoingWithConfig>) => goes,
      }),
    }),
  },
);
