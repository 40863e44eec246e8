import { ChannelType } from '../channels/channels.graph.ts';
import { channelsByParticipant } from '../channels/channels.ts';
import type { Channel } from '../database/generated/client.ts';
import { builder } from '../graph/builder.ts';
import type { GraphContext } from '../graph/context.ts';
import { configById } from '../integrations/configs.ts';
import { type ChannelHealth, channelHealth, type ParticipantHealth, participantHealth, unreachableReasons } from './health.ts';
import { ParticipantType } from './participants.graph.ts';

const descriptions = {
  DISABLED: 'The participant is disabled.',
  NO_CHANNEL: 'The participant has no channel.',
  CHANNEL_DISABLED: 'The channel is disabled.',
  INVALID_FORMAT: 'The address does not fit the provider.',
  NOT_CONNECTED: 'The integration config is not connected to the provider.',
};

const ReasonType = builder.enumType('UnreachableReason', {
  description: `Why somebody cannot be reached. From the most general to the least: ${unreachableReasons.join(', ')}.`,
  values: Object.fromEntries(unreachableReasons.map((reason) => [reason, { description: descriptions[reason] }])) as Record<
    (typeof unreachableReasons)[number],
    { description: string }
  >,
});

const ChannelHealthType = builder.objectRef<ChannelHealth>('ChannelHealth').implement({
  description: 'Whether messages can be sent over a channel, by what is stored about it. No provider is asked.',
  fields: (t) => ({
    channel: t.field({ type: ChannelType, description: 'The channel.', resolve: ({ channel }): Channel => channel }),
    address: t.string({ description: 'The channel’s address.', resolve: ({ channel }) => channel.address }),
    reachable: t.exposeBoolean('reachable', { description: 'Whether nothing speaks against the channel.' }),
    reason: t.expose('reason', {
      type: ReasonType,
      nullable: true,
      description: 'What speaks against the channel; null when nothing does.',
    }),
  }),
});

const ParticipantHealthType = builder.objectRef<ParticipantHealth>('ParticipantHealth').implement({
  description: 'Whether a participant can be reached, by what is stored about it. No provider is asked.',
  fields: (t) => ({
    reachable: t.exposeBoolean('reachable', {
      description: 'Not disabled, and at least one enabled channel with no reason against it.',
    }),
    reason: t.expose('reason', {
      type: ReasonType,
      nullable: true,
      description: 'Why the participant cannot be reached, the most general reason there is; null when it can.',
    }),
    channels: t.field({
      type: [ChannelHealthType],
      description: 'The health of each channel, in the order in which they are tried.',
      resolve: ({ channels }) => channels,
    }),
  }),
});

const healthOf = async (channel: Channel, context: GraphContext) =>
  channelHealth(channel, await context.load(configById, channel.integrationConfigId));

builder.objectField(ParticipantType, 'health', (t) =>
  t.field({
    type: ParticipantHealthType,
    description: 'Whether the participant can be reached, and over which channels.',
    resolve: async (participant, _, context) => {
      const channels = await context.load(channelsByParticipant, participant.id);
      return participantHealth(participant, await Promise.all(channels.map((channel) => healthOf(channel, context))));
    },
  }),
);

builder.objectField(ChannelType, 'health', (t) =>
  t.field({
    type: ChannelHealthType,
    description: 'Whether messages can be sent over this channel.',
    resolve: (channel, _, context) => healthOf(channel, context),
  }),
);
