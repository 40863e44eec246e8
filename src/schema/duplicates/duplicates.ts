import { demand } from '../../auth/viewer.ts';
import type { ExternalUser, Participant } from '../../database/generated/client.ts';
import { participantById } from '../../directory/participants/queries.ts';
import { type Candidate, dismissCandidate, pageOfCandidates } from '../../duplicates/queries.ts';
import { externalUserById } from '../../external-users/queries.ts';
import { builder } from '../builder.ts';
import type { GraphContext } from '../context.ts';
import { ParticipantType } from '../directory/participants.ts';
import { ExternalUserType } from '../external-users/external-users.ts';
import { HistorySubjectType } from '../history/subject.ts';
import { write } from '../mutation.ts';
import { NodeType } from '../node-interface.ts';

const KindType = builder.enumType('DuplicateKind', {
  description: 'What may be the same as each other.',
  values: {
    EXTERNAL_USER: { description: 'External users.' },
    PARTICIPANT: { description: 'Participants of one kind: persons, or groups.' },
  },
});

const ReasonType = builder.enumType('DuplicateReason', {
  description: 'Why some may be the same.',
  values: {
    SAME_PHONE: {
      description:
        'They have the same telephone number: participants as the address of a channel, users also as a foreign key.',
    },
    SAME_EMAIL_IGNORING_CASE_AND_DOTS: {
      description:
        'Their e-mail addresses differ at most in case and in dots before the `@`. At Gmail that is one mailbox, elsewhere it may be two. `googlemail.com` is `gmail.com`.',
    },
    SAME_NAME_AND_DOMAIN: {
      description:
        'They have the same name, without regard to case and accents, and e-mail addresses at the same domain.',
    },
    LINKED_BY_CHANNEL: {
      description:
        'Users: one person of the directory has the channels or the e-mail addresses of all of them. Participants: they have a channel with the same address.',
    },
  },
});

/** Those of the ids that are there, each once: an id that was merged away meanwhile leads to the survivor. */
async function present<Row extends { id: string }>(ids: readonly string[], load: (id: string) => Promise<Row | null>) {
  const rows = await Promise.all(ids.map(load));
  return [...new Map(rows.flatMap((row) => (row ? [[row.id, row] as const] : []))).values()];
}
const usersOf = (ids: readonly string[], context: GraphContext): Promise<ExternalUser[]> =>
  present(ids, (id) => context.load(externalUserById, id));
const participantsOf = (ids: readonly string[], context: GraphContext): Promise<Participant[]> =>
  present(ids, (id) => context.load(participantById, id));

const CandidateType = builder.objectRef<Candidate>('DuplicateCandidate').implement({
  interfaces: [NodeType, HistorySubjectType],
  description:
    'Two to 20 who may be the same person. A machine finds them, and never merges them. Seen with `users:read`; where they are participants, with `participants:read`.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The UUID. It stays while the same are candidates.' }),
    kind: t.field({ type: KindType, description: 'What they are.', resolve: ({ kind }) => kind }),
    users: t.field({
      type: [ExternalUserType],
      nullable: true,
      description:
        'The external users who may be the same, ordered by id; none where participants are. Null only with an error at its path. Needs `users:read`.',
      resolve: ({ kind, memberIds }, _, context) => {
        demand(context.viewer, 'users:read');
        return kind === 'EXTERNAL_USER' ? usersOf(memberIds, context) : [];
      },
    }),
    participants: t.field({
      type: [ParticipantType],
      nullable: true,
      description:
        'The participants who may be the same, ordered by id; where external users are, the persons of the directory that lead to all of them. Null only with an error at its path. Needs `participants:read`.',
      resolve: ({ kind, memberIds, viaIds }, _, context) => {
        demand(context.viewer, 'participants:read');
        return participantsOf(kind === 'PARTICIPANT' ? memberIds : viaIds, context);
      },
    }),
    reasons: t.field({
      type: [ReasonType],
      description: 'Why, in the order of the alphabet.',
      resolve: ({ reasons }) => reasons,
    }),
    confidence: t.float({
      description:
        'How likely it is, from 0 to 1: more with each reason, half as much where the users have foreign keys that differ.',
      resolve: ({ confidence }) => confidence / 100,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When they were found.' }),
    dismissedAt: t.expose('dismissedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When somebody said that they are not the same; null while nobody has.',
    }),
  }),
});

const CandidateConnection = builder.connectionObject(
  {
    type: CandidateType,
    name: 'DuplicateCandidateConnection',
    description: 'A page of duplicate candidates, the most likely first.',
  },
  { description: 'A duplicate candidate in a page.' },
);

const FilterType = builder.inputType('DuplicateCandidateFilter', {
  description:
    'Narrows a list of duplicate candidates. Every field that is given must hold; null is as good as absent.',
  fields: (t) => ({
    kind: t.field({ type: KindType, description: 'Only external users, or only participants.' }),
    reason: t.field({ type: ReasonType, description: 'Only those with this reason, perhaps besides others.' }),
  }),
});

builder.queryFields((t) => ({
  duplicateCandidatesConnection: t.field({
    type: CandidateConnection,
    description:
      'Those who may be the same and were not dismissed, page by page, the most likely first. They are looked for in the background, some seconds after a change. What more than 20 have in common says nothing. Needs `users:read` and `participants:read`.',
    authScopes: { scope: 'users:read' },
    args: {
      filter: t.arg({ type: FilterType, description: 'Which candidates; null for all.' }),
      ...t.arg.connectionArgs(),
    },
    resolve: (_, { filter, ...args }, { db, viewer }) => {
      demand(viewer, 'participants:read');
      return pageOfCandidates(db, filter ?? {}, args);
    },
  }),
}));

builder.relayMutationField(
  'dismissDuplicateCandidate',
  {
    description: 'The candidate to dismiss.',
    inputFields: (t) => ({ id: t.id({ required: true, description: 'The candidate’s UUID.' }) }),
  },
  {
    description:
      'Says that those of a candidate are not the same. They are not listed any more, nor some of them, until there is another reason. A repeat changes nothing. Needs `users:write` and `participants:write`.',
    nullable: true,
    authScopes: { scope: 'users:write' },
    resolve: (_, { input }, context) => {
      demand(context.viewer, 'participants:write');
      return write(context, () => dismissCandidate(context.db, input));
    },
  },
  {
    description: 'The candidate that was dismissed.',
    outputFields: (t) => ({
      candidate: t.field({
        type: CandidateType,
        description: 'The candidate.',
        resolve: (candidate: Candidate) => candidate,
      }),
    }),
  },
);
