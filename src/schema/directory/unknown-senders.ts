import { agentById } from '../../directory/agents/agents.ts';
import { pageOfUnknownSenders } from '../../directory/unknown-senders/queries.ts';
import {
  addUnknownSenderToParticipant,
  createParticipantFromUnknownSender,
  dismissUnknownSender,
} from '../../directory/unknown-senders/unknown-senders.ts';
import { configById, configNotFound } from '../../integrations/configs.ts';
import { builder } from '../builder.ts';
import { IntegrationConfigType } from '../integrations/integrations.ts';
import { still, write } from '../mutation.ts';
import { AgentType } from './agents.ts';
import { participantField } from './participant-payload.ts';
import { ParticipantKindType, ParticipantType } from './participants.ts';

const UnknownSenderType = builder.prismaObject('UnknownSender', {
  description:
    'An address that messages come from, and that no channel of its integration config has. It disappears when a participant gets a channel of the address. The 10,000 heard of last are kept for each integration config. Seen with `participants:read`.',
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
    messageCount: t.exposeInt('messageCount', { description: 'How many messages have come from the address.' }),
    firstMessageAt: t.expose('firstMessageAt', { type: 'DateTime', description: 'When the first message was sent.' }),
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
  }),
});

builder.queryFields((t) => ({
  unknownSendersConnection: t.field({
    type: UnknownSenderConnection,
    description:
      'The addresses that messages come from and that no channel has, page by page, the newest message first. A sender that writes while you read moves to the front. Needs `participants:read`.',
    authScopes: { scope: 'participants:read' },
    args: {
      filter: t.arg({ type: UnknownSenderFilter, description: 'Which unknown senders; null for all.' }),
      ...t.arg.connectionArgs(),
    },
    resolve: (_, { filter, ...args }, { db }) => pageOfUnknownSenders(db, filter ?? {}, args),
  }),
}));

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
      agentIds: t.idList({
        description:
          'The agents to bind the participant to; when not given, the agent whose webhook the last message came through, and none when that is for no single agent.',
      }),
    }),
  },
  {
    description:
      'Creates a participant from an unknown sender, with a channel of its address that has its `lastMessageAt` and `messageCount`; the unknown sender is gone. Of several calls at once one succeeds. Needs `participants:write`.',
    nullable: true,
    authScopes: { scope: 'participants:write' },
    resolve: (_, { input }, context) =>
      write(context, () => createParticipantFromUnknownSender(context.db, input, context.services.participantHooks)),
  },
  {
    description: 'The participant that was created.',
    outputFields: (t) => ({
      participant: t.field({
        type: ParticipantType,
        description: 'The new participant.',
        resolve: (id, _, context) => participantField(id, context),
      }),
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
    }),
  },
  {
    description:
      'Gives a participant a channel of an unknown sender’s address, with its `lastMessageAt` and `messageCount`; the unknown sender is gone. A participant has at most 100 channels. Needs `participants:write`.',
    nullable: true,
    authScopes: { scope: 'participants:write' },
    resolve: (_, { input }, context) =>
      write(context, () => addUnknownSenderToParticipant(context.db, input, context.services.participantHooks)),
  },
  {
    description: 'The participant that has the channel.',
    outputFields: (t) => ({
      participant: t.field({
        type: ParticipantType,
        description: 'The participant as it is now.',
        resolve: (id, _, context) => participantField(id, context),
      }),
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
      'Forgets an unknown sender. Its next message makes it an unknown sender again. Needs `participants:write`.',
    nullable: true,
    authScopes: { scope: 'participants:write' },
    resolve: (_, { input }, context) => write(context, () => dismissUnknownSender(context.db, input)),
  },
  {
    description: 'The unknown sender that was dismissed.',
    outputFields: (t) => ({
      dismissedId: t.id({ description: 'The UUID of the unknown sender that is gone.', resolve: (id) => id }),
    }),
  },
);
