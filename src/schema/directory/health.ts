import type { Channel } from '../../database/generated/client.ts';
import { channelFactsByParticipant } from '../../directory/participants/channel-facts.ts';
import {
  type ChannelHealth,
  channelHealth,
  type ParticipantHealth,
  participantHealth,
} from '../../directory/participants/health.ts';
import { builder } from '../builder.ts';
import type { GraphContext } from '../context.ts';
import { ChannelType } from './channels.ts';
import { ParticipantType } from './participants.ts';
import { ReasonType } from './unreachable-reason.ts';

const KeyStatusType = builder.enumType('WebhookKeyStatus', {
  description:
    'What the webhook keys for a channel come to: its integration config’s own, and those of the participant’s bindings in that config.',
  values: {
    NONE: { description: 'There has never been one.' },
    ACTIVE: { description: 'One of them works.' },
    REVOKED: { description: 'All there were have been revoked: the provider’s messages do not come in.' },
  },
});

const ChannelHealthType = builder.objectRef<ChannelHealth>('ChannelHealth').implement({
  description: 'Whether messages can be sent over a channel, by what is stored about it. No provider is asked.',
  fields: (t) => ({
    channel: t.field({ type: ChannelType, description: 'The channel.', resolve: ({ channel }): Channel => channel }),
    address: t.string({ description: 'The channel’s address.', resolve: ({ channel }) => channel.address }),
    reachable: t.exposeBoolean('reachable', { description: 'Whether messages can be sent over the channel.' }),
    reason: t.expose('reason', {
      type: ReasonType,
      nullable: true,
      description: 'Why the channel cannot be used, the most general reason first; null when it can.',
    }),
    keyStatus: t.field({
      type: KeyStatusType,
      description: 'Whether a webhook key works for the channel.',
      resolve: ({ channel }) => channel.keyStatus,
    }),
    keyPrefix: t.string({
      nullable: true,
      description:
        'The beginning of the working webhook key, else of the one revoked last; null when there has never been one.',
      resolve: ({ channel }) => channel.keyPrefix,
    }),
    lastMessageAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When a message from the address last came in through a webhook; null when none has.',
      resolve: ({ channel }) => channel.lastMessageAt,
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

builder.objectField(ParticipantType, 'health', (t) =>
  t.field({
    type: ParticipantHealthType,
    description: 'Whether the participant can be reached, and over which channels.',
    resolve: async (participant, _, context) =>
      participantHealth(
        participant,
        (await context.load(channelFactsByParticipant, participant.id)).map(channelHealth),
      ),
  }),
);

/**
 * The health of a channel that has been read; of one that was deleted or replaced since, that nothing is left to reach
 * it by.
 */
async function healthOf(channel: Channel, context: GraphContext): Promise<ChannelHealth> {
  const all = await context.load(channelFactsByParticipant, channel.participantId);
  const facts = all.find(({ id }) => id === channel.id);
  return channelHealth(facts ?? { ...channel, connected: false, keyStatus: 'NONE', keyPrefix: null });
}

builder.objectField(ChannelType, 'health', (t) =>
  t.field({
    type: ChannelHealthType,
    description: 'Whether messages can be sent over this channel.',
    resolve: (channel, _, context) => healthOf(channel, context),
  }),
);
