import { demand } from '../../auth/viewer.ts';
import { closeConversation, conversationNotFound, createConversation } from '../../conversations/conversations.ts';
import {
  connectionTo,
  conversationsByAgent,
  conversationsByParticipant,
  conversationsByUser,
  type Edge,
} from '../../conversations/edges.ts';
import {
  type ConversationStatus,
  conversationById,
  type ListedConversation,
  pageOfConversations,
} from '../../conversations/queries.ts';
import type { Agent, Conversation, ExternalUser } from '../../database/generated/client.ts';
import type { PageArguments } from '../../database/pages.ts';
import { agentById } from '../../directory/agents/agents.ts';
import type { ListedParticipant } from '../../directory/participants/queries.ts';
import { builder } from '../builder.ts';
import type { GraphContext } from '../context.ts';
import { AgentType } from '../directory/agents.ts';
import { ParticipantType } from '../directory/participants.ts';
import { ExternalUserType } from '../external-users/external-users.ts';
import { createOnce, idempotencyKey, still, write } from '../mutation.ts';
import { NodeType } from '../node-interface.ts';
import { fromSelection, reading } from '../selection.ts';
import { conversationParts } from './parts.ts';

const ofAgent = reading<Agent>();
const ofConversation = reading<ListedConversation>();
const ofExternalUser = reading<ExternalUser>();
const ofParticipant = reading<ListedParticipant>();

const StatusType = builder.enumType('ConversationStatus', {
  description: 'Whether a conversation goes on.',
  values: {
    OPEN: { description: 'It goes on.' },
    CLOSED: { description: 'It has ended: nobody can be added to it, and no status in it changes.' },
  },
});

/** A conversation in the graph; who takes part is added where participation is. */
export const ConversationType = builder.prismaObject('Conversation', {
  interfaces: [NodeType],
  description:
    'A conversation of the tenant, perhaps one of its agents’. Seen with `conversations:read`; under an agent’s key only that agent’s own.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The conversation’s UUID.' }),
    name: t.exposeString('name', {
      nullable: true,
      description: 'What the conversation is called; null when it has no name.',
    }),
    agentId: t.exposeID('agentId', {
      nullable: true,
      description: 'The id of the agent that the conversation belongs to; null when it is no agent’s.',
    }),
    agent: t.field({
      type: AgentType,
      nullable: true,
      description: 'The agent that the conversation belongs to; null when it is no agent’s. Needs `participants:read`.',
      ...ofConversation(['agentId'], ({ agentId }, _, context) => {
        if (agentId === null) return null;
        demand(context.viewer, 'participants:read');
        return context.load(agentById, agentId);
      }),
    }),
    status: t.field({
      type: StatusType,
      description: 'Whether the conversation goes on.',
      ...ofConversation(['closedAt'], ({ closedAt }): ConversationStatus => (closedAt ? 'CLOSED' : 'OPEN')),
    }),
    closedAt: t.expose('closedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the conversation was closed; null while it is open.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the conversation was created.' }),
    modifiedAt: t.expose('modifiedAt', {
      type: 'DateTime',
      description: 'When the conversation itself was last changed; who takes part in it is not counted.',
    }),
  }),
});

const partsPaged = fromSelection(conversationParts);

const ConversationConnection = builder.connectionObject(
  { type: ConversationType, name: 'ConversationConnection', description: 'A page of conversations, the newest first.' },
  { description: 'A conversation in a page.' },
);

const ConversationFilterType = builder.inputType('ConversationFilter', {
  description: 'Narrows a list of conversations. Every field that is given must hold; null is as good as absent.',
  fields: (t) => ({
    agentId: t.id({ description: 'Only those that belong to this agent.' }),
    status: t.field({ type: StatusType, description: 'Only the open ones, or only the closed ones.' }),
    participantId: t.id({ description: 'Only those in which this participant, by its UUID, is a `USER`.' }),
    externalUserId: t.id({ description: 'Only those in which this external user, by its UUID, is a `CONTACT`.' }),
  }),
});

