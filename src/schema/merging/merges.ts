import type { Scope } from '../../auth/scopes.ts';
import { demand, may } from '../../auth/viewer.ts';
import { connectionTo } from '../../database/edges.ts';
import type { ExternalUser, Participant } from '../../database/generated/client.ts';
import type { PageArguments } from '../../database/pages.ts';
import type { ListedParticipant } from '../../directory/participants/queries.ts';
import { type MergedParticipants, mergeParticipants } from '../../merging/merge-participants.ts';
import { type MergedUsers, mergeExternalUsers } from '../../merging/merge-users.ts';
import { mergeById, mergesByKind } from '../../merging/merges.ts';
import type { Merge, MergeConflict, NotRestored } from '../../merging/record.ts';
import { mergeNotFound, type Undone, undoMerge } from '../../merging/undo.ts';
import { nameOfKey } from '../auth/name-of-key.ts';
import { builder } from '../builder.ts';
import type { GraphContext } from '../context.ts';
import { ParticipantType } from '../directory/participants.ts';
import { ExternalUserType } from '../external-users/external-users.ts';
import { HistorySubjectType } from '../history/subject.ts';
import { write } from '../mutation.ts';
import { NodeType } from '../node-interface.ts';
import { reading } from '../selection.ts';

const PartyType = builder.objectRef<Merge['into']>('MergeParty').implement({
  description:
    'One of those that a merge is about, as they were called at its time. Seen with `users:read`; where participants are merged, with `participants:read`.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The UUID. That of one who was merged away leads to the survivor.' }),
    displayName: t.exposeString('displayName', { description: 'What they were called at the time of the merge.' }),
  }),
});

const ActorType = builder.objectRef<Merge>('MergeActor').implement({
  description:
    'Whose credential a merge was made with. Seen with `users:read`; where participants are merged, with `participants:read`.',
  fields: (t) => ({
    kind: t.string({
      description: 'What kind of credential it is: `USER`, `ACCESS_KEY` or `AGENT_KEY`.',
      resolve: ({ actorKind }) => actorKind,
    }),
    id: t.id({ description: 'A token’s subject, or a key’s id.', resolve: ({ actorId }) => actorId }),
    name: t.string({
      nullable: true,
      description:
        'What an access key is called, or the agent of an agent’s key. Null for a USER, and for a viewer without `admin`.',
      resolve: ({ actorKind, actorId }, _, context) => nameOfKey(context, actorKind, actorId),
    }),
  }),
});

const ConflictType = builder.objectRef<MergeConflict>('MergeConflict').implement({
  description:
    'A field that both had with another value. Seen with `users:read`; where participants are merged, with `participants:read`.',
  fields: (t) => ({
    field: t.exposeString('field', {
      description: 'The field, for example `lastName`, or `metadata.` and a member’s name.',
    }),
    kept: t.exposeString('kept', { description: 'What the survivor keeps; a member of the metadata as JSON.' }),
    dropped: t.exposeString('dropped', { description: 'What the other had, which no field shows any more.' }),
  }),
});

const MergeType = builder.objectRef<Merge>('Merge').implement({
  interfaces: [NodeType, HistorySubjectType],
  description:
    'That some were merged into one. Seen with `users:read`; where participants are merged, with `participants:read`.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The merge’s UUID; that of a preview names nothing.' }),
    into: t.field({ type: PartyType, description: 'Who stays.', resolve: ({ into }) => into }),
    from: t.field({ type: [PartyType], description: 'Who was merged away.', resolve: ({ from }) => from }),
    mergedAt: t.expose('mergedAt', { type: 'DateTime', description: 'When they were merged.' }),
    actor: t.field({ type: ActorType, description: 'Who merged them.', resolve: (merge) => merge }),
    conflicts: t.field({
      type: [ConflictType],
      description: 'The fields that both had with another value: the survivor’s stays. Identifiers are none: all stay.',
      resolve: ({ conflicts }) => [...conflicts],
    }),
    undoneAt: t.expose('undoneAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the merge was undone; null while it holds.',
    }),
  }),
});

const MergeConnection = builder.connectionObject(
  { type: MergeType, name: 'MergeConnection', description: 'A page of merges, the newest first.' },
  { description: 'A merge in a page.' },
);

builder.objectField(ExternalUserType, 'merges', (t) =>
  t.field({
    type: MergeConnection,
    description:
      'The merges that `undoMerge` can undo, and those into this user that were undone, the newest first: merges into this user, and into users who were merged into this one since.',
    args: t.arg.connectionArgs(),
    ...reading<ExternalUser>()(['id'], ({ id }, args: PageArguments, context: GraphContext) =>
      connectionTo(context, mergesByKind.EXTERNAL_USER, id, args),
    ),
  }),
);
builder.objectField(ParticipantType, 'merges', (t) =>
  t.field({
    type: MergeConnection,
    description:
      'The merges that `undoMerge` can undo, and those into this participant that were undone, the newest first: merges into this participant, and into participants who were merged into this one since.',
    args: t.arg.connectionArgs(),
    ...reading<ListedParticipant>()(['id'], ({ id }, args: PageArguments, context: GraphContext) =>
      connectionTo(context, mergesByKind.PARTICIPANT, id, args),
    ),
  }),
);

