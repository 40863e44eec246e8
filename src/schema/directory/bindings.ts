import type { Binding } from '../../database/generated/client.ts';
import { agentById, agentNotFound } from '../../directory/agents/agents.ts';
import {
  agentIdsByParticipant,
  bindingById,
  bindingNotFound,
  bindingsByParticipant,
  bindParticipant,
  bindParticipants,
  unbindParticipant,
} from '../../directory/bindings/bindings.ts';
import type { ListedParticipant } from '../../directory/participants/queries.ts';
import { builder } from '../builder.ts';
import type { GraphContext } from '../context.ts';
import { HistorySubjectType } from '../history/subject.ts';
import { createOnce, idempotencyKey, still, write } from '../mutation.ts';
import { NodeType } from '../node-interface.ts';
import { reading } from '../selection.ts';
import { AgentType } from './agents.ts';
import { participantField } from './participant-payload.ts';
import { ParticipantType } from './participants.ts';

const ofParticipant = reading<ListedParticipant>();

/** A binding in the graph; other features add their edges to it. */
export const BindingType = builder.prismaObject('Binding', {
  interfaces: [NodeType, HistorySubjectType],
  description:
    'A participant that is a contact of an agent. There is at most one binding for the two. Seen with `participants:read`.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The binding’s UUID.' }),
    participantId: t.exposeID('participantId', { description: 'The participant’s UUID.' }),
    participant: t.field({
      type: ParticipantType,
      description: 'The participant.',
      resolve: ({ participantId: id }, _, context) => participantField(id, context),
    }),
    agentId: t.exposeID('agentId', { description: 'The agent’s id.' }),
    agent: t.field({
      type: AgentType,
      description: 'The agent.',
      resolve: ({ agentId: id }, _, context) => still(context.load(agentById, id), () => agentNotFound(id)),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the binding was created.' }),
    modifiedAt: t.expose('modifiedAt', { type: 'DateTime', description: 'When the binding was last changed.' }),
  }),
});

const loadAgentIds = async (participantId: string, context: GraphContext) =>
  (await context.load(agentIdsByParticipant, participantId)).map(({ agentId }) => agentId);

builder.objectFields(ParticipantType, (t) => ({
  bindings: t.field({
    type: [BindingType],
    description: 'The bindings to agents, ordered by the agent’s id.',
    ...ofParticipant(['id'], ({ id }, _, context) => context.load(bindingsByParticipant, id)),
  }),
  agentIds: t.idList({
    description: 'The ids of the agents that the participant is bound to, in order.',
    ...ofParticipant(['id', 'agentIds'], ({ id, agentIds }, _, context) => agentIds ?? loadAgentIds(id, context)),
  }),
  agents: t.field({
    type: [AgentType],
    description: 'The agents that the participant is bound to, ordered by their ids.',
    ...ofParticipant(['id'], async ({ id }, _, context) => {
      const bindings = await context.load(bindingsByParticipant, id);
      return Promise.all(
        bindings.map(({ agentId }) => still(context.load(agentById, agentId), () => agentNotFound(agentId))),
      );
    }),
  }),
}));

const bindingField = (id: string, context: GraphContext) =>
  still(context.load(bindingById, id), () => bindingNotFound(id));

const ends = {
  participantId: { required: true, description: 'The participant’s UUID.' },
  agentId: { required: true, description: 'The agent’s id.' },
} as const;

builder.relayMutationField(
  'bindParticipant',
  {
    description: 'The participant and the agent to bind.',
    inputFields: (t) => ({
      participantId: t.id(ends.participantId),
      agentId: t.id(ends.agentId),
      idempotencyKey: t.string(idempotencyKey),
    }),
  },
  {
    description:
      'Makes a participant one of an agent’s contacts. Idempotent: where they are bound already, the binding stays as it is. Needs `participants:write`.',
    nullable: true,
    authScopes: { scope: 'participants:write' },
    resolve: (_, { input }, context) =>
      createOnce(context, 'bindParticipant', input, {
        create: (db, _ids, keepIds) => bindParticipant(db, input, keepIds),
        again: async ([id, created]) => ({ binding: await bindingField(id, context), created: created !== undefined }),
      }),
  },
  {
    description: 'The binding, and whether it is new.',
    outputFields: (t) => ({
      binding: t.field({ type: BindingType, description: 'The binding.', resolve: ({ binding }): Binding => binding }),
      created: t.exposeBoolean('created', {
        description: 'Whether this call made it; false when it was there before.',
      }),
    }),
  },
);

builder.relayMutationField(
  'unbindParticipant',
  {
    description: 'The participant and the agent to unbind.',
    inputFields: (t) => ({ participantId: t.id(ends.participantId), agentId: t.id(ends.agentId) }),
  },
  {
    description:
      'Ends a binding; neither the participant nor the agent is deleted. Idempotent: where there is none, it still succeeds. Needs `participants:write`.',
    nullable: true,
    authScopes: { scope: 'participants:write' },
    resolve: (_, { input }, context) => write(context, () => unbindParticipant(context.db, input)),
  },
  {
    description: 'Whether there was a binding, and the participant without it.',
    outputFields: (t) => ({
      removed: t.exposeBoolean('removed', { description: 'Whether there was a binding to end.' }),
      participant: t.field({
        type: ParticipantType,
        description: 'The participant, with the bindings it has now.',
        resolve: ({ participantId: id }, _, context) => participantField(id, context),
      }),
    }),
  },
);

builder.relayMutationField(
  'bindParticipants',
  {
    description: 'The agent, and the participants to bind to it.',
    inputFields: (t) => ({
      agentId: t.id(ends.agentId),
      participantIds: t.idList({ required: true, description: 'The participants’ UUIDs: 1 to 100.' }),
      idempotencyKey: t.string(idempotencyKey),
    }),
  },
  {
    description:
      'Makes up to 100 participants contacts of an agent, all or none. Those who are bound already stay so. An unknown one is `PARTICIPANT_NOT_FOUND`, and `errors` names each of them by its index. Needs `participants:write`.',
    nullable: true,
    authScopes: { scope: 'participants:write' },
    resolve: (_, { input }, context) =>
      createOnce(context, 'bindParticipants', input, {
        create: (db, _ids, keepIds) => bindParticipants(db, input, keepIds),
        again: async ([createdCount, ...ids]) => ({
          bindings: await Promise.all(ids.map((id) => bindingField(id, context))),
          createdCount: Number(createdCount),
        }),
      }),
  },
  {
    description: 'The bindings, and how many of them are new.',
    outputFields: (t) => ({
      bindings: t.field({
        type: [BindingType],
        description: 'The binding of each participant that was named, in that order.',
        resolve: ({ bindings }): Binding[] => bindings,
      }),
      createdCount: t.exposeInt('createdCount', { description: 'How many bindings this call made.' }),
    }),
  },
);
