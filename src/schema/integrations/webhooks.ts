import type { ListedParticipant } from '../../directory/participants/queries.ts';
import {
  activationsByParticipant,
  type ChannelActivation,
  webhooksByConfig,
} from '../../integrations/webhooks/activations.ts';
import { generateWebhookUrl, type NewWebhook, rotateWebhookKey } from '../../integrations/webhooks/keys.ts';
import { webhookScope } from '../../providers/providers.ts';
import { builder } from '../builder.ts';
import { BindingType } from '../directory/bindings.ts';
import { ParticipantType } from '../directory/participants.ts';
import { write } from '../mutation.ts';
import { reading } from '../selection.ts';
import { IntegrationConfigType } from './integrations.ts';

const ofParticipant = reading<ListedParticipant>();

const ScopeType = builder.enumType('WebhookScope', {
  description: 'What a webhook’s key is for: a property of the provider.',
  values: {
    PER_BINDING: {
      description: 'Each binding has a webhook of its own: e-mail, SMS, WhatsApp, voice, and providers not known here.',
    },
    PER_CONFIG: { description: 'One webhook for the whole integration config: Slack, Teams, Telegram, Discord.' },
  },
});

const ChannelActivationType = builder.objectRef<ChannelActivation>('ChannelActivation').implement({
  description:
    'A webhook with a working key, by which messages from a channel come in for an agent. Seen with `participants:read`.',
  fields: (t) => ({
    agentId: t.exposeID('agentId', {
      nullable: true,
      description: 'The agent that the messages are for; null for a webhook of a whole config and no single agent.',
    }),
    bindingId: t.exposeID('bindingId', {
      nullable: true,
      description: 'The binding of participant and agent; null for a webhook of a whole config.',
    }),
    integrationConfigId: t.exposeID('integrationConfigId', {
      description: 'The UUID of the integration config that the messages come in by.',
    }),
    provider: t.exposeString('provider', { description: 'The integration config’s provider, in lower case.' }),
    address: t.exposeString('address', {
      nullable: true,
      description: 'The channel’s address; null where a webhook is told, rather than a channel that comes in by it.',
    }),
    webhookUrl: t.string({
      nullable: true,
      description:
        'The whole URL to give to the provider, only where the key has just been made; null in every later read. Its holder can send deliveries that are signed correctly.',
      resolve: ({ provider, key }, _, { services }) =>
        key === undefined ? null : `${services.publicUrl()}/hooks/${provider}/${key}`,
    }),
    webhookUrlTemplate: t.string({
      description: 'The URL with the word `{key}` in the place of the key.',
      resolve: ({ provider }, _, { services }) => `${services.publicUrl()}/hooks/${provider}/{key}`,
    }),
    webhookKeyPrefix: t.exposeString('webhookKeyPrefix', {
      description: 'The beginning of the key, by which to tell keys apart.',
    }),
    webhookKeyId: t.exposeID('webhookKeyId', { description: 'The key’s UUID, for `revokeKey`.' }),
    scope: t.field({
      type: ScopeType,
      description: 'Whether the key is for this binding or for the whole integration config.',
      resolve: ({ provider }) => webhookScope(provider),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the key was made.' }),
  }),
});

builder.objectField(ParticipantType, 'channelActivations', (t) =>
  t.field({
    type: [ChannelActivationType],
    description:
      'Where messages from the participant come in: one for each binding and channel whose webhook has a working key, ordered by agent and the channels’ order.',
    ...ofParticipant(['id'], ({ id }, _, context) => context.load(activationsByParticipant, id)),
  }),
);

builder.objectField(IntegrationConfigType, 'activations', (t) =>
  t.field({
    type: [ChannelActivationType],
    description:
      'The config’s webhooks that have a working key, in the order of their creation: its own, and those of bindings. They name no address.',
    resolve: ({ id }, _, context) => context.load(webhooksByConfig, id),
  }),
);

builder.objectField(BindingType, 'channelActivations', (t) =>
  t.field({
    type: [ChannelActivationType],
    description:
      'Where the participant’s messages for this agent come in: one for each channel whose webhook has a working key.',
    resolve: async ({ id, participantId }, _, context) =>
      (await context.load(activationsByParticipant, participantId)).filter(({ bindingId }) => bindingId === id),
  }),
);

const which = {
  integrationConfigId: {
    description:
      'The integration config. It may be left out with a `bindingId` whose participant has channels in only one config that fits: one `PER_BINDING` config, or, without any, one other config.',
  },
  bindingId: { description: 'The binding. Required where the config’s provider is `PER_BINDING`.' },
  agentId: {
    description:
      'The agent that messages from unknown senders are for. When not given: the binding’s, when rotating the last key’s, or none.',
  },
} as const;

for (const [name, rule, description, inputDescription] of [
  [
    'generateWebhookUrl',
    generateWebhookUrl,
    'Makes the URL that a provider is to deliver messages to. A webhook that has a working key is a `CONFLICT`: rotate it.',
    'The webhook to make: of an integration config, of a binding, or of both.',
  ],
  [
    'rotateWebhookKey',
    rotateWebhookKey,
    'Makes a new URL for a webhook. The old one ends at once, and so does its signing secret. A webhook that never had one is `KEY_NOT_FOUND`.',
    'The webhook whose key to rotate, named as it was when it was generated.',
  ],
] as const) {
  builder.relayMutationField(
    name,
    {
      description: inputDescription,
      inputFields: (t) => ({
        integrationConfigId: t.id(which.integrationConfigId),
        bindingId: t.id(which.bindingId),
        agentId: t.id(which.agentId),
      }),
    },
    {
      description: `${description} Needs \`integrations:write\`.`,
      nullable: true,
      authScopes: { scope: 'integrations:write' },
      resolve: (_, { input }, context) =>
        write(context, () =>
          rule(context.db, input, {
            providers: context.services.webhookProviders,
            cipher: context.services.tokenCipher,
          }),
        ),
    },
    {
      description: 'The webhook, its URL, and what its deliveries are signed with.',
      outputFields: (t) => ({
        activation: t.field({
          type: ChannelActivationType,
          description: 'What the webhook is for.',
          resolve: ({ activation }: NewWebhook) => activation,
        }),
        webhookUrl: t.string({
          description: 'The whole URL to give to the provider. It is shown this once; the key in it is not stored.',
          resolve: ({ activation: { provider, key } }: NewWebhook, _, { services }) =>
            `${services.publicUrl()}/hooks/${provider}/${key}`,
        }),
        signingSecret: t.exposeString('signingSecret', {
          nullable: true,
          description:
            'What deliveries must be signed with, shown this once: for Telegram the `secret_token` of `setWebhook`, for others the secret of Standard Webhooks. Null for Slack, whose app has a signing secret of its own.',
        }),
      }),
    },
  );
}
