import { type Ensured, ensureConversationParticipant } from '../../conversations/ensure.ts';
import { patchConversationParticipant, removeConversationParticipant } from '../../conversations/participation.ts';
import type { Member } from '../../conversations/subject.ts';
import { builder } from '../builder.ts';
import { write } from '../mutation.ts';
import { fromSelection } from '../selection.ts';
import { ContactIdentifierInput, ConversationParticipantType, StatusType } from './participation.ts';
import { memberParts } from './parts.ts';

const ReferenceInput = builder.inputType('ParticipantReferenceInput', {
  description: 'Somebody, or something, by its id.',
  fields: (t) => ({
    id: t.id({
      required: true,
      description:
        'A UUID for users and contacts, the agent’s id for agents, 1 to 255 characters of the caller’s own for flows.',
    }),
  }),
});

const EnsureParticipantInput = builder.inputType('EnsureParticipantInput', {
  description: 'Who is to take part: exactly one of these.',
  isOneOf: true,
  fields: (t) => ({
    user: t.field({ type: ReferenceInput, description: 'A participant of the tenant’s directory.' }),
    flow: t.field({ type: ReferenceInput, description: 'An automated flow, which need not be known here.' }),
    agent: t.field({ type: ReferenceInput, description: 'An AI agent of the tenant.' }),
    contact: t.field({ type: ReferenceInput, description: 'An external user.' }),
    contactByIdentifier: t.field({
      type: ContactIdentifierInput,
      description:
        'An external user by one of its identifiers. Where nobody has it a user is created with it, in the same transaction; `conversations:write` is enough for that.',
    }),
  }),
});

const partsEnsured = fromSelection((payload, schema) => memberParts(payload.below('participant'), schema));

builder.relayMutationField(
  'ensureConversationParticipant',
  {
    description: 'Who is to take part in which conversation.',
    inputFields: (t) => ({
      conversationId: t.id({ required: true, description: 'The conversation’s UUID.' }),
      participant: t.field({ type: EnsureParticipantInput, required: true, description: 'Who is to take part.' }),
      status: t.field({
        type: StatusType,
        description:
          'How far in it is to be when it is added; `ACTIVE` when null. Not looked at when it takes part already.',
      }),
    }),
  },
  {
    description:
      'Adds somebody to a conversation, or finds that they take part already: then nothing changes, even in a closed conversation. To add to a closed one is `PARTICIPANT_STATE_CONFLICT`. Needs `conversations:write`.',
    nullable: true,
    authScopes: { scope: 'conversations:write' },
    resolve: (_, { input }, context, info) =>
      write(context, () => ensureConversationParticipant(context.db, input, partsEnsured(info))),
  },
  {
    description: 'The one who takes part, and whether that is new.',
    outputFields: (t) => ({
      participant: t.field({
        type: ConversationParticipantType,
        description: 'The one who takes part.',
        resolve: ({ participant }: Ensured): Member => participant,
      }),
      created: t.exposeBoolean('created', {
        description: 'Whether this call added it; false when it was there before.',
      }),
    }),
  },
);

const names = {
  conversationId: { required: true, description: 'The conversation’s UUID.' },
  participantId: {
    description:
      'Its `participantId`, of whatever type; where several types share it, the `USER`. Null when `contact` is given.',
  },
  contact: {
    type: ContactIdentifierInput,
    description: 'An identifier of the external user whom a contact is. Null when `participantId` is given.',
  },
} as const;

builder.relayMutationField(
  'patchConversationParticipant',
  {
    description: 'Whom to change, by exactly one of `participantId` and `contact`, and how.',
    inputFields: (t) => ({
      conversationId: t.id(names.conversationId),
      participantId: t.id(names.participantId),
      contact: t.field(names.contact),
      status: t.field({ type: StatusType, description: 'How far in it is to be; null leaves it as it is.' }),
    }),
  },
  {
    description:
      'Changes how far in a conversation somebody is. `PENDING` can become `ACTIVE` or `INVITED`, `INVITED` can become `ACTIVE`; any other change, and any change in a closed conversation, is `PARTICIPANT_STATE_CONFLICT`. To leave it as it is always succeeds. Needs `conversations:write`.',
    nullable: true,
    authScopes: { scope: 'conversations:write' },
    resolve: (_, { input }, context) => write(context, () => patchConversationParticipant(context.db, input)),
  },
  {
    description: 'The one who takes part.',
    outputFields: (t) => ({
      participant: t.field({
        type: ConversationParticipantType,
        description: 'The one who takes part, as it is now.',
        resolve: (member: Member): Member => member,
      }),
    }),
  },
);

builder.relayMutationField(
  'removeConversationParticipant',
  {
    description: 'Whom to take out, by exactly one of `participantId` and `contact`.',
    inputFields: (t) => ({
      conversationId: t.id(names.conversationId),
      participantId: t.id(names.participantId),
      contact: t.field(names.contact),
    }),
  },
  {
    description:
      'Takes somebody out of a conversation. The last active `USER` or `AGENT` of an open conversation stays: that is `REMOVAL_NOT_ALLOWED`. Needs `conversations:write`.',
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
