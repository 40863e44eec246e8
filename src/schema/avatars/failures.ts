import {
  type AutoSync,
  type AvatarSyncFailure,
  autoSyncByParticipant,
  pageOfFailures,
  pauseByConfig,
  retryAvatarSync,
} from '../../avatars/failures.ts';
import { participantNotFound } from '../../directory/participants/lock.ts';
import type { ListedParticipant } from '../../directory/participants/queries.ts';
import { participantById } from '../../directory/participants/queries.ts';
import { builder } from '../builder.ts';
import { ParticipantType } from '../directory/participants.ts';
import { IntegrationConfigType } from '../integrations/integrations.ts';
import { still, write } from '../mutation.ts';
import { reading } from '../selection.ts';
import { SyncErrorType } from './avatars.ts';

const ofParticipant = reading<ListedParticipant>();

const AutoSyncType = builder.objectRef<AutoSync>('ParticipantAvatarAutoSync').implement({
  description: 'What came of the last automatic sync of a participant’s avatar.',
  fields: (t) => ({
    synced: t.boolean({ description: 'Whether the avatar was taken.', resolve: ({ code }) => code === null }),
    provider: t.exposeString('provider', { description: 'The provider that was asked last, in lower case.' }),
    address: t.exposeString('address', { description: 'The address of the channel that was tried last.' }),
    attemptedAt: t.expose('attemptedAt', { type: 'DateTime', description: 'When it ended.' }),
    error: t.field({
      type: SyncErrorType,
      nullable: true,
      description: 'Why the avatar could not be taken; null when it was.',
      resolve: ({ code, status, detail }) =>
        code === null || status === null || detail === null ? null : { code, status, detail },
    }),
  }),
});

builder.objectField(ParticipantType, 'avatarAutoSync', (t) =>
  t.field({
    type: AutoSyncType,
    nullable: true,
    description:
      'What came of the last automatic sync of the avatar: one is queued when the participant is given a channel whose provider has avatars and is connected. Null when none has ended yet.',
    ...ofParticipant(['id'], ({ id }, _, context) => context.load(autoSyncByParticipant, id)),
  }),
);

builder.objectField(IntegrationConfigType, 'avatarSyncPausedUntil', (t) =>
  t.field({
    type: 'DateTime',
    nullable: true,
    description:
      'Until when no avatars are synced through it in the background, because its provider asked to wait; null when it did not.',
    resolve: async ({ id }, _, context) => (await context.load(pauseByConfig, id))?.until ?? null,
  }),
);

const FailureType = builder.objectRef<AvatarSyncFailure>('AvatarSyncFailure').implement({
  description:
    'A sync in the background, automatic or of a batch, that was given up: for a reason that trying again would not mend, or after five attempts. Gone when the participant’s avatar is synced, uploaded or removed, and after 30 days. Seen with `participants:read`.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The sync’s UUID: what `retryAvatarSync` takes.' }),
    participant: t.field({
      type: ParticipantType,
      description: 'Whose avatar it is.',
      resolve: ({ participantId: id }, _, context) =>
        still(context.load(participantById, id), () => participantNotFound(id)),
    }),
    provider: t.exposeString('provider', { description: 'The provider that was asked last, in lower case.' }),
    address: t.exposeString('address', { description: 'The address of the channel that was tried last.' }),
    attempts: t.exposeInt('attempts', { description: 'How often that channel was tried.' }),
    error: t.expose('error', { type: SyncErrorType, description: 'Why it was given up.' }),
    failedAt: t.expose('failedAt', { type: 'DateTime', description: 'When it was given up.' }),
  }),
});

const FailureConnection = builder.connectionObject(
  {
    type: FailureType,
    name: 'AvatarSyncFailureConnection',
    description: 'A page of failed avatar syncs, the latest first.',
  },
  { description: 'A failed avatar sync in a page.' },
);

const FilterType = builder.inputType('AvatarSyncFailureFilter', {
  description: 'Narrows a list of failed avatar syncs. Every field that is given must hold; null is as good as absent.',
  fields: (t) => ({
    agentId: t.id({ description: 'Only those of participants bound to this agent.' }),
    code: t.string({ description: 'Only those that failed with this code of the error catalogue.' }),
  }),
});

builder.queryField('avatarSyncFailuresConnection', (t) =>
  t.field({
    type: FailureConnection,
    description:
      'The avatar syncs in the background that were given up, at most one a participant, the latest first. Needs `participants:read`.',
    authScopes: { scope: 'participants:read' },
    args: { filter: t.arg({ type: FilterType, description: 'Which ones; null for all.' }), ...t.arg.connectionArgs() },
    resolve: (_, { filter, ...page }, { db }) => pageOfFailures(db, filter ?? {}, page),
  }),
);

builder.relayMutationField(
  'retryAvatarSync',
  {
    description: 'Which failed sync to try again.',
    inputFields: (t) => ({ id: t.id({ required: true, description: 'The failed sync’s UUID.' }) }),
  },
  {
    description:
      'Queues a failed avatar sync again, from the participant’s first syncable channel. To do so again while it is queued, or once it has succeeded, changes nothing. Needs `participants:write`.',
    nullable: true,
    authScopes: { scope: 'participants:write' },
    resolve: (_, { input }, context) =>
      write(context, () => retryAvatarSync(context.db, input, context.services.syncable)),
  },
  {
    description: 'The participant whose avatar is tried again.',
    outputFields: (t) => ({
      participant: t.field({
        type: ParticipantType,
        description: 'The participant as it is now.',
        resolve: (id, _, context) => still(context.load(participantById, id), () => participantNotFound(id)),
      }),
    }),
  },
);
