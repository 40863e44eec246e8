import { deleteAgent, type GoingWithAgent } from '../../conversations/delete-agent.ts';
import { agentById, agentNotFound, createAgent, listAgents, updateAgent } from '../../directory/agents/agents.ts';
import type { Going } from '../../values/going.ts';
import { builder } from '../builder.ts';
import type { GraphContext } from '../context.ts';
import { HistorySubjectType } from '../history/subject.ts';
import { createOnce, idempotencyKey, ifModifiedAt, still, write } from '../mutation.ts';
import { NodeType } from '../node-interface.ts';

/** An agent in the graph. */
export const AgentType = builder.prismaObject('Agent', {
  interfaces: [NodeType, HistorySubjectType],
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

const agentField = (id: string, context: GraphContext) => still(context.load(agentById, id), () => agentNotFound(id));

builder.relayMutationField(
  'createAgent',
  {
    description: 'The agent to create.',
    inputFields: (t) => ({
      id: t.id({
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
        resolve: (id, _, context) => agentField(id, context),
      }),
    }),
  },
);

builder.relayMutationField(
  'updateAgent',
  {
    description: 'The changes to make. What is absent stays as it is.',
    inputFields: (t) => ({
      agentId: t.id({ required: true, description: 'The agent’s id. It cannot be changed.' }),
      name: t.string({ description: 'What the agent is called: 1 to 150 characters. Null is refused.' }),
      ifModifiedAt: t.field(ifModifiedAt),
    }),
  },
  {
    description: 'Changes an agent. Needs `participants:write`.',
    nullable: true,
    authScopes: { scope: 'participants:write' },
    resolve: (_, { input }, context) => write(context, () => updateAgent(context.db, input)),
  },
  {
    description: 'The agent that was changed.',
    outputFields: (t) => ({
      agent: t.field({
        type: AgentType,
        description: 'The agent as it is now.',
        resolve: (id, _, context) => agentField(id, context),
      }),
    }),
  },
);

const DependentsType = builder.objectRef<GoingWithAgent>('AgentDependents').implement({
  description: 'What goes with an agent when it is deleted: how many of each. Seen with `participants:read`.',
  fields: (t) => ({
    representatives: t.exposeInt('representatives', {
      description: 'Participants of the kind `AI_AGENT` that are this agent: they are deleted.',
    }),
    bindings: t.exposeInt('bindings', { description: 'Bindings: they end, and the participants stay.' }),
    conversations: t.exposeInt('conversations', {
      description: 'Conversations that belong to it: they stay, and belong to no agent any more.',
    }),
    memberships: t.exposeInt('memberships', { description: 'Its own memberships in conversations: they are deleted.' }),
    keys: t.exposeInt('keys', { description: 'Its secret keys and webhook keys that work: they end at once.' }),
  }),
});

builder.relayMutationField(
  'deleteAgent',
  {
    description: 'The agent to delete.',
    inputFields: (t) => ({
      agentId: t.id({ required: true, description: 'The agent’s id.' }),
      preview: t.boolean({ description: 'Whether only to say what would go with it; null is false.' }),
      force: t.boolean({ description: 'Whether to delete it even if something goes with it; null is false.' }),
    }),
  },
  {
    description:
      'Deletes an agent, with what goes with it, all or nothing. While something does, it is `CONFLICT` without `force`, and `errors` names what. Needs `participants:write`.',
    nullable: true,
    authScopes: { scope: 'participants:write' },
    resolve: (_, { input }, context) =>
      write(context, () => deleteAgent(context.db, input, context.services.participantHooks)),
  },
  {
    description: 'What was deleted, or would be.',
    outputFields: (t) => ({
      deletedId: t.exposeID('deletedId', {
        nullable: true,
        description: 'The id of the agent that is gone; null after a preview.',
      }),
      goes: t.field({
        type: DependentsType,
        description: 'What went with it, or would.',
        resolve: ({ goes }: Going<GoingWithAgent>) => goes,
      }),
    }),
  },
);
