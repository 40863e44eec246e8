import { agentById } from '../../directory/agents/agents.ts';
import { participantById } from '../../directory/participants/queries.ts';
import { dismissUnknownSender } from '../../directory/unknown-senders/decisions.ts';
import { matchBySender, pageOfUnknownSenders } from '../../directory/unknown-senders/queries.ts';
import {
  addUnknownSenderToParticipant,
  createParticipantFromUnknownSender,
} from '../../directory/unknown-senders/unknown-senders.ts';
import { configById, configNotFound } from '../../integrations/configs.ts';
import { builder } from '../builder.ts';
import { HistorySubjectType } from '../history/subject.ts';
import { IntegrationConfigType } from '../integrations/integrations.ts';
import { createOnce, idempotencyKey, still, write } from '../mutation.ts';
import { NodeType } from '../node-interface.ts';
import { AgentType } from './agents.ts';
import { participantNow } from './participant-payload.ts';
import { ParticipantKindType, ParticipantType } from './participants.ts';

/** What has been decided about an unknown sender. */
const UnknownSenderStatusType = builder.enumType('UnknownSenderStatus', {
  description: 'What has been decided about an unknown sender.',
  values: {
    PENDING: { description: 'It waits for a decision.' },
    APPROVED: {
      description:
        'It was let in, or a participant got a channel of its address. When that channel or participant is gone, its next message makes it `PENDING`.',
    },
    REJECTED: { description: 'It was turned away. Its next message makes it `PENDING`.' },
    BLOCKED: { description: 'Its messages are dropped.' },
  } as const,
});

/** How an unknown sender is let in. */
export const ApprovalModeType = builder.enumType('UnknownSenderApprovalMode', {
  description: 'How an unknown sender is let in.',
  values: {
    CREATE_NEW: { description: 'As a new `PERSON` with a channel of the address.' },
    ADD_TO_EXISTING: { description: 'As one more channel of a participant.' },
    BIND_ONLY: {
      description:
        'By bindings alone, of a participant that is reached by another channel. Later messages from the address are counted in the unknown sender, which stays `APPROVED` as long as the participant exists.',
    },
  } as const,
});

