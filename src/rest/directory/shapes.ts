import { z } from 'zod';
import type { Binding, IntegrationConfig } from '../../database/generated/client.ts';
import { channelHealth, participantHealth, unreachableReasons } from '../../directory/participants/health.ts';
import type { ChannelActivation } from '../../integrations/webhooks/activations.ts';
import { webhookScope } from '../../providers/providers.ts';
import type { RestServices } from '../services.ts';
import { millis, millisOrNull, text, textOrNull, timestamp, timestampOrNull } from './fields.ts';
import type { WholeParticipant } from './whole-participants.ts';

const Activation = z
  .object({
    agentId: textOrNull('The agent that the messages are for.'),
    bindingId: textOrNull('The binding of participant and agent.'),
    integrationConfigId: text('The integration config that they come in by.'),
    provider: text('Its provider, in lower case.'),
    address: textOrNull('The channel’s address.'),
    webhookUrl: textOrNull('The whole URL, in the one answer that makes it; null in every other.'),
    webhookUrlTemplate: text('The URL with `{key}` in the place of the key.'),
    webhookKeyPrefix: text('The beginning of the key.'),
    scope: z.enum(['PER_BINDING', 'PER_CONFIG']).meta({ description: 'What the key is for: the provider’s property.' }),
  })
  .meta({ id: 'ChannelActivation', description: 'That messages from a channel come in for an agent.' });

function activationOf(
  { agentId, bindingId, integrationConfigId, provider, address, key, webhookKeyPrefix }: ChannelActivation,
  { publicUrl }: RestServices,
): z.output<typeof Activation> {
  const url = `${publicUrl()}/hooks/${provider}/`;
  return {
    agentId,
    bindingId,
    integrationConfigId,
    provider,
    address,
    webhookUrl: key === undefined ? null : `${url}${key}`,
    webhookUrlTemplate: `${url}{key}`,
    webhookKeyPrefix,
    scope: webhookScope(provider),
  };
}

const reason = z
  .enum(unreachableReasons)
  .nullable()
  .meta({ description: 'Why not, the most general reason; null when reachable.' });
const kind = z.enum(['PERSON', 'GROUP', 'AI_AGENT']).meta({ description: 'What it is. Fixed at creation.' });

export const Participant = z
  .object({
    id: z.uuid().meta({ description: 'The participant’s id.' }),
    kind,
    displayName: text('What it is called.'),
    email: textOrNull('The e-mail address; null when none is known.'),
    relatedAgentId: textOrNull('The agent that an AI_AGENT is; null for the others.'),
    channels: z
      .array(
        z.object({
          integrationConfigId: z.uuid(),
          address: z.string(),
          priority: z.int(),
          label: z.string().nullable(),
          disabled: z.boolean(),
        }),
      )
      .meta({ description: 'The ways to reach it, in the order in which they are tried.' }),
    agentIds: z.array(z.string()).meta({ description: 'The agents that it is bound to, in order.' }),
    disabledAt: timestampOrNull('When it was disabled; null while it is not.'),
    health: z
      .object({
        reachable: z.boolean(),
        reason,
        channels: z.array(
          z.object({
            address: z.string(),
            reason,
            keyStatus: z.enum(['NONE', 'ACTIVE', 'REVOKED']),
            keyPrefix: z.string().nullable(),
            lastMessageAt: timestampOrNull('When a message last came from the address; null when none has.'),
          }),
        ),
      })
      .meta({ description: 'Whether it can be reached, by what is stored. No provider is asked.' }),
    channelActivations: z.array(Activation).meta({ description: 'Where its messages come in.' }),
    avatarFileId: textOrNull('The stored avatar’s file; null without an avatar.'),
    avatarSource: z
      .enum(['UPLOADED', 'CHANNEL'])
      .nullable()
      .meta({ description: 'Where the avatar came from; null without one.' }),
    avatarSourceConfigId: textOrNull('The integration config that it was taken from; null unless it was.'),
    avatarSourceAddress: textOrNull('The address that it was taken from; null unless it was.'),
    avatarSyncedAt: timestampOrNull('When it was taken from the channel; null unless it was.'),
    avatarAutoSync: z
      .object({ synced: z.boolean(), provider: z.string(), address: z.string() })
      .nullable()
      .meta({ description: 'What came of the last automatic sync; null when none has ended.' }),
    createdAt: timestamp('When it was created.'),
    modifiedAt: timestamp('When it was last changed.'),
  })
  .meta({ id: 'Participant', description: 'A person, a group or an AI agent of the tenant.' });

export function participantOf(
  { participant, agentIds, channels, activations, autoSync }: WholeParticipant,
  services: RestServices,
): z.output<typeof Participant> {
  const health = participantHealth(participant, channels.map(channelHealth));
  const { id, kind, displayName, email, relatedAgentId, avatarFileId, avatarSource } = participant;
  const { avatarSourceConfigId, avatarSourceAddress } = participant;
  return {
    id,
    kind,
    displayName,
    email,
    relatedAgentId,
    channels: channels.map(({ integrationConfigId, address, priority, label, disabled }) => ({
      integrationConfigId,
      address,
      priority,
      label,
      disabled,
    })),
    agentIds: [...agentIds],
    disabledAt: millisOrNull(participant.disabledAt),
    health: {
      reachable: health.reachable,
      reason: health.reason,
      channels: health.channels.map(({ channel: { address, keyStatus, keyPrefix, lastMessageAt }, reason }) => ({
        address,
        reason,
        keyStatus,
        keyPrefix,
        lastMessageAt: millisOrNull(lastMessageAt),
      })),
    },
    channelActivations: activations.map((activation) => activationOf(activation, services)),
    avatarFileId,
    avatarSource,
    avatarSourceConfigId,
    avatarSourceAddress,
    avatarSyncedAt: millisOrNull(participant.avatarSyncedAt),
    avatarAutoSync: autoSync && {
      synced: autoSync.code === null,
      provider: autoSync.provider,
      address: autoSync.address,
    },
    createdAt: millis(participant.createdAt),
    modifiedAt: millis(participant.modifiedAt),
  };
}

