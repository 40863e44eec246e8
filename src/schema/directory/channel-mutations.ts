import { channelById } from '../../directory/channels/channels.ts';
import {
  addParticipantChannel,
  channelNotFound,
  type OneChannel,
  removeChannel,
  updateChannel,
} from '../../directory/channels/single.ts';
import { builder } from '../builder.ts';
import type { GraphContext } from '../context.ts';
import { createOnce, idempotencyKey, ifModifiedAt, still, write } from '../mutation.ts';
import { ChannelType } from './channels.ts';
import { participantField } from './participant-payload.ts';
import { ParticipantType } from './participants.ts';

const details = {
  address:
    'The address there: 1 to 4,000 characters. One that does not fit the provider is stored, and reported by health.',
  priority: 'The lower, the earlier it is tried.',
  label: 'What the operators call it: 1 to 150 characters.',
  disabled: 'Whether it is switched off.',
};
const channelId = { required: true, description: 'The channel’s UUID.' } as const;

const channelField = (id: string, context: GraphContext) =>
  still(context.load(channelById, id), () => channelNotFound(id));

const participant = {
  type: ParticipantType,
  description: 'The participant as it is now.',
  resolve: ({ participantId }: OneChannel, _: object, context: GraphContext) =>
    participantField(participantId, context),
};
const channel = {
  type: ChannelType,
  description: 'The channel as it is now.',
  resolve: ({ channelId }: OneChannel, _: object, context: GraphContext) => channelField(channelId, context),
};

builder.relayMutationField(
  'addParticipantChannel',
  {
    description: 'The participant, and the channel to add.',
    inputFields: (t) => ({
      participantId: t.id({ required: true, description: 'The participant’s UUID.' }),
      integrationConfigId: t.id({
        required: true,
        description: 'The UUID of the integration config that it goes through.',
      }),
      address: t.string({ required: true, description: details.address }),
      priority: t.int({ description: `${details.priority} 0 when not given.` }),
      label: t.string({ description: `${details.label} Null for none.` }),
      disabled: t.boolean({ description: `${details.disabled} False when not given.` }),
      idempotencyKey: t.string(idempotencyKey),
    }),
  },
  {
    description:
      'Gives a participant one more channel; those it has stay, also those that others add at the same time. A channel that it has already is `CONFLICT`. A participant has at most 100 channels. A sync of its avatar is queued as `updateParticipant` does. Needs `participants:write`.',
    nullable: true,
    authScopes: { scope: 'participants:write' },
    resolve: (_, { input }, context) =>
      createOnce(context, 'addParticipantChannel', input, {
        create: (db, _ids, keepIds) => addParticipantChannel(db, input, context.services.participantHooks, keepIds),
        again: async ([channelId, participantId = '']) => ({ channelId, participantId }),
      }),
  },
  {
    description: 'The channel that was added, and the participant that has it.',
    outputFields: (t) => ({ channel: t.field(channel), participant: t.field(participant) }),
  },
);

builder.relayMutationField(
  'updateChannel',
  {
    description: 'The changes to make. What is absent stays as it is.',
    inputFields: (t) => ({
      channelId: t.id(channelId),
      priority: t.int({ description: `${details.priority} Null is refused.` }),
      label: t.string({ description: `${details.label} Null clears it.` }),
      disabled: t.boolean({ description: `${details.disabled} Null is refused.` }),
      address: t.string({
        description: `${details.address} Null is refused. With another address \`lastMessageAt\` and \`messageCount\` begin anew.`,
      }),
      ifModifiedAt: t.field(ifModifiedAt),
    }),
  },
  {
    description:
      'Changes one channel, which keeps its id; the participant’s others stay. An address that another of them has is `CONFLICT`. What follows for the avatar is as with `updateParticipant`. Needs `participants:write`.',
    nullable: true,
    authScopes: { scope: 'participants:write' },
    resolve: (_, { input }, context) =>
      write(context, () => updateChannel(context.db, input, context.services.participantHooks)),
  },
  {
    description: 'The channel that was changed, and the participant that has it.',
    outputFields: (t) => ({ channel: t.field(channel), participant: t.field(participant) }),
  },
);

builder.relayMutationField(
  'removeChannel',
  {
    description: 'The channel to remove.',
    inputFields: (t) => ({ channelId: t.id(channelId), ifModifiedAt: t.field(ifModifiedAt) }),
  },
  {
    description:
      'Takes one channel from its participant; the others stay. An avatar that was taken from it goes with it, as with `updateParticipant`. Needs `participants:write`.',
    nullable: true,
    authScopes: { scope: 'participants:write' },
    resolve: (_, { input }, context) =>
      write(context, () => removeChannel(context.db, input, context.services.participantHooks)),
  },
  {
    description: 'The channel that is gone, and the participant without it.',
    outputFields: (t) => ({
      removedId: t.id({ description: 'The UUID of the channel that is gone.', resolve: ({ channelId: id }) => id }),
      participant: t.field(participant),
    }),
  },
);
