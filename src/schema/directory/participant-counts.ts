import {
  type AgentCount,
  countByAgent,
  countByHealth,
  countByProvider,
  type ProviderCount,
  type ReasonCount,
} from '../../directory/participants/counts.ts';
import { Problem } from '../../errors/catalogue.ts';
import { builder } from '../builder.ts';
import { AgentType } from './agents.ts';
import { ReasonType } from './unreachable-reason.ts';

type Counts = { agentId: string | null } & Awaited<ReturnType<typeof countByHealth>>;

const ReasonCountType = builder.objectRef<ReasonCount>('ParticipantReasonCount').implement({
  description: 'How many participants cannot be reached for one reason. Seen with `participants:read`.',
  fields: (t) => ({
    reason: t.field({ type: ReasonType, description: 'The reason.', resolve: ({ reason }) => reason }),
    count: t.exposeInt('count', { description: 'How many participants; never 0.' }),
  }),
});

const ProviderCountType = builder.objectRef<ProviderCount>('ParticipantProviderCount').implement({
  description: 'How many participants have a channel of one provider. Seen with `participants:read`.',
  fields: (t) => ({
    provider: t.exposeString('provider', { description: 'The provider, for example `slack`.' }),
    count: t.exposeInt('count', { description: 'How many participants have at least one channel of it.' }),
  }),
});

const AgentCountType = builder.objectRef<AgentCount>('ParticipantAgentCount').implement({
  description: 'How many participants are bound to one agent. Seen with `participants:read`.',
  fields: (t) => ({
    agent: t.field({ type: AgentType, description: 'The agent.', resolve: ({ agent }) => agent }),
    total: t.exposeInt('total', { description: 'How many participants are bound to it; never 0.' }),
    unreachable: t.exposeInt('unreachable', { description: 'How many of them cannot be reached.' }),
  }),
});

const counting = { cost: 20_000 };

function checkedFirst(first: number): number {
  if (first >= 0 && first <= 100) return first;
  const message = 'must be from 0 to 100';
  throw new Problem('VALIDATION_FAILED', `first ${message}`, { errors: [{ path: ['first'], message }] });
}

const CountsType = builder.objectRef<Counts>('ParticipantCounts').implement({
  description: 'How many participants there are, by what a dashboard shows. Seen with `participants:read`.',
  fields: (t) => ({
    total: t.exposeInt('total', { description: 'How many participants there are.' }),
    reachable: t.exposeInt('reachable', { description: 'How many of them can be reached, as `health` says.' }),
    unreachable: t.exposeInt('unreachable', { description: 'How many of them cannot be reached.' }),
    byReason: t.field({
      type: [ReasonCountType],
      description: 'Those who cannot be reached by the reason, the most general first. Reasons of nobody are left out.',
      resolve: ({ byReason }) => byReason,
    }),
    byProvider: t.field({
      type: [ProviderCountType],
      description:
        'Those who have a channel, by its provider, the most first. One with several providers counts in each.',
      extensions: counting,
      resolve: ({ agentId }, _, { db }) => countByProvider(db, agentId),
    }),
    byAgent: t.field({
      type: [AgentCountType],
      description:
        'Those who are bound to an agent, by agent, the most first. One with several agents counts in each. With `agentId`, that agent alone.',
      extensions: counting,
      args: { first: t.arg.int({ defaultValue: 20, description: 'How many agents: 0 to 100. 20 when not given.' }) },
      resolve: ({ agentId }, { first }, { db }) => countByAgent(db, agentId, checkedFirst(first ?? 20)),
    }),
  }),
});

builder.queryField('participantCounts', (t) =>
  t.field({
    type: CountsType,
    description:
      'Counts the tenant’s participants, or those bound to one agent, for a dashboard. Needs `participants:read`.',
    authScopes: { scope: 'participants:read' },
    extensions: counting,
    args: {
      agentId: t.arg.id({ description: 'Only those bound to this agent; null for all. An unknown agent has none.' }),
    },
    resolve: async (_, { agentId }, { db }) => ({
      agentId: agentId ?? null,
      ...(await countByHealth(db, agentId ?? null)),
    }),
  }),
);