/** An unknown sender in the graph. */
export const UnknownSenderType = builder.prismaObject('UnknownSender', {
  interfaces: [NodeType, HistorySubjectType],
  description:
    'An address that messages come from, and that no channel of its integration config had. It is `APPROVED` when a participant gets a channel of the address. Of each status but `BLOCKED` the 10,000 heard of last are kept for each integration config. Seen with `participants:read`.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The unknown sender’s UUID.' }),
    integrationConfigId: t.exposeID('integrationConfigId', {
      description: 'The UUID of the integration config that the messages came in by.',
    }),
    integrationConfig: t.field({
      type: IntegrationConfigType,
      description: 'The integration config that the messages came in by.',
      resolve: ({ integrationConfigId: id }, _, context) =>
        still(context.load(configById, id), () => configNotFound(id)),
    }),
    provider: t.string({
      description: 'The integration config’s provider, in lower case.',
      resolve: async ({ integrationConfigId: id }, _, context) =>
        (await still(context.load(configById, id), () => configNotFound(id))).provider,
    }),
    address: t.exposeString('address', {
      description:
        'The address, as the provider spells it. Telephone numbers and e-mail addresses keep the spelling of the first message.',
    }),
    displayName: t.exposeString('displayName', {
      nullable: true,
      description: 'What the provider says they are called; null when it doesn’t.',
    }),
    agentId: t.exposeID('agentId', {
      nullable: true,
      description: 'The agent whose webhook the last message came through; null when that is for no single agent.',
    }),
    agent: t.field({
      type: AgentType,
      nullable: true,
      description: 'The agent whose webhook the last message came through; null when that is for no single agent.',
      resolve: ({ agentId }, _, context) => (agentId === null ? null : context.load(agentById, agentId)),
    }),
    conversationName: t.exposeString('conversationName', {
      nullable: true,
      description:
        'What the provider calls the group in which they wrote last; null when it doesn’t, as in a private chat.',
    }),
    status: t.expose('status', { type: UnknownSenderStatusType, description: 'What has been decided.' }),
    matchedParticipant: t.field({
      type: ParticipantType,
      nullable: true,
      description:
        'The participant that the same telephone number, e-mail address or provider’s address leads to in another integration config; null when there is none. Of several, the one that was created first.',
      resolve: ({ id }, _, context) => context.load(matchBySender, id),
    }),
    processedAt: t.expose('processedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When that was last decided; null while it never was. It stays when the sender asks anew.',
    }),
    processedBy: t.exposeString('processedBy', {
      nullable: true,
      description:
        'The subject of the token, or the UUID of the key, that last decided; null while nobody did, and when the sender became known because a participant got a channel of its address.',
    }),
    note: t.exposeString('note', { nullable: true, description: 'The note on the last decision; null without one.' }),
    approvalMode: t.expose('approvalMode', {
      type: ApprovalModeType,
      nullable: true,
      description:
        'How it was approved; null unless it is `APPROVED`, and when a participant got a channel of its address in another way.',
    }),
    approvedParticipantId: t.exposeID('approvedParticipantId', {
      nullable: true,
      description:
        'The UUID of the participant that it was approved as, which may be deleted; null unless it is `APPROVED`.',
    }),
    approvedParticipant: t.field({
      type: ParticipantType,
      nullable: true,
      description:
        'The participant that it was approved as; null unless it is `APPROVED`, and when the participant is deleted.',
      resolve: ({ approvedParticipantId: id }, _, context) => (id === null ? null : context.load(participantById, id)),
    }),
    droppedMessageCount: t.exposeInt('droppedMessageCount', {
      description:
        'How many messages were dropped because the sender was blocked. They are not kept: one that the provider sends again counts again.',
    }),
    messageCount: t.exposeInt('messageCount', {
      description: 'How many messages have come from the address since it began to ask.',
    }),
    firstMessageAt: t.expose('firstMessageAt', {
      type: 'DateTime',
      description: 'When the first of these messages was sent.',
    }),
    lastMessageAt: t.expose('lastMessageAt', { type: 'DateTime', description: 'When the last message was sent.' }),
  }),
});

const UnknownSenderConnection = builder.connectionObject(
  {
    type: UnknownSenderType,
    name: 'UnknownSenderConnection',
    description: 'A page of unknown senders, those heard of last first.',
  },
  { description: 'An unknown sender in a page.' },
);

const UnknownSenderFilter = builder.inputType('UnknownSenderFilter', {
  description: 'Narrows a list of unknown senders. Every field that is given must hold; null is as good as absent.',
  fields: (t) => ({
    agentId: t.id({ description: 'Only those whose last message came through a webhook for this agent.' }),
    integrationConfigId: t.id({ description: 'Only those of this integration config.' }),
    status: t.field({
      type: [UnknownSenderStatusType],
      description: 'Only those of these statuses; when not given, those that are `PENDING`. An empty list finds none.',
    }),
  }),
});

builder.queryFields((t) => ({
  unknownSendersConnection: t.field({
    type: UnknownSenderConnection,
    description:
      'The addresses that messages come from and that no channel has, those that wait for a decision unless the filter says otherwise, page by page, the newest message first. A sender that writes while you read moves to the front. Needs `participants:read`.',
    authScopes: { scope: 'participants:read' },
    args: {
      filter: t.arg({
        type: UnknownSenderFilter,
        description: 'Which unknown senders; null for all that are `PENDING`.',
      }),
      ...t.arg.connectionArgs(),
    },
    resolve: (_, { filter, ...args }, { db }) => pageOfUnknownSenders(db, filter ?? {}, args),
  }),
}));