export const BindingShape = z
  .object({
    id: z.uuid(),
    tenantId: z.uuid(),
    createdAt: timestamp('When it was made.'),
    modifiedAt: timestamp('When it was last changed.'),
    participantId: z.uuid(),
    agentId: z.string(),
    channelActivations: z.array(Activation),
  })
  .meta({ id: 'Binding', description: 'A participant that is a contact of an agent.' });

export const bindingOf = (
  { id, tenantId, createdAt, modifiedAt, participantId, agentId }: Binding,
  activations: readonly ChannelActivation[],
  services: RestServices,
): z.output<typeof BindingShape> => ({
  id,
  tenantId,
  createdAt: millis(createdAt),
  modifiedAt: millis(modifiedAt),
  participantId,
  agentId,
  channelActivations: activations
    .filter(({ bindingId }) => bindingId === id)
    .map((activation) => activationOf(activation, services)),
});

export const Config = z
  .object({
    id: z.uuid(),
    integrationId: text('The provider, in lower case.'),
    displayName: text('What the operators call it.'),
    parameters: z
      .object({ defaultRegion: textOrNull('The country of telephone numbers without a plus; null for none.') })
      .meta({ description: 'What else is set.' }),
    hasAuth: z.boolean().meta({ description: 'Whether a token is stored for it. The token is never shown.' }),
    hasAuthMap: z.literal(false).meta({ description: 'Always false.' }),
    authMethodId: z.null().meta({ description: 'Always null.' }),
    auth: z.null().meta({ description: 'Always null.' }),
    authMapEntries: z.array(z.object({})).max(0).meta({ description: 'Always empty.' }),
    sandboxMode: z.literal('NONE').meta({ description: 'Always NONE.' }),
    sandboxVariant: z.null().meta({ description: 'Always null.' }),
    publishedRevisionId: z.null().meta({ description: 'Always null: there are no revisions here.' }),
    createdBy: z.null().meta({ description: 'Always null.' }),
    createdAt: timestamp('When it was created.'),
    modifiedAt: timestamp('When it was last changed.'),
  })
  .meta({ id: 'IntegrationConfig', description: 'A workspace, account or number of a messaging provider.' });

export const configOf = (config: IntegrationConfig): z.output<typeof Config> => ({
  id: config.id,
  integrationId: config.provider,
  displayName: config.name,
  parameters: { defaultRegion: config.defaultRegion },
  hasAuth: config.connectedAt !== null,
  hasAuthMap: false,
  authMethodId: null,
  auth: null,
  authMapEntries: [],
  sandboxMode: 'NONE',
  sandboxVariant: null,
  publishedRevisionId: null,
  createdBy: null,
  createdAt: millis(config.createdAt),
  modifiedAt: millis(config.modifiedAt),
});

export const Webhook = z
  .object({
    webhookUrl: text('The whole URL to give to the provider, shown this once.'),
    webhookKeyPrefix: text('The beginning of the key in it.'),
  })
  .meta({ id: 'Webhook', description: 'A webhook with a new key.' });

export const Roster = z
  .object({
    items: z
      .array(
        z.object({
          participantId: z.uuid(),
          agentId: z.string(),
          displayName: z.string(),
          kind,
          roles: z.array(z.string()).max(0).meta({ description: 'Always empty: nobody has roles here.' }),
          consultAllowed: z.literal(false).meta({ description: 'Always false.' }),
          maxUrgency: z.literal('UNSPECIFIED').meta({ description: 'Always UNSPECIFIED.' }),
          defaultForRoles: z.array(z.string()).max(0).meta({ description: 'Always empty.' }),
        }),
      )
      .meta({ description: 'The participants that are bound to the agent, in the order of their names.' }),
    nextPageToken: z.null().meta({ description: 'Always null: the list is whole.' }),
    totalCount: z.int().meta({ description: 'How many there are.' }),
  })
  .meta({ id: 'ConsultRoster', description: 'The contacts of an agent, and what they may be consulted for.' });

const node = {
  id: z.string(),
  kind: z.enum(['AGENT', 'PARTICIPANT']),
  label: z.string(),
  agentId: z.string().nullable(),
  participantId: z.string().nullable(),
  triggerId: z.null(),
  slotName: z.null(),
  avatarFileId: z.string().nullable(),
  metadata: z.object({}),
};

export const Graph = z
  .object({
    nodes: z.array(z.object(node)).meta({ description: 'The agents, and the participants that are bound to them.' }),
    edges: z
      .array(
        z.object({
          id: z.string(),
          kind: z.literal('CAN_MESSAGE'),
          sourceNodeId: z.string(),
          targetNodeId: z.string(),
          agentId: z.string(),
          participantId: z.string(),
          triggerId: z.null(),
          slotName: z.null(),
          bindingId: z.string(),
          metadata: z.object({}),
        }),
      )
      .meta({ description: 'The bindings.' }),
    truncated: z.boolean().meta({ description: 'Always false: over 10,000 participants it is a 413.' }),
  })
  .meta({ id: 'NetworkGraph', description: 'The network of agents and participants.' });
