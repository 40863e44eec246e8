import { conversationListOf } from '../../conversations/of-participant.ts';
import { connectionTo } from '../../database/edges.ts';
import { builder } from '../builder.ts';
import { ConversationConnection } from './conversations.ts';
import { ContactIdentifierInput } from './memberships.ts';

const ParticipantInput = builder.inputType('ConversationsParticipantInput', {
  description: 'Who takes part: exactly one of these.',
  isOneOf: true,
  fields: (t) => ({
    participantId: t.id({
      description: 'The `participantId` of a `USER`, a `CONTACT` or an `AGENT`.',
    }),
    contact: t.field({
      type: ContactIdentifierInput,
      description: 'An identifier of a contact’s external user.',
    }),
  }),
});

builder.queryField('participantConversations', (t) =>
  t.field({
    type: ConversationConnection,
    description:
      'The conversations that somebody takes part in, page by page, the newest first; none where the tenant has nobody of that id or identifier. Under an agent’s key only that agent’s. Needs `conversations:read`.',
    authScopes: { scope: 'conversations:read' },
    args: {
      by: t.arg({ type: ParticipantInput, required: true, description: 'Who takes part.' }),
      ...t.arg.connectionArgs(),
    },
    resolve: async (_, { by, ...args }, context) => {
      const { edge, id } = await conversationListOf(context.db, by);
      return connectionTo(context, edge, id, args);
    },
  }),
);