const since = 'Deprecated on 2026-11-25, until the first release.';
const senderId = { required: true, description: 'The unknown sender’s UUID.' } as const;
builder.relayMutationField(
  'createParticipantFromUnknownSender',
  {
    description: 'The unknown sender, and what is to be different from what is known of it.',
    inputFields: (t) => ({
      unknownSenderId: t.id(senderId),
      kind: t.field({
        type: ParticipantKindType,
        description: 'What the participant is: PERSON, when not given, or GROUP.',
      }),
      displayName: t.string({
        description:
          'What the participant is called: 1 to 150 characters after trimming. When not given, what the provider calls them, or else the beginning of the address.',
      }),
      email: t.string({ description: 'An e-mail address of at most 4,000 characters; null when none is known.' }),
      idempotencyKey: t.string(idempotencyKey),
      agentIds: t.idList({
        description:
          'The agents to bind the participant to; when not given, the agent whose webhook the last message came through, and none when that is for no single agent.',
      }),
    }),
  },
  {
    description:
      'Creates a participant from an unknown sender, with a channel of its address that has its `lastMessageAt` and `messageCount`. A sender that is not `PENDING` is `UNKNOWN_SENDER_NOT_FOUND`. Of several calls at once one succeeds. Needs `participants:write`.',
    deprecationReason: `Use approveUnknownSender with CREATE_NEW, which also takes a note. ${since}`,
    nullable: true,
    authScopes: { scope: 'participants:write' },
    resolve: (_, { input }, context) =>
      createOnce(context, 'createParticipantFromUnknownSender', input, {
        create: (db, _ids, keepIds) =>
          createParticipantFromUnknownSender(db, input, context.viewer.id, context.services.participantHooks, keepIds),
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
  'addUnknownSenderToParticipant',
  {
    description: 'The unknown sender, and whose address it is.',
    inputFields: (t) => ({
      unknownSenderId: t.id(senderId),
      participantId: t.id({ required: true, description: 'The participant’s UUID.' }),
      idempotencyKey: t.string(idempotencyKey),
    }),
  },
  {
    description:
      'Gives a participant a channel of an unknown sender’s address, with its `lastMessageAt` and `messageCount`. A sender that is not `PENDING` is `UNKNOWN_SENDER_NOT_FOUND`. A participant has at most 100 channels. Needs `participants:write`.',
    deprecationReason: `Use approveUnknownSender with ADD_TO_EXISTING, which also binds the participant. ${since}`,
    nullable: true,
    authScopes: { scope: 'participants:write' },
    resolve: (_, { input }, context) =>
      createOnce(context, 'addUnknownSenderToParticipant', input, {
        create: (db, _ids, keepIds) =>
          addUnknownSenderToParticipant(db, input, context.viewer.id, context.services.participantHooks, keepIds),
        again: async ([id]) => id,
      }),
  },
  {
    description: 'The participant that has the channel.',
    outputFields: (t) => ({
      participant: t.field(participantNow()),
    }),
  },
);

builder.relayMutationField(
  'dismissUnknownSender',
  {
    description: 'The unknown sender to dismiss.',
    inputFields: (t) => ({ unknownSenderId: t.id(senderId) }),
  },
  {
    description:
      'Rejects an unknown sender without a note. Its next message makes it an unknown sender again. A sender that is not `PENDING` is `UNKNOWN_SENDER_NOT_FOUND`. Needs `participants:write`.',
    deprecationReason: `Use rejectUnknownSender, which also takes a note. ${since}`,
    nullable: true,
    authScopes: { scope: 'participants:write' },
    resolve: (_, { input }, context) =>
      write(context, () => dismissUnknownSender(context.db, input, context.viewer.id)),
  },
  {
    description: 'The unknown sender that was dismissed.',
    outputFields: (t) => ({
      dismissedId: t.id({ description: 'The UUID of the unknown sender that was dismissed.', resolve: (id) => id }),
    }),
  },
);
