import { filter, pipe } from 'graphql-yoga';
import { conversationNotFound } from '../../conversations/conversations.ts';
import { memberById } from '../../conversations/memberships.ts';
import { conversationById } from '../../conversations/queries.ts';
import type { Events } from '../../events/events.ts';
import { builder } from '../builder.ts';
import { occurredAt } from '../changes.ts';
import type { GraphContext } from '../context.ts';
import { ConversationParticipantType } from './memberships.ts';

type Changed = Events['conversationParticipantChanged'];

const ChangeType = builder.enumType('ConversationParticipantChange', {
  description: 'What happened to a conversation participant.',
  values: {
    ADDED: { description: 'It was added.' },
    UPDATED: { description: 'Its status changed.' },
    REMOVED: { description: 'It was removed.' },
  },
});

const EventType = builder.objectRef<Changed>('ConversationParticipantEvent').implement({
  description:
    'A participant was added to a conversation, changed in it, or removed from it. Seen with `conversations:read`.',
  fields: (t) => ({
    change: t.expose('change', { type: ChangeType, description: 'What happened.' }),
    conversationParticipantId: t.exposeID('membershipId', {
      description: 'The UUID of the membership: the `id` of the conversation participant.',
    }),
    participant: t.field({
      type: ConversationParticipantType,
      nullable: true,
      description:
        'The conversation participant as it is now; null when it has been removed, by this change or since. What is left of a contact that was deleted is found by `node`.',
      resolve: async ({ membershipId }, _, context) => {
        const member = await context.load(memberById, membershipId);
        return member?.deletedAt ? null : member;
      },
    }),
    occurredAt: t.field(occurredAt),
  }),
});

/** The changes in one conversation, for as long as the viewer sees it. Throws CONVERSATION_NOT_FOUND. */
async function changesIn(conversationId: string, context: GraphContext) {
  const conversation = await context.load(conversationById, conversationId);
  if (!conversation) throw conversationNotFound(conversationId);
  return pipe(
    context.services.events.listen(
      context.db.tenantId,
      'conversationParticipantChanged',
      (event) => event.conversationId === conversation.id,
    ),
    filter(async ({ ofDeleted }) => {
      context.forget();
      if (ofDeleted) return context.viewer.agentId === null || context.viewer.agentId === ofDeleted.agentId;
      return (await context.load(conversationById, conversation.id)) !== null;
    }),
  );
}

builder.subscriptionField('conversationParticipantChanged', (t) =>
  t.field({
    type: EventType,
    description:
      'Each change of a conversation’s participants, from now on. A conversation that the viewer does not see is `CONVERSATION_NOT_FOUND`. Needs `conversations:read`.',
    authScopes: { scope: 'conversations:read' },
    args: { conversationId: t.arg.id({ required: true, description: 'The conversation’s UUID.' }) },
    subscribe: (_, { conversationId }, context) => changesIn(conversationId, context),
    resolve: (event: Changed) => event,
  }),
);
