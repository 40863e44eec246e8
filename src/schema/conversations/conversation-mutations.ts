import { closeConversation, conversationNotFound, deleteConversation } from '../../conversations/conversations.ts';
import { createConversation } from '../../conversations/create.ts';
import { conversationById } from '../../conversations/queries.ts';
import { updateConversation } from '../../conversations/update.ts';
import type { Conversation } from '../../database/generated/client.ts';
import { builder } from '../builder.ts';
import { createOnce, idempotencyKey, ifModifiedAt, still, write } from '../mutation.ts';
import { ConversationStatusType, ConversationType } from './conversations.ts';
import { EnsureParticipantInput } from './inputs.ts';
import { StatusType } from './memberships.ts';

const details = {
  name: 'What it is called: 1 to 150 characters after trimming.',
  description: 'What it is about: 1 to 4,000 characters.',
  attributes: 'A JSON object for further data: at most 16 KB, and 32 levels deep.',
};
const conversationNow = (description = 'The conversation as it is now.') => ({
  type: ConversationType,
  description,
  resolve: (conversation: Conversation) => conversation,
});
const conversationId = { required: true, description: 'The conversation’s UUID.' } as const;

const NewParticipantInput = builder.inputType('NewConversationParticipantInput', {
  description: 'A participant that a conversation is created with.',
  fields: (t) => ({
    participant: t.field({ type: EnsureParticipantInput, required: true, description: 'The participant to add.' }),
    status: t.field({ type: StatusType, description: 'The status to add it with; null means `ACTIVE`.' }),
  }),
});

builder.relayMutationField(
  'createConversation',
  {
    description: 'The conversation to create.',
    inputFields: (t) => ({
      name: t.string({ description: `${details.name} Null for no name.` }),
      description: t.string({ description: `${details.description} Null for none.` }),
      attributes: t.field({ type: 'JSONObject', description: `${details.attributes} Null for none.` }),
      agentId: t.id({
        description:
          'The agent that it is to belong to, which takes part in it. Null for none, but under an agent’s key for that agent.',
      }),
      participants: t.field({
        type: [NewParticipantInput],
        description: 'Who takes part in it from the start: at most 50. Who is named twice is added once.',
      }),
      idempotencyKey: t.string(idempotencyKey),
    }),
  },
  {
    description:
      'Creates an open conversation with its participants, all or nothing: its agent, as an `ACTIVE` `AGENT`, unless `participants` names it with another status, and those of `participants`. Where one of these cannot be added nothing is created, and `errors` names each of them by its index. Under an agent’s key another agent is `FORBIDDEN`. Needs `conversations:write`.',
    nullable: true,
    authScopes: { scope: 'conversations:write' },
    resolve: (_, { input }, context) =>
      createOnce(context, 'createConversation', input, {
        create: (db, [id]) => createConversation(db, input, id),
        again: ([id]) => still(context.load(conversationById, id), () => conversationNotFound(id)),
      }),
  },
  {
    description: 'The conversation that was created.',
    outputFields: (t) => ({
      conversation: t.field(conversationNow('The new conversation.')),
    }),
  },
);

builder.relayMutationField(
  'updateConversation',
  {
    description: 'The changes to make. What is absent stays as it is.',
    inputFields: (t) => ({
      conversationId: t.id(conversationId),
      name: t.string({ description: `${details.name} Null clears it.` }),
      description: t.string({ description: `${details.description} Null clears it.` }),
      agentId: t.id({
        description:
          'Another agent for it to belong to, which takes part in it from then on, if it is open; null for none. The agent before stays a participant. Under an agent’s key anything but that agent is `FORBIDDEN`.',
      }),
      attributes: t.field({
        type: 'JSONObject',
        description: `${details.attributes} It replaces the whole object. Null clears it.`,
      }),
      attributesPatch: t.field({
        type: 'JSONObject',
        description:
          'Changes single members of the attributes, as a JSON Merge Patch (RFC 7396): a null member is removed, an object is merged, everything else replaces. Not with `attributes`. Null is as good as absent.',
      }),
      status: t.field({
        type: ConversationStatusType,
        description:
          '`CLOSED` closes it, `OPEN` opens it again. To set the same again changes nothing. Null is refused.',
      }),
      ifModifiedAt: t.field(ifModifiedAt),
    }),
  },
  {
    description:
      'Changes a conversation, all or nothing, open or closed. What would change nothing leaves `modifiedAt` as it is. Needs `conversations:write`.',
    nullable: true,
    authScopes: { scope: 'conversations:write' },
    resolve: (_, { input }, context) =>
      write(context, () =>
        updateConversation(context.db, { ...input, attributesPatch: input.attributesPatch ?? undefined }),
      ),
  },
  {
    description: 'The conversation that was changed.',
    outputFields: (t) => ({
      conversation: t.field(conversationNow()),
    }),
  },
);

builder.relayMutationField(
  'closeConversation',
  {
    description: 'The conversation to close.',
    inputFields: (t) => ({ conversationId: t.id(conversationId) }),
  },
  {
    description:
      'Closes a conversation; `updateConversation` can open it again. To do so again changes nothing and keeps the first `closedAt`. Needs `conversations:write`.',
    nullable: true,
    authScopes: { scope: 'conversations:write' },
    resolve: (_, { input }, context) => write(context, () => closeConversation(context.db, input)),
  },
  {
    description: 'The conversation that was closed.',
    outputFields: (t) => ({
      conversation: t.field(conversationNow()),
    }),
  },
);

builder.relayMutationField(
  'deleteConversation',
  {
    description: 'The conversation to delete.',
    inputFields: (t) => ({ conversationId: t.id(conversationId) }),
  },
  {
    description:
      'Deletes a conversation, open or closed, with the memberships in it. Participants, agents and external users stay. Needs `conversations:write`.',
    nullable: true,
    authScopes: { scope: 'conversations:write' },
    resolve: (_, { input }, context) => write(context, () => deleteConversation(context.db, input)),
  },
  {
    description: 'The conversation that was deleted.',
    outputFields: (t) => ({
      deletedId: t.id({ description: 'The UUID of the conversation that is gone.', resolve: (id) => id }),
    }),
  },
);