builder.relayMutationField(
  'mergeExternalUsers',
  {
    description: 'Who stays, and who is merged into them.',
    inputFields: (t) => ({
      intoId: t.id({ required: true, description: 'The UUID of the user who stays.' }),
      fromIds: t.idList({ required: true, description: 'The UUIDs of the users who are merged away: 1 to 20.' }),
      preview: t.boolean({ description: 'Whether to say only what would be. Null is as good as false.' }),
    }),
  },
  {
    description:
      'Merges external users into one, all or nothing. Their identifiers and memberships move; in the same conversation one membership stays, with the more advanced status. What the survivor lacks is filled; metadata is merged member by member, and the survivor’s wins. The ids that were merged away lead to the survivor. Metadata of more than 16 KB together is `VALIDATION_FAILED`; a user that was merged already is `CONFLICT`. Needs `users:write` and `users:read`.',
    nullable: true,
    authScopes: { scope: 'users:write' },
    resolve: (_, { input }, context) => {
      demand(context.viewer, 'users:read');
      return write(context, () => mergeExternalUsers(context.db, context.viewer, input));
    },
  },
  {
    description: 'The survivor, and the merge.',
    outputFields: (t) => ({
      externalUser: t.field({
        type: ExternalUserType,
        description:
          'The survivor; in a preview, with the fields, identifiers and conversation ids that it would have. What else is read of it is as it is now.',
        resolve: ({ user }: MergedUsers): ExternalUser => user,
      }),
      merge: t.field({ type: MergeType, description: 'The merge.', resolve: ({ merge }: MergedUsers) => merge }),
    }),
  },
);

builder.relayMutationField(
  'mergeParticipants',
  {
    description: 'Who stays, and who is merged into them.',
    inputFields: (t) => ({
      intoId: t.id({ required: true, description: 'The UUID of the participant who stays.' }),
      fromIds: t.idList({
        required: true,
        description: 'The UUIDs of the participants who are merged away: 1 to 20, of the survivor’s kind.',
      }),
      preview: t.boolean({ description: 'Whether to say only what would be. Null is as good as false.' }),
    }),
  },
  {
    description:
      'Merges participants of one kind into one, all or nothing. Their channels, bindings and memberships move. Of two channels with one address, two bindings to one agent, or two memberships in one conversation, the survivor’s stays; the membership gets the more advanced status. The survivor’s e-mail address and avatar stay, and where it has none it gets the other’s. The ids that were merged away lead to the survivor. Another kind, or more than 100 channels together, is `VALIDATION_FAILED`; a participant that was merged already is `CONFLICT`. Needs `participants:write` and `participants:read`.',
    nullable: true,
    authScopes: { scope: 'participants:write' },
    resolve: (_, { input }, context) => {
      demand(context.viewer, 'participants:read');
      return write(context, () =>
        mergeParticipants(context.db, context.viewer, input, context.services.participantHooks),
      );
    },
  },
  {
    description: 'The survivor, and the merge.',
    outputFields: (t) => ({
      participant: t.field({
        type: ParticipantType,
        description:
          'The survivor; in a preview, with the fields, channels and agent ids that it would have. What else is read of it is as it is now.',
        resolve: ({ participant }: MergedParticipants): Participant => participant,
      }),
      merge: t.field({ type: MergeType, description: 'The merge.', resolve: ({ merge }: MergedParticipants) => merge }),
    }),
  },
);

const NotRestoredType = builder.objectRef<NotRestored>('NotRestored').implement({
  description:
    'Something that an undone merge could not bring back. Seen with `users:read`; where participants are merged, with `participants:read`.',
  fields: (t) => ({
    subjectId: t.id({ description: 'The UUID of the one whose it was.', resolve: ({ subjectId }) => subjectId }),
    field: t.exposeString('field', { description: 'What it is, for example `identifiers` or `email`.' }),
    detail: t.exposeString('detail', { description: 'Why, in words.' }),
  }),
});

/** The scopes that it takes to undo a merge. */
const undoing: Readonly<Record<Merge['kind'], readonly Scope[]>> = {
  EXTERNAL_USER: ['users:write', 'users:read'],
  PARTICIPANT: ['participants:write', 'participants:read'],
};

builder.relayMutationField(
  'undoMerge',
  {
    description: 'The merge to undo.',
    inputFields: (t) => ({ mergeId: t.id({ required: true, description: 'The merge’s UUID.' }) }),
  },
  {
    description:
      'Undoes a merge: who was merged away is there again, with what was theirs and has not been changed since. Later merges into the same survivor hold, as if this one had never been. `CONFLICT` is a merge that was undone already, whose survivor was merged into another since (undo that merge first; the message names it), whose survivor would have no identifier left, or of which nobody can be there again. Needs `users:write` and `users:read`; where participants were merged, `participants:write` and `participants:read`.',
    nullable: true,
    async resolve(_, { input }, context) {
      const { viewer, db, services } = context;
      if (!may(viewer, 'participants:write')) demand(viewer, 'users:write');
      const merge = await context.load(mergeById, input.mergeId);
      if (!merge) throw mergeNotFound(input.mergeId);
      for (const scope of undoing[merge.kind]) demand(viewer, scope);
      return write(context, () => undoMerge(db, input, services.participantHooks));
    },
  },
  {
    description: 'Who is there now.',
    outputFields: (t) => ({
      merge: t.field({ type: MergeType, description: 'The merge.', resolve: ({ merge }: Undone) => merge }),
      externalUsers: t.field({
        type: [ExternalUserType],
        description: 'The survivor, then those who are there again; none where participants were merged.',
        resolve: ({ users }: Undone) => users,
      }),
      participants: t.field({
        type: [ParticipantType],
        description: 'The same of participants; none where external users were merged.',
        resolve: ({ participants }: Undone) => participants,
      }),
      notRestored: t.field({
        type: [NotRestoredType],
        description: 'What could not be brought back.',
        resolve: ({ notRestored }: Undone) => notRestored,
      }),
    }),
  },
);
