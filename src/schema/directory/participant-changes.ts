import { type ContactChanges, contactChanges, maxNamed } from '../../directory/participants/changes.ts';
import { builder } from '../builder.ts';
import { ParticipantType } from './participants.ts';

const EventType = builder.objectRef<ContactChanges>('ParticipantsChangedEvent').implement({
  description:
    'Changes of an agent’s contacts: of their names, channels, bindings, avatars or health. Seen with `participants:read`.',
  fields: (t) => ({
    agentId: t.exposeID('agentId', { description: 'The agent whose contacts they are.' }),
    participants: t.field({
      type: [ParticipantType],
      description:
        'The contacts that changed, as they are now, in the order of their names, without regard to case and accents (`abel`, `Ábel`, `ada`, `Bob`, `emile`, `Émile`, `zoe`), those of one name by id; those newly bound too.',
      resolve: ({ participants }) => participants,
    }),
    removedIds: t.exposeIDList('removedIds', {
      description:
        'The UUIDs of those that were deleted, or unbound from the agent, and have not been bound to it again.',
    }),
    everything: t.exposeBoolean('everything', {
      description: `Whether more than ${maxNamed} changed at once: then nobody is named, and the list is to be read again.`,
    }),
    occurredAt: t.expose('occurredAt', { type: 'DateTime', description: 'When the changes were gathered up.' }),
  }),
});

builder.subscriptionField('participantChanged', (t) =>
  t.field({
    type: EventType,
    description:
      'The changes among an agent’s contacts, for a list of them: the first as it happens, and then, however much happens, at most four events a second with all since the last. The same participant may come again unchanged. An unknown agent hears nothing. Needs `participants:read`.',
    authScopes: { scope: 'participants:read' },
    args: { agentId: t.arg.id({ required: true, description: 'The agent’s id.' }) },
    subscribe: (_, { agentId }, { db, services, forget }) => contactChanges(db, services.events, agentId, forget),
    resolve: (event: ContactChanges) => event,
  }),
);
