import { demand } from '../../auth/viewer.ts';
import { conversationsByAgent, conversationsByParticipant, conversationsByUser } from '../../conversations/edges.ts';
import { type ConversationStatus, pageOfConversations } from '../../conversations/lists.ts';
import {
  attributesByConversation,
  conversationById,
  type ListedConversation,
  type ParticipantCounts,
  participantCountsByConversation,
} from '../../conversations/queries.ts';
import { connectionTo, type Edge } from '../../database/edges.ts';
import type { Agent, Conversation, ExternalUser } from '../../database/generated/client.ts';
import type { PageArguments } from '../../database/pages.ts';
import { agentById } from '../../directory/agents/agents.ts';
import type { ListedParticipant } from '../../directory/participants/queries.ts';
import { builder } from '../builder.ts';
import type { GraphContext } from '../context.ts';
import { AgentType } from '../directory/agents.ts';
import { ParticipantType } from '../directory/participants.ts';
import { ExternalUserType } from '../external-users/external-users.ts';
import { HistorySubjectType } from '../history/subject.ts';
import { NodeType } from '../node-interface.ts';
import { queryDescription } from '../search.ts';
import { fromSelection, reading } from '../selection.ts';
import { ConversationOrderType, orderOf } from './order.ts';
import { conversationParts } from './parts.ts';

const ofAgent = reading<Agent>();
const ofConversation = reading<ListedConversation>();
const ofExternalUser = reading<ExternalUser>();
const ofParticipant = reading<ListedParticipant>();

/** Whether a conversation goes on. */
export const ConversationStatusType = builder.enumType('ConversationStatus', {
  description: 'Whether a conversation goes on.',
  values: {
    OPEN: { description: 'It goes on.' },
    CLOSED: { description: 'It has ended: nobody can be added to it, and no status in it changes.' },
  },
});

const CountsType = builder.objectRef<ParticipantCounts>('ConversationParticipantCounts').implement({
  description: 'How many take part in a conversation, by their status. Seen with `conversations:read`.',
  fields: (t) => ({
    active: t.exposeInt('active', { description: 'How many are `ACTIVE`.' }),
    pending: t.exposeInt('pending', { description: 'How many are `PENDING`: they await approval.' }),
    invited: t.exposeInt('invited', { description: 'How many are `INVITED`: they await their own acceptance.' }),
  }),
});

/** A conversation in the graph; who takes part is added where participation is. */
export const ConversationType = builder.prismaObject('Conversation', {
  interfaces: [NodeType, HistorySubjectType],
  description:
    'A conversation of the tenant, perhaps one of its agents’. Seen with `conversations:read`; under an agent’s key only that agent’s own.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The conversation’s UUID.' }),
    name: t.exposeString('name', {
      nullable: true,
      description: 'What the conversation is called; null when it has no name.',
    }),
    description: t.exposeString('description', {
      nullable: true,
      description: 'What the conversation is about; null when nothing was given.',
    }),
    attributes: t.field({
      type: 'JSONObject',
      nullable: true,
      description: 'Further data of the caller’s about the conversation; null when nothing was given.',
      ...ofConversation(['id', 'attributes'], (conversation, _, context) =>
        Object.hasOwn(conversation, 'attributes')
          ? conversation.attributes
          : context.load(attributesByConversation, conversation.id),
      ),
    }),
    participantCounts: t.field({
      type: CountsType,
      description: 'How many take part, by their status.',
      ...ofConversation(['id'], ({ id }, _, context) => context.load(participantCountsByConversation, id)),
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
      type: ConversationStatusType,
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

/** A page of conversations. */
export const ConversationConnection = builder.connectionObject(
  {
    type: ConversationType,
    name: 'ConversationConnection',
    description: 'A page of conversations, the newest first unless another order is asked for.',
  },
  { description: 'A conversation in a page.' },
);

export const ConversationFilterType = builder.inputType('ConversationFilter', {
  description: 'Narrows a list of conversations. Every field that is given must hold; null is as good as absent.',
  fields: (t) => ({
    agentId: t.id({ description: 'Only those that belong to this agent.' }),
    status: t.field({ type: ConversationStatusType, description: 'Only the open ones, or only the closed ones.' }),
    participantId: t.id({ description: 'Only those in which this participant, by its UUID, is a `USER`.' }),
    externalUserId: t.id({ description: 'Only those in which this external user, by its UUID, is a `CONTACT`.' }),
    query: t.string({
      description: `${queryDescription} Searches the conversations’ names. With \`orderBy\`, that is the order.`,
    }),
    createdAfter: t.field({ type: 'DateTime', description: 'Only those that were created later than this.' }),
    createdBefore: t.field({ type: 'DateTime', description: 'Only those that were created earlier than this.' }),
    closedAfter: t.field({ type: 'DateTime', description: 'Only those that were closed, later than this.' }),
    closedBefore: t.field({ type: 'DateTime', description: 'Only those that were closed, earlier than this.' }),
    orderBy: t.field({
      type: ConversationOrderType,
      description: 'The order; null for the newest first, or, with a query, the best matches first.',
    }),
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
    description:
      'The conversations that the viewer sees, page by page, the newest first unless `orderBy` or a `query` of the filter says otherwise. Needs `conversations:read`.',
    authScopes: { scope: 'conversations:read' },
    args: {
      filter: t.arg({ type: ConversationFilterType, description: 'Which conversations; null for all.' }),
      orderBy: t.arg({
        type: ConversationOrderType,
        description: 'The order, if it is not in the filter.',
        deprecationReason:
          'Use `orderBy` of the filter, with which this must not be given. Deprecated on 2026-11-25; it goes with the first release.',
      }),
      ...t.arg.connectionArgs(),
    },
    resolve: (_, { filter, orderBy, ...args }, { db }, info) =>
      pageOfConversations(db, filter ?? {}, args, partsPaged(info), orderOf(filter?.orderBy, orderBy)),
  }),
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
    nullable: true,
    description:
      'The conversations in which the participant is a `USER`, the newest first. Null only with an error at its path. Needs `conversations:read`.',
    args: t.arg.connectionArgs(),
    ...ofParticipant(['id'], pageTo(conversationsByParticipant)),
  }),
);

builder.objectField(ExternalUserType, 'conversations', (t) =>
  t.field({
    type: ConversationConnection,
    nullable: true,
    description:
      'The conversations in which the user is a `CONTACT`, the newest first; under an agent’s key only that agent’s. Null only with an error at its path. Needs `conversations:read`.',
    args: t.arg.connectionArgs(),
    ...ofExternalUser(['id'], pageTo(conversationsByUser)),
  }),
);

builder.objectField(AgentType, 'conversations', (t) =>
  t.field({
    type: ConversationConnection,
    nullable: true,
    description:
      'The conversations that belong to the agent, the newest first. Null only with an error at its path. Needs `conversations:read`.',
    args: t.arg.connectionArgs(),
    ...ofAgent(['id'], pageTo(conversationsByAgent)),
  }),
);
