import type { GraphQLSchema } from 'graphql';
import { demand } from '../../auth/viewer.ts';
import { agentById } from '../../directory/agents/agents.ts';
import { channelsByParticipant } from '../../directory/channels/channels.ts';
import { pageOfContacts } from '../../directory/participants/pages-of-agents.ts';
import {
  type ListedParticipant,
  type ParticipantParts,
  pageOfParticipants,
  participantAlone,
  participantWith,
} from '../../directory/participants/queries.ts';
import { listParticipants } from '../../directory/participants/whole-list.ts';
import { Problem } from '../../errors/catalogue.ts';
import type { FieldCost } from '../../operations/field-cost.ts';
import { builder } from '../builder.ts';
import { HistorySubjectType } from '../history/subject.ts';
import { NodeType } from '../node-interface.ts';
import { roomFor } from '../result-size.ts';
import { queryDescription } from '../search.ts';
import { columnsRead, fromSelection, nodesOf, reading, type Selection } from '../selection.ts';
import { AgentType } from './agents.ts';
import { ChannelType } from './channels.ts';
import { ReasonType } from './unreachable-reason.ts';

const ofParticipant = reading<ListedParticipant>();

/** What a participant is. */
export const ParticipantKindType = builder.enumType('ParticipantKind', {
  description: 'What a participant is. Fixed at creation.',
  values: {
    PERSON: { description: 'A human being.' },
    GROUP: { description: 'Several people on one channel, like a Slack channel.' },
    AI_AGENT: { description: 'An AI agent of the tenant, represented as a participant.' },
  },
});

const AvatarSourceType = builder.enumType('AvatarOrigin', {
  description: 'Where an avatar came from.',
  values: {
    UPLOADED: { description: 'Somebody uploaded it.' },
    CHANNEL: { description: 'It was taken from a channel’s provider.' },
  },
});

/** A participant in the graph; other features add their edges to it. */
export const ParticipantType = builder.prismaObject('Participant', {
  interfaces: [NodeType, HistorySubjectType],
  description:
    'Somebody in the tenant’s directory: a person, a group or an AI agent, and the ways to reach them. Seen with `participants:read`.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The participant’s UUID.' }),
    kind: t.expose('kind', { type: ParticipantKindType, description: 'What the participant is.' }),
    displayName: t.exposeString('displayName', { description: 'What the participant is called: 1 to 150 characters.' }),
    email: t.expose('email', {
      type: 'EmailAddress',
      nullable: true,
      description: 'The e-mail address; null when none is known.',
    }),
    relatedAgentId: t.exposeID('relatedAgentId', {
      nullable: true,
      description: 'The agent that an AI_AGENT is; null for every other kind.',
    }),
    relatedAgent: t.field({
      type: AgentType,
      nullable: true,
      description: 'The agent that an AI_AGENT is; null for every other kind.',
      ...ofParticipant(['relatedAgentId'], ({ relatedAgentId }, _, context) =>
        relatedAgentId === null ? null : context.load(agentById, relatedAgentId),
      ),
    }),
    channels: t.field({
      type: [ChannelType],
      description: 'The ways to reach the participant, in the order in which they are tried.',
      ...ofParticipant(
        ['id', 'channels'],
        (participant, _, context) => participant.channels ?? context.load(channelsByParticipant, participant.id),
      ),
    }),
    disabledAt: t.expose('disabledAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the participant was disabled; null while it is not.',
    }),
    avatarFileId: t.exposeID('avatarFileId', {
      nullable: true,
      description: 'The stored avatar’s file; null without an avatar.',
    }),
    avatarSource: t.expose('avatarSource', {
      type: AvatarSourceType,
      nullable: true,
      description:
        'Where the avatar came from; null without an avatar. One from a channel is removed when the participant loses that channel, because it may show somebody else; a disabled channel counts as well.',
    }),
    avatarSourceConfigId: t.exposeID('avatarSourceConfigId', {
      nullable: true,
      description: 'The integration config of the channel that the avatar was taken from; null unless it was.',
    }),
    avatarSourceAddress: t.exposeString('avatarSourceAddress', {
      nullable: true,
      description: 'The address of the channel that the avatar was taken from; null unless it was.',
    }),
    avatarSyncedAt: t.expose('avatarSyncedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the avatar was taken from the channel; null unless it was.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the participant was created.' }),
    modifiedAt: t.expose('modifiedAt', {
      type: 'DateTime',
      description: 'When the participant, its channels, its bindings as a list, or its avatar were last changed.',
    }),
  }),
});

/** What a selection reads of participants, besides those of their columns that are `always` read. */
export const participantParts = (
  selection: Selection,
  schema: GraphQLSchema,
  always: readonly string[],
): ParticipantParts => ({
  own: columnsRead(schema, 'Participant', selection, always),
  channels: selection.has('channels')
    ? { own: columnsRead(schema, 'Channel', selection.below('channels'), ['id']) }
    : null,
  agentIds: selection.has('agentIds'),
});

