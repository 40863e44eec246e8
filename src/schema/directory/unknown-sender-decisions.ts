import type { UnknownSender } from '../../database/generated/client.ts';
import { senderChanges } from '../../directory/unknown-senders/changes.ts';
import {
  blockUnknownSender,
  rejectUnknownSender,
  unblockUnknownSender,
  unknownSenderNotFound,
} from '../../directory/unknown-senders/decisions.ts';
import { unknownSenderById } from '../../directory/unknown-senders/queries.ts';
import { type Approved, approveUnknownSender } from '../../directory/unknown-senders/unknown-senders.ts';
import { builder } from '../builder.ts';
import type { GraphContext } from '../context.ts';
import { createOnce, idempotencyKey, still, write } from '../mutation.ts';
import { participantField } from './participant-payload.ts';
import { ParticipantType } from './participants.ts';
import { ApprovalModeType, UnknownSenderType } from './unknown-senders.ts';

const senderField = (id: string, context: GraphContext) =>
  still(context.load(unknownSenderById, id), () => unknownSenderNotFound(id));

const inputId = { required: true, description: 'The unknown sender’s UUID.' } as const;
const inputNote = { description: 'Why: at most 4,000 characters. Null or empty for no note.' };

builder.relayMutationField(
  'approveUnknownSender',
  {
    description: 'The unknown sender, and how to let it in.',
    inputFields: (t) => ({
      id: t.id(inputId),
      mode: t.field({ type: ApprovalModeType, required: true, description: 'How to let it in.' }),
      displayName: t.string({
        description:
          'What the new participant is called: 1 to 150 characters after trimming. When not given, what the provider calls them, or else the beginning of the address. Only for `CREATE_NEW`.',
      }),
      participantId: t.id({
        description:
          'The participant’s UUID. Required for `ADD_TO_EXISTING`; for `BIND_ONLY` the `matchedParticipant` when not given; refused for `CREATE_NEW`.',
      }),
      agentIds: t.idList({
        description:
          'The agents to bind the participant to, besides those that it is bound to. When not given, the agent whose webhook the last message came through, and none when that is for no single agent.',
      }),
      note: t.string(inputNote),
      idempotencyKey: t.string(idempotencyKey),
    }),
  },
  {
    description:
      'Lets in an unknown sender that is `PENDING`: its messages so far go to the channel that it gets. Any other is `CONFLICT`, so of several calls at once one succeeds. Needs `participants:write`.',
    nullable: true,
    authScopes: { scope: 'participants:write' },
    resolve: (_, { input }, context) =>
      createOnce(context, 'approveUnknownSender', input, {
        create: (db, _ids, keepIds) =>
          approveUnknownSender(db, input, context.viewer.id, context.services.participantHooks, keepIds),
        again: async ([senderId, participantId = '']): Promise<Approved> => ({ senderId, participantId }),
      }),
  },
  {
    description: 'The unknown sender that was let in, and the participant that it leads to.',
    outputFields: (t) => ({
      unknownSender: t.field({
        type: UnknownSenderType,
        description: 'The unknown sender as it is now.',
        resolve: ({ senderId }: Approved, _, context) => senderField(senderId, context),
      }),
      participant: t.field({
        type: ParticipantType,
        description: 'The participant as it is now.',
        resolve: ({ participantId }: Approved, _, context) => participantField(participantId, context),
      }),
    }),
  },
);

for (const [name, does, description] of [
  [
    'rejectUnknownSender',
    rejectUnknownSender,
    'Turns away an unknown sender that is `PENDING`; its next message makes it `PENDING` anew. Any other is `CONFLICT`.',
  ],
  [
    'blockUnknownSender',
    blockUnknownSender,
    'Blocks an unknown sender: its messages are dropped, and `droppedMessageCount` counts them. To do so again changes nothing. When a participant has a channel of the address it is `CONFLICT`. A participant that gets a channel of it later ends the block.',
  ],
] as const)
  builder.relayMutationField(
    name,
    {
      description: 'The unknown sender, and why.',
      inputFields: (t) => ({ id: t.id(inputId), note: t.string(inputNote) }),
    },
    {
      description: `${description} Needs \`participants:write\`.`,
      nullable: true,
      authScopes: { scope: 'participants:write' },
      resolve: (_, { input }, context) => write(context, () => does(context.db, input, context.viewer.id)),
    },
    {
      description: 'The unknown sender.',
      outputFields: (t) => ({
        unknownSender: t.field({
          type: UnknownSenderType,
          description: 'The unknown sender as it is now.',
          resolve: (id: string, _, context) => senderField(id, context),
        }),
      }),
    },
  );

builder.relayMutationField(
  'unblockUnknownSender',
  {
    description: 'The unknown sender.',
    inputFields: (t) => ({ id: t.id(inputId) }),
  },
  {
    description:
      'Makes a blocked sender `PENDING`: its messages are counted again, and it waits for a decision. Of any other sender it changes nothing. Needs `participants:write`.',
    nullable: true,
    authScopes: { scope: 'participants:write' },
    resolve: (_, { input }, context) =>
      write(context, () => unblockUnknownSender(context.db, input, context.viewer.id)),
  },
  {
    description: 'The unknown sender.',
    outputFields: (t) => ({
      unknownSender: t.field({
        type: UnknownSenderType,
        description: 'The unknown sender as it is now.',
        resolve: (id: string, _, context) => senderField(id, context),
      }),
    }),
  },
);

const EventType = builder.objectRef<UnknownSender>('UnknownSenderEvent').implement({
  description: 'An unknown sender is new, wrote again, or was decided about. Seen with `participants:read`.',
  fields: (t) => ({
    unknownSender: t.field({
      type: UnknownSenderType,
      description: 'The unknown sender as it is now, of any status.',
      resolve: (sender) => sender,
    }),
  }),
});

builder.subscriptionField('unknownSenderChanged', (t) =>
  t.field({
    type: EventType,
    description:
      'The unknown senders that change, for a list of them: each as it is now, and however often it changes at most four times a second. An unknown agent hears nothing. Needs `participants:read`.',
    authScopes: { scope: 'participants:read' },
    args: {
      agentId: t.arg.id({
        description: 'Only those whose last message came through a webhook for this agent; null for all of the tenant.',
      }),
    },
    subscribe: (_, { agentId }, { db, services, forget }) =>
      senderChanges(db, services.events, agentId ?? null, forget),
    resolve: (sender: UnknownSender) => sender,
  }),
);
