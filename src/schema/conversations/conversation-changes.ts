import { conversationById } from '../../conversations/queries.ts';
import type { Events } from '../../events/events.ts';
import { builder } from '../builder.ts';
import { heard, occurredAt } from '../changes.ts';
import type { GraphContext } from '../context.ts';
import { ConversationType } from './conversations.ts';

type Changed = Events['conversationChanged'];

const ChangeType = builder.enumType('ConversationChange', {
  description: 'What happened to a conversation.',
  values: {
    CREATED: { description: 'It was created.' },
    UPDATED: { description: 'It changed itself: its name, its agent, its status …' },
    DELETED: { description: 'It was deleted.' },
  },
});

const EventType = builder.objectRef<Changed>('ConversationEvent').implement({
  description: 'A conversation was created, changed itself, or was deleted. Seen with `conversations:read`.',
  fields: (t) => ({
    change: t.expose('change', { type: ChangeType, description: 'What happened.' }),
    conversationId: t.exposeID('conversationId', { description: 'The conversation’s UUID.' }),
    conversation: t.field({
      type: ConversationType,
      nullable: true,
      description:
        'The conversation as it is now; null when it has been deleted, by this change or since, and when the viewer does not see it any more, because it belongs to another agent.',
      resolve: ({ conversationId }, _, context) => context.load(conversationById, conversationId),
    }),
    occurredAt: t.field(occurredAt),
  }),
});

/** The changes of conversations that the viewer sees, or saw before them: of one agent's, or of all. */
function changesOf(agentId: string | null, context: GraphContext) {
  const own = context.viewer.agentId;
  const concerns = ({ agentIds }: Changed) =>
    (own === null || agentIds.includes(own)) && (agentId === null || agentIds.includes(agentId));
  return heard(context, 'conversationChanged', concerns);
}

builder.subscriptionField('conversationChanged', (t) =>
  t.field({
    type: EventType,
    description:
      'Each change of the conversations that the viewer sees, from now on, for a list of them. Who takes part is not told here: see `conversationParticipantChanged`. Needs `conversations:read`.',
    authScopes: { scope: 'conversations:read' },
    args: {
      agentId: t.arg.id({
        description:
          'Only conversations that belong to this agent, or did before the change; null for all. An unknown agent hears nothing.',
      }),
    },
    subscribe: (_, { agentId }, context) => changesOf(agentId ?? null, context),
    resolve: (event: Changed) => event,
  }),
);