builder.queryFields((t) => ({
  conversation: t.field({
    type: ConversationType,
    nullable: true,
    description:
      'A conversation by its UUID; null when the viewer sees no conversation of that id. Needs `conversations:read`.',
    authScopes: { scope: 'conversations:read' },
    args: { id: t.arg.id({ required: true, description: 'The conversation’s UUID.' }) },
    resolve: (_, { id }, context) => context.load(conversationById, id),
  }),
  conversationsConnection: t.field({
    type: ConversationConnection,
    description: 'The conversations that the viewer sees, page by page, the newest first. Needs `conversations:read`.',
    authScopes: { scope: 'conversations:read' },
    args: {
      filter: t.arg({ type: ConversationFilterType, description: 'Which conversations; null for all.' }),
      ...t.arg.connectionArgs(),
    },
    resolve: (_, { filter, ...args }, { db }, info) => pageOfConversations(db, filter ?? {}, args, partsPaged(info)),
  }),
}));

const pageArgs = builder.args((t) => ({
  first: t.int({ description: 'How many rows from the beginning, or after `after`: 0 to 100. 20 when not given.' }),
  after: t.string({ description: 'A cursor of this list: only rows after it.' }),
}));

const pageTo =
  (edge: Edge<Conversation>) =>
  ({ id }: { id: string }, args: PageArguments, context: GraphContext) => {
    demand(context.viewer, 'conversations:read');
    return connectionTo(context, edge, id, args);
  };

builder.objectField(ParticipantType, 'conversations', (t) =>
  t.field({
    type: ConversationConnection,
    description:
      'The conversations in which the participant is a `USER`, the newest first. Needs `conversations:read`.',
    args: pageArgs,
    ...ofParticipant(['id'], pageTo(conversationsByParticipant)),
  }),
);

builder.objectField(ExternalUserType, 'conversations', (t) =>
  t.field({
    type: ConversationConnection,
    description:
      'The conversations in which the user is a `CONTACT`, the newest first; under an agent’s key only that agent’s. Needs `conversations:read`.',
    args: pageArgs,
    ...ofExternalUser(['id'], pageTo(conversationsByUser)),
  }),
);

builder.objectField(AgentType, 'conversations', (t) =>
  t.field({
    type: ConversationConnection,
    description: 'The conversations that belong to the agent, the newest first. Needs `conversations:read`.',
    args: pageArgs,
    ...ofAgent(['id'], pageTo(conversationsByAgent)),
  }),
);

builder.relayMutationField(
  'createConversation',
  {
    description: 'The conversation to create.',
    inputFields: (t) => ({
      name: t.string({ description: 'What it is called: 1 to 150 characters after trimming; null for no name.' }),
      agentId: t.string({
        description: 'The agent that it is to belong to. Null for none, but under an agent’s key for that agent.',
      }),
      idempotencyKey: t.string(idempotencyKey),
    }),
  },
  {
    description:
      'Creates an open conversation in which nobody takes part yet. Under an agent’s key another agent is `FORBIDDEN`. Needs `conversations:write`.',
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
      conversation: t.field({
        type: ConversationType,
        description: 'The new conversation.',
        resolve: (conversation: Conversation) => conversation,
      }),
    }),
  },
);

builder.relayMutationField(
  'closeConversation',
  {
    description: 'The conversation to close.',
    inputFields: (t) => ({ conversationId: t.id({ required: true, description: 'The conversation’s UUID.' }) }),
  },
  {
    description:
      'Closes a conversation for good. To do so again changes nothing and keeps the first `closedAt`. Needs `conversations:write`.',
    nullable: true,
    authScopes: { scope: 'conversations:write' },
    resolve: (_, { input }, context) => write(context, () => closeConversation(context.db, input)),
  },
  {
    description: 'The conversation that was closed.',
    outputFields: (t) => ({
      conversation: t.field({
        type: ConversationType,
        description: 'The conversation as it is now.',
        resolve: (conversation: Conversation) => conversation,
      }),
    }),
  },
);
