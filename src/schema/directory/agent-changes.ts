import { agentById } from '../../directory/agents/agents.ts';
import type { Events } from '../../events/events.ts';
import { builder } from '../builder.ts';
import { heard, occurredAt } from '../changes.ts';
import { AgentType } from './agents.ts';

type Changed = Events['agentChanged'];

const ChangeType = builder.enumType('AgentChange', {
  description: 'What happened to an agent.',
  values: {
    CREATED: { description: 'It was created.' },
    UPDATED: { description: 'Its name changed.' },
    DELETED: { description: 'It was deleted, with what goes with it.' },
  },
});

const EventType = builder.objectRef<Changed>('AgentEvent').implement({
  description: 'An agent was created, changed or deleted. Seen with `participants:read`.',
  fields: (t) => ({
    change: t.expose('change', { type: ChangeType, description: 'What happened.' }),
    agentId: t.exposeID('agentId', { description: 'The agent’s id.' }),
    agent: t.field({
      type: AgentType,
      nullable: true,
      description: 'The agent as it is now; null when it has been deleted, by this change or since.',
      resolve: ({ agentId }, _, context) => context.load(agentById, agentId),
    }),
    occurredAt: t.field(occurredAt),
  }),
});

builder.subscriptionField('agentChanged', (t) =>
  t.field({
    type: EventType,
    description:
      'Each change of the tenant’s agents, from now on, for a list of them. Their contacts are told by `participantChanged`. Needs `participants:read`.',
    authScopes: { scope: 'participants:read' },
    subscribe: (_, _args, context) => heard(context, 'agentChanged'),
    resolve: (event: Changed) => event,
  }),
);
