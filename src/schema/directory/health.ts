import type { Channel, Participant } from '../../database/generated/client.ts';
import { type ChannelFacts, channelFactsByParticipant } from '../../directory/participants/channel-facts.ts';
import {
  type ChannelHealth,
  channelHealth,
  type ParticipantHealth,
  participantHealth,
} from '../../directory/participants/health.ts';
import type { ListedParticipant } from '../../directory/participants/queries.ts';
import { builder } from '../builder.ts';
import type { GraphContext } from '../context.ts';
import { reading } from '../selection.ts';
import { ChannelType } from './channels.ts';
import { ParticipantType } from './participants.ts';
import { ReasonType } from './unreachable-reason.ts';

const KeyStatusType = builder.enumType('WebhookKeyStatus', {
  description:
    'The state of the webhook keys for a channel: its integration config’s own, and those of the participant’s bindings in that config.',
  values: {
    NONE: { description: 'There has never been one.' },
    ACTIVE: { description: 'One of them works.' },
    REVOKED: { description: 'Every key has been revoked: the provider’s messages do not come in.' },
  },
});

/**
 * The id of a health: that of its participant or channel in another version. Relay's store keeps things by their ids
 * alone, and would take the two for one thing.
 */
const healthId = (id: string): string => `${id.slice(0, 14)}8${id.slice(15)}`;

const ChannelHealthType = builder.objectRef<ChannelHealth>('ChannelHealth').implement({
  description: 'Whether messages can be sent over a channel, by what is stored about it. No provider is asked.',
  fields: (t) => ({
    id: t.id({
      description:
        'A UUID that stays the same for the channel, for caches. `node` does not find it: it finds the channel.',
      resolve: ({ channel }) => healthId(channel.id),
    }),
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
    id: t.id({
      description:
        'A UUID that stays the same for the participant, for caches. `node` does not find it: it finds the participant.',
      resolve: ({ id }) => healthId(id),
    }),
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

const ofParticipant = reading<ListedParticipant>();
const ofChannel = reading<Channel>();

const healthOfParticipant = async (participant: Pick<Participant, 'id' | 'disabledAt'>, context: GraphContext) =>
  participantHealth(participant, (await context.load(channelFactsByParticipant, participant.id)).map(channelHealth));

builder.objectFields(ParticipantType, (t) => ({
  health: t.field({
    type: ParticipantHealthType,
    description: 'Whether the participant can be reached, and over which channels.',
    ...ofParticipant(['id', 'disabledAt'], (participant, _, context) => healthOfParticipant(participant, context)),
  }),
  reachable: t.boolean({
    description: 'Whether the participant can be reached: not disabled, and a channel that nothing speaks against.',
    ...ofParticipant(
      ['id', 'disabledAt'],
      async (participant, _, context) => (await healthOfParticipant(participant, context)).reachable,
    ),
  }),
  unreachableReason: t.field({
    type: ReasonType,
    nullable: true,
    description: 'Why the participant cannot be reached, the most general reason there is; null when it can.',
    ...ofParticipant(
      ['id', 'disabledAt'],
      async (participant, _, context) => (await healthOfParticipant(participant, context)).reason,
    ),
  }),
}));

/** The stored facts about a channel that has been read. Null when the channel was deleted or replaced since. */
async function factsOf(
  channel: Pick<Channel, 'id' | 'participantId'>,
  context: GraphContext,
): Promise<ChannelFacts | null> {
  const all = await context.load(channelFactsByParticipant, channel.participantId);
  return all.find(({ id }) => id === channel.id) ?? null;
}

const unknown = { connected: false, keyStatus: 'NONE', keyPrefix: null } as const;

/** The health of a channel that has been read. */
const healthOf = async (channel: Channel, context: GraphContext): Promise<ChannelHealth> =>
  channelHealth((await factsOf(channel, context)) ?? { ...channel, ...unknown });

builder.objectFields(ChannelType, (t) => ({
  health: t.field({
    type: ChannelHealthType,
    description: 'Whether messages can be sent over this channel.',
    resolve: (channel, _, context) => healthOf(channel, context),
  }),
  reachable: t.boolean({
    description: 'Whether messages can be sent over this channel.',
    resolve: async (channel, _, context) => (await healthOf(channel, context)).reachable,
  }),
  unreachableReason: t.field({
    type: ReasonType,
    nullable: true,
    description: 'Why the channel cannot be used, the most general reason first; null when it can.',
    resolve: async (channel, _, context) => (await healthOf(channel, context)).reason,
  }),
  keyStatus: t.field({
    type: KeyStatusType,
    description: 'Whether a webhook key works for the channel.',
    ...ofChannel(
      ['id', 'participantId'],
      async (channel, _, context) => (await factsOf(channel, context))?.keyStatus ?? unknown.keyStatus,
    ),
  }),
  keyPrefix: t.string({
    nullable: true,
    description:
      'The beginning of the working webhook key, else of the one revoked last; null when there has never been one.',
    ...ofChannel(
      ['id', 'participantId'],
      async (channel, _, context) => (await factsOf(channel, context))?.keyPrefix ?? null,
    ),
  }),
  avatarSyncable: t.boolean({
    description:
      'Whether `syncParticipantAvatarFromChannel` can work for the channel: its provider has avatars, is connected where that is needed, and the address fits it. Whether there is a picture only the provider knows.',
    ...ofChannel(
      ['id', 'participantId', 'provider', 'addressValid'],
      async ({ provider, addressValid, ...channel }, _, context) => {
        const { all, unconnected } = context.services.syncable;
        if (!addressValid || !all.includes(provider)) return false;
        return unconnected.includes(provider) || ((await factsOf(channel, context))?.connected ?? false);
      },
    ),
  }),
}));
