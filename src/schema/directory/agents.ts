import { agentById, agentNotFound, createAgent, listAgents } from '../../directory/agents/agents.ts';
import { builder } from '../builder.ts';
import { createOnce, idempotencyKey, still } from '../mutation.ts';

/** An agent in the graph. */
export const AgentType = builder.prismaObject('Agent', {
  description:
    'An AI agent of the tenant: what participants are bound to and conversations belong to. Seen with `participants:read`.',
  fields: (t) => ({
    id: t.exposeID('id', {
      description: 'The short name that the tenant chose, like `support-bot`. Never changes.',
    }),
    name: t.exposeString('name', { description: 'What the agent is called.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the agent was created.' }),
    modifiedAt: t.expose('modifiedAt', { type: 'DateTime', description: 'When the agent was last changed.' }),
  }),
});

builder.queryFields((t) => ({
  agent: t.field({
    type: AgentType,
    nullable: true,
    description: 'An agent by its id; null when the tenant has no agent of that id. Needs `participants:read`.',
    authScopes: { scope: 'participants:read' },
    args: { id: t.arg.id({ required: true, description: 'The agent’s id, as the tenant chose it.' }) },
    resolve: (_, { id }, context) => context.load(agentById, id),
  }),
  agents: t.field({
    type: [AgentType],
    description:
      'Every agent of the tenant, in the order of their names, without regard to case and accents (`abel`, `Ábel`, `ada`, `Bob`, `emile`, `Émile`, `zoe`), those of one name by id. Over 10,000 it is `RESULT_TOO_LARGE`. Needs `participants:read`.',
    authScopes: { scope: 'participants:read' },
    resolve: (_, _args, { db }) => listAgents(db),
  }),
}));

builder.relayMutationField(
  'createAgent',
  {
    description: 'The agent to create.',
    inputFields: (t) => ({
      id: t.string({
        required: true,
        description:
          'A short name of your choice: 1 to 64 letters, digits, dots, dashes or underscores. It cannot be changed later.',
      }),
      name: t.string({ required: true, description: 'What the agent is called: 1 to 150 characters.' }),
      idempotencyKey: t.string(idempotencyKey),
    }),
  },
  {
    description: 'Creates an agent. A taken id is `CONFLICT`. Needs `participants:write`.',
    nullable: true,
    authScopes: { scope: 'participants:write' },
    resolve: (_, { input }, context) =>
      createOnce(context, 'createAgent', input, {
        ids: [input.id],
        create: (db) => createAgent(db, input),
        again: async ([id]) => id,
      }),
  },
  {
    description: 'The agent that was created.',
    outputFields: (t) => ({
      agent: t.field({
        type: AgentType,
        description: 'The new agent.',
        resolve: (id, _, context) => still(context.load(agentById, id), () => agentNotFound(id)),
      }),
    }),
  },
);
