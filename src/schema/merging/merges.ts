import { demand } from '../../auth/viewer.ts';
import type { ExternalUser } from '../../database/generated/client.ts';
import { type Merged, mergeExternalUsers } from '../../merging/merge.ts';
import type { Merge, MergeConflict } from '../../merging/record.ts';
import { type NotRestored, type Undone, undoMerge } from '../../merging/undo.ts';
import { builder } from '../builder.ts';
import { ExternalUserType } from '../external-users/external-users.ts';
import { write } from '../mutation.ts';
import { NodeType } from '../node-interface.ts';

const PartyType = builder.objectRef<Merge['into']>('MergeParty').implement({
  description: 'One of those that a merge is about, as they were called at its time. Seen with `users:read`.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The UUID. That of one who was merged away leads to the survivor.' }),
    displayName: t.exposeString('displayName', { description: 'What they were called at the time of the merge.' }),
  }),
});

const ActorType = builder.objectRef<Merge>('MergeActor').implement({
  description: 'Whose credential a merge was made with. Seen with `users:read`.',
  fields: (t) => ({
    kind: t.string({
      description: 'What kind of credential it is: `USER`, `ACCESS_KEY` or `AGENT_KEY`.',
      resolve: ({ actorKind }) => actorKind,
    }),
    id: t.id({ description: 'A token’s subject, or a key’s id.', resolve: ({ actorId }) => actorId }),
  }),
});

const ConflictType = builder.objectRef<MergeConflict>('MergeConflict').implement({
  description: 'A field that both had with another value. Seen with `users:read`.',
  fields: (t) => ({
    field: t.exposeString('field', {
      description: 'The field, for example `lastName`, or `metadata.` and a member’s name.',
    }),
    kept: t.exposeString('kept', { description: 'What the survivor keeps; a member of the metadata as JSON.' }),
    dropped: t.exposeString('dropped', { description: 'What the other had, which no field shows any more.' }),
  }),
});

const MergeType = builder.objectRef<Merge>('Merge').implement({
  interfaces: [NodeType],
  description: 'That some were merged into one. Seen with `users:read`.',
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
      'Merges external users into one, all or nothing. Their identifiers and memberships move; in the same conversation one membership stays, with the more advanced status. What the survivor lacks is filled; metadata is merged member by member, and the survivor’s wins. The ids that were merged away lead to the survivor. A user that was merged already is `CONFLICT`. Needs `users:write` and `users:read`.',
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
        description: 'The survivor; in a preview, as it would be.',
        resolve: ({ user }: Merged): ExternalUser => user,
      }),
      merge: t.field({ type: MergeType, description: 'The merge.', resolve: ({ merge }: Merged) => merge }),
    }),
  },
);

const NotRestoredType = builder.objectRef<NotRestored>('NotRestored').implement({
  description: 'Something that an undone merge could not bring back. Seen with `users:read`.',
  fields: (t) => ({
    subjectId: t.id({ description: 'The UUID of the user whose it was.', resolve: ({ userId }) => userId }),
    field: t.exposeString('field', { description: 'What it is, for example `identifiers` or `email`.' }),
    detail: t.exposeString('detail', { description: 'Why, in words.' }),
  }),
});

builder.relayMutationField(
  'undoMerge',
  {
    description: 'The merge to undo.',
    inputFields: (t) => ({ mergeId: t.id({ required: true, description: 'The merge’s UUID.' }) }),
  },
  {
    description:
      'Undoes a merge: who was merged away is there again, with what was theirs and has not been changed since. A merge that was undone already, or whose survivor was merged into another, is `CONFLICT`. Needs `users:write` and `users:read`.',
    nullable: true,
    authScopes: { scope: 'users:write' },
    resolve: (_, { input }, context) => {
      demand(context.viewer, 'users:read');
      return write(context, () => undoMerge(context.db, input));
    },
  },
  {
    description: 'Who is there now.',
    outputFields: (t) => ({
      merge: t.field({ type: MergeType, description: 'The merge.', resolve: ({ merge }: Undone) => merge }),
      externalUsers: t.field({
        type: [ExternalUserType],
        description: 'The survivor, then those who are there again.',
        resolve: ({ users }: Undone) => users,
      }),
      notRestored: t.field({
        type: [NotRestoredType],
        description: 'What could not be brought back.',
        resolve: ({ notRestored }: Undone) => notRestored,
      }),
    }),
  },
);