// The name orders the list, and is part of its cursors.
const listed = ['id', 'displayName'];
const partsListed = fromSelection((selection, schema) => participantParts(selection, schema, listed));
const partsPaged = fromSelection((selection, schema) => participantParts(nodesOf(selection), schema, listed));
// Several that are looked up are read by one statement, which has to serve all of them.
const partsLookedUp = fromSelection((selection, schema, isOnly) =>
  isOnly() ? participantParts(selection, schema, ['id']) : participantAlone,
);

const ParticipantConnection = builder.connectionObject(
  {
    type: ParticipantType,
    name: 'ParticipantConnection',
    description:
      'A page of participants, in the order of their names, without regard to case and accents (`abel`, `Ábel`, `ada`, `Bob`, `emile`, `Émile`, `zoe`), those of one name by id.',
  },
  { description: 'A participant in a page.' },
);

export const ParticipantFilterType = builder.inputType('ParticipantFilter', {
  description: 'Narrows a list of participants. Every field that is given must hold; null is as good as absent.',
  fields: (t) => ({
    agentId: t.id({ description: 'Only those bound to this agent.' }),
    kind: t.field({ type: ParticipantKindType, description: 'Only those of this kind.' }),
    disabled: t.boolean({ description: 'Only the disabled ones, or only the others.' }),
    email: t.string({ description: 'Only those with this e-mail address, in any case.' }),
    provider: t.string({
      description:
        'Only those with a channel of this provider, like `slack`, in any case. One that nobody has finds nobody.',
    }),
    reachable: t.boolean({ description: 'Only those who can be reached, or only the others, as `health` says.' }),
    reason: t.field({
      type: ReasonType,
      description:
        'Only those who cannot be reached for this reason, as `health` says. Together with `reachable: true`, nobody.',
    }),
    query: t.string({
      description: `${queryDescription} Searches names, e-mail addresses and the addresses of channels.`,
    }),
  }),
});

// Health is found out row by row: a count may look at 100,000 of them, the better part of a second.
const healthFilter: FieldCost = { filterCost: { of: ['reachable', 'reason'], page: 5_000, count: 45_000 } };

// 10,000 rows and their JSON take some 50 ms, for any selection.
const wholeDirectory: FieldCost = { costWithout: { argument: 'agentId', cost: 15_000 } };

builder.queryFields((t) => ({
  participant: t.field({
    type: ParticipantType,
    nullable: true,
    description:
      'A participant by its UUID; null when the tenant has no participant of that id. Needs `participants:read`.',
    authScopes: { scope: 'participants:read' },
    args: { id: t.arg.id({ required: true, description: 'The participant’s UUID.' }) },
    resolve: (_, { id }, context, info) => context.load(participantWith(partsLookedUp(info)), id),
  }),
  participants: t.field({
    type: [ParticipantType],
    description:
      'Every participant of the tenant, or those bound to one agent, in the order of their names, without regard to case and accents (`abel`, `Ábel`, `ada`, `Bob`, `emile`, `Émile`, `zoe`), those of one name by id. Not paged: over 10,000 it is `RESULT_TOO_LARGE`. Needs `participants:read`.',
    authScopes: { scope: 'participants:read' },
    extensions: wholeDirectory,
    args: {
      agentId: t.arg.id({ description: 'Only those bound to this agent; null for all. An unknown agent has none.' }),
    },
    resolve: (_, { agentId }, context, info) =>
      listParticipants(context.db, agentId ?? null, partsListed(info), roomFor(info, context)),
  }),
  participantsConnection: t.field({
    type: ParticipantConnection,
    description:
      'The participants of the tenant, page by page, in the order of their names, without regard to case and accents (`abel`, `Ábel`, `ada`, `Bob`, `emile`, `Émile`, `zoe`), those of one name by id. Needs `participants:read`.',
    authScopes: { scope: 'participants:read' },
    extensions: healthFilter,
    args: {
      filter: t.arg({ type: ParticipantFilterType, description: 'Which participants; null for all.' }),
      ...t.arg.connectionArgs(),
    },
    resolve: (_, { filter, ...args }, { db }, info) => pageOfParticipants(db, filter ?? {}, args, partsPaged(info)),
  }),
}));

builder.objectField(AgentType, 'participantsConnection', (t) =>
  t.field({
    type: ParticipantConnection,
    nullable: true,
    description:
      'The participants that are bound to the agent, page by page, in the order of their names, without regard to case and accents, those of one name by id. Null only with an error at its path. Needs `participants:read`.',
    args: {
      filter: t.arg({
        type: ParticipantFilterType,
        description: 'Which of them; null for all. An `agentId` in it must be this agent’s.',
      }),
      ...t.arg.connectionArgs(),
    },
    extensions: { ...healthFilter, reads: ['id'] },
    resolve: ({ id }, { filter, ...args }, context, info) => {
      demand(context.viewer, 'participants:read');
      if (filter?.agentId != null && filter.agentId !== id) {
        const message = 'must be this agent’s, or not given';
        const errors = [{ path: ['filter', 'agentId'], message }];
        throw new Problem('VALIDATION_FAILED', `agentId ${message}`, { errors });
      }
      const { agentId: _, ...others } = filter ?? {};
      return pageOfContacts(context, id, others, args, partsPaged(info));
    },
  }),
);
