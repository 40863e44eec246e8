import { type Ensured, ensureConversationParticipant } from '../../conversations/ensure.ts';
import {
  memberNotFound,
  patchConversationParticipant,
  removeConversationParticipant,
} from '../../conversations/membership-changes.ts';
import { memberById } from '../../conversations/memberships.ts';
import type { Member } from '../../conversations/subject.ts';
import { builder } from '../builder.ts';
import { createOnce, idempotencyKey, ifModifiedAt, write } from '../mutation.ts';
import { fromSelection } from '../selection.ts';
import { EnsureParticipantInput } from './inputs.ts';
import { ContactIdentifierInput, ConversationParticipantType, StatusType } from './memberships.ts';
import { memberParts } from './parts.ts';

const partsEnsured = fromSelection((payload, schema) => memberParts(payload.below('participant'), schema));

builder.relayMutationField(
  'ensureConversationParticipant',
  {
    description: 'The conversation, and the participant to ensure in it.',
    inputFields: (t) => ({
      conversationId: t.id({ required: true, description: 'The conversation’s UUID.' }),
      participant: t.field({ type: EnsureParticipantInput, required: true, description: 'The participant to add.' }),
      status: t.field({
        type: StatusType,
        description:
          'The status to add the participant with; null means `ACTIVE`. Ignored when the participant is there already.',
      }),
      idempotencyKey: t.string(idempotencyKey),
    }),
  },
  {
    description:
      'Adds a participant to a conversation, or returns the existing one unchanged, also in a closed conversation. To add to a closed conversation is `PARTICIPANT_STATE_CONFLICT`. Needs `conversations:write`.',
    nullable: true,
    authScopes: { scope: 'conversations:write' },
    resolve: (_, { input }, context, info) =>
      createOnce(context, 'ensureConversationParticipant', input, {
        create: (db, _ids, keepIds) => ensureConversationParticipant(db, input, partsEnsured(info), keepIds),
        again: async ([id, created]) => {
          const participant = await context.load(memberById, id);
          if (!participant || participant.deletedAt) throw memberNotFound();
          return { participant, created: created !== undefined };
        },
      }),
  },
  {
    description: 'The conversation participant, and whether it is new.',
    outputFields: (t) => ({
      participant: t.field({
        type: ConversationParticipantType,
        description: 'The conversation participant.',
        resolve: ({ participant }: Ensured): Member => participant,
      }),
      created: t.exposeBoolean('created', {
        description: 'Whether this call added it; false when it was there before.',
      }),
    }),
  },
);

const names = {
  conversationParticipantId: {
    description:
      'The membership’s own UUID: the `id` of the conversation participant. Null when it is named otherwise.',
  },
  conversationId: { required: true, description: 'The conversation’s UUID.' },
  participantId: {
    description:
      'The `participantId`, of any type. If several types share it, the `USER` is meant. Null when `contact` is given.',
  },
  contact: {
    type: ContactIdentifierInput,
    description: 'An identifier of the contact’s external user. Null when `participantId` is given.',
  },
} as const;

builder.relayMutationField(
  'patchConversationParticipant',
  {
    description:
      'The membership to change, named by exactly one of `conversationParticipantId`, `participantId` and `contact`, and the changes.',
    inputFields: (t) => ({
      conversationId: t.id(names.conversationId),
      conversationParticipantId: t.id(names.conversationParticipantId),
      participantId: t.id(names.participantId),
      contact: t.field(names.contact),
      status: t.field({ type: StatusType, description: 'The new status; null leaves it unchanged.' }),
      ifModifiedAt: t.field(ifModifiedAt),
    }),
  },
  {
    description:
      'Changes the status of a conversation participant. `PENDING` can become `ACTIVE` or `INVITED`, `INVITED` can become `ACTIVE`; any other change, and any change in a closed conversation, is `PARTICIPANT_STATE_CONFLICT`. To set the same status always succeeds. Needs `conversations:write`.',
    nullable: true,
    authScopes: { scope: 'conversations:write' },
    resolve: (_, { input }, context) => write(context, () => patchConversationParticipant(context.db, input)),
  },
  {
    description: 'The conversation participant.',
    outputFields: (t) => ({
      participant: t.field({
        type: ConversationParticipantType,
        description: 'The conversation participant as it is now.',
        resolve: (member: Member): Member => member,
      }),
    }),
  },
);

builder.relayMutationField(
  'removeConversationParticipant',
  {
    description:
      'The membership to remove, named by exactly one of `conversationParticipantId`, `participantId` and `contact`.',
    inputFields: (t) => ({
      conversationId: t.id(names.conversationId),
      conversationParticipantId: t.id(names.conversationParticipantId),
      participantId: t.id(names.participantId),
      contact: t.field(names.contact),
    }),
  },
  {
    description:
      'Removes a participant from a conversation. The last active `USER` or `AGENT` of an open conversation may not be removed (`REMOVAL_NOT_ALLOWED`). Needs `conversations:write`.',
    nullable: true,
    authScopes: { scope: 'conversations:write' },
    resolve: (_, { input }, context) => write(context, () => removeConversationParticipant(context.db, input)),
  },
  {
    description: 'The membership that has ended.',
    outputFields: (t) => ({
      removedId: t.id({ description: 'The UUID of the membership that is gone: its `id`.', resolve: (id) => id }),
    }),
  },
);
