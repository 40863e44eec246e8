import {
  createParticipant,
  deleteParticipant,
  setDisabled,
  updateParticipant,
} from '../../directory/participants/participants.ts';
import { builder } from '../builder.ts';
import { createOnce, idempotencyKey, ifModifiedAt, write } from '../mutation.ts';
import { participantNow } from './participant-payload.ts';
import { ParticipantKindType } from './participants.ts';

const ChannelInput = builder.inputType('ChannelInput', {
  description: 'A channel that a participant is to have.',
  fields: (t) => ({
    integrationConfigId: t.id({
      required: true,
      description: 'The UUID of the integration config that it goes through.',
    }),
    address: t.string({
      required: true,
      description:
        'The address there: 1 to 4,000 characters. One that does not fit the provider is stored, and reported by health.',
    }),
    priority: t.int({ description: 'The lower, the earlier it is tried; 0 when not given.' }),
    label: t.string({ description: 'What the operators call it: 1 to 150 characters.' }),
    disabled: t.boolean({ description: 'Whether it is switched off; false when not given.' }),
  }),
});

builder.relayMutationField(
  'createParticipant',
  {
    description: 'The participant to create.',
    inputFields: (t) => ({
      kind: t.field({
        type: ParticipantKindType,
        required: true,
        description: 'What the participant is. It cannot be changed later.',
      }),
      displayName: t.string({
        required: true,
        description: 'What the participant is called: 1 to 150 characters after trimming.',
      }),
      email: t.string({
        description: 'An e-mail address of at most 4,000 characters, kept as given and compared without case.',
      }),
      relatedAgentId: t.id({
        description: 'The agent that an AI_AGENT is. Required for that kind, refused for the others.',
      }),
      channels: t.field({
        type: [ChannelInput],
        description: 'The ways to reach the participant: at most 100, none of them twice.',
      }),
      agentIds: t.idList({ description: 'The agents to bind the participant to: at most 1,000.' }),
      avatarFileId: t.id({
        description:
          'A stored file of the tenant, like another participant’s `avatarFileId`, to be the avatar as if it had been uploaded; null for none. One that is not there is `FILE_NOT_FOUND`.',
      }),
      idempotencyKey: t.string(idempotencyKey),
    }),
  },
  {
    description:
      'Creates a participant with its channels and bindings, all or nothing. With a channel whose provider has avatars and is connected, a sync of the avatar is queued. Needs `participants:write`.',
    nullable: true,
    authScopes: { scope: 'participants:write' },
    resolve: (_, { input }, context) =>
      createOnce(context, 'createParticipant', input, {
        create: (db, [id]) => createParticipant(db, input, context.services.participantHooks, id),
        again: async ([id]) => id,
      }),
  },
  {
    description: 'The participant that was created.',
    outputFields: (t) => ({
      participant: t.field(participantNow('The new participant.')),
    }),
  },
);

builder.relayMutationField(
  'updateParticipant',
  {
    description: 'The changes to make. What is absent stays as it is.',
    inputFields: (t) => ({
      participantId: t.id({ required: true, description: 'The participant’s UUID.' }),
      displayName: t.string({
        description: 'What the participant is called: 1 to 150 characters after trimming. Null is refused.',
      }),
      email: t.string({ description: 'An e-mail address; null clears it.' }),
      relatedAgentId: t.id({
        description: 'Another agent for an AI_AGENT to be. Refused for the other kinds, and so is null.',
      }),
      channels: t.field({
        type: [ChannelInput],
        description:
          'Replaces the whole list; an empty one clears it, and null is refused. A channel that stays, by config and address, keeps its id.',
      }),
      agentIds: t.idList({
        description:
          'Binds the participant to exactly these agents; an empty list unbinds it from all, and null is refused.',
      }),
      avatarFileId: t.id({
        description:
          'A stored file of the tenant to be the avatar, as if it had been uploaded; an empty text removes the avatar, and null is as good as absent. One that is not there is `FILE_NOT_FOUND`.',
      }),
      ifModifiedAt: t.field(ifModifiedAt),
    }),
  },
  {
    description:
      'Changes a participant, all or nothing. When channels are added, or change their priority or whether they are disabled, a sync of the avatar is queued, unless it was uploaded. When the channel that the avatar was taken from is removed or gets another address, the avatar is removed at once, and a sync from the other channels is queued. Needs `participants:write`.',
    nullable: true,
    authScopes: { scope: 'participants:write' },
    resolve: (_, { input }, context) =>
      write(context, () => updateParticipant(context.db, input, context.services.participantHooks)),
  },
  {
    description: 'The participant that was changed.',
    outputFields: (t) => ({
      participant: t.field(participantNow()),
    }),
  },
);

builder.relayMutationField(
  'deleteParticipant',
  {
    description: 'The participant to delete.',
    inputFields: (t) => ({ participantId: t.id({ required: true, description: 'The participant’s UUID.' }) }),
  },
  {
    description:
      'Deletes a participant with its channels, its bindings and its memberships in conversations. Needs `participants:write`.',
    nullable: true,
    authScopes: { scope: 'participants:write' },
    resolve: (_, { input }, context) =>
      write(context, () => deleteParticipant(context.db, input, context.services.participantHooks)),
  },
  {
    description: 'The participant that was deleted.',
    outputFields: (t) => ({
      deletedId: t.id({ description: 'The UUID of the participant that is gone.', resolve: (id) => id }),
    }),
  },
);

for (const [name, disabled, description] of [
  [
    'disableParticipant',
    true,
    'Disables a participant: it counts as unreachable. To do so again changes nothing and keeps the first `disabledAt`.',
  ],
  ['enableParticipant', false, 'Enables a participant that was disabled. To do so again changes nothing.'],
] as const) {
  builder.relayMutationField(
    name,
    {
      description: 'The participant.',
      inputFields: (t) => ({ participantId: t.id({ required: true, description: 'The participant’s UUID.' }) }),
    },
    {
      description: `${description} Needs \`participants:write\`.`,
      nullable: true,
      authScopes: { scope: 'participants:write' },
      resolve: (_, { input }, context) => write(context, () => setDisabled(context.db, input, disabled)),
    },
    {
      description: 'The participant.',
      outputFields: (t) => ({
        participant: t.field(participantNow()),
      }),
    },
  );
}
