import {
  type AutoSync,
  type AvatarSyncFailure,
  autoSyncByParticipant,
  pageOfFailures,
  pauseByConfig,
  retryAvatarSync,
  type WaitingSyncs,
  waitingSyncs,
} from '../../avatars/failures.ts';
import type { ListedParticipant } from '../../directory/participants/queries.ts';
import { configById, configNotFound } from '../../integrations/configs.ts';
import { builder } from '../builder.ts';
import { participantField, participantNow } from '../directory/participant-payload.ts';
import { ParticipantType } from '../directory/participants.ts';
import { ErrorCodeType, storedCode } from '../error-code.ts';
import { HistorySubjectType } from '../history/subject.ts';
import { IntegrationConfigType } from '../integrations/integrations.ts';
import { still, write } from '../mutation.ts';
import { NodeType } from '../node-interface.ts';
import { reading } from '../selection.ts';
import { SyncErrorType } from './avatars.ts';

const ofParticipant = reading<ListedParticipant>();

const AutoSyncType = builder.objectRef<AutoSync>('ParticipantAvatarAutoSync').implement({
  description: 'The outcome of the last automatic sync of a participant’s avatar.',
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
      'The outcome of the last automatic sync of the avatar: one is queued when the participant is given a channel whose provider has avatars and is connected. Null when none has ended yet.',
    ...ofParticipant(['id'], ({ id }, _, context) => context.load(autoSyncByParticipant, id)),
  }),
);

builder.objectField(IntegrationConfigType, 'avatarSyncPausedUntil', (t) =>
  t.field({
    type: 'DateTime',
    nullable: true,
    description: 'Until when its background syncs wait because the provider asked for it; null when it did not.',
    resolve: async ({ id }, _, context) => (await context.load(pauseByConfig, id))?.until ?? null,
  }),
);

const FailureType = builder.objectRef<AvatarSyncFailure>('AvatarSyncFailure').implement({
  interfaces: [NodeType, HistorySubjectType],
  description:
    'A sync in the background, automatic or of a batch, that was given up: for a reason that trying again would not mend, or after a day in which the provider or the storage stayed away. Gone when the participant’s avatar is synced, uploaded or removed, and after 30 days. Seen with `participants:read`.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The sync’s UUID: what `retryAvatarSync` takes.' }),
    participant: t.field({
      type: ParticipantType,
      description: 'The participant whose avatar it is.',
      resolve: ({ participantId: id }, _, context) => participantField(id, context),
    }),
    provider: t.exposeString('provider', { description: 'The provider that was asked last, in lower case.' }),
    address: t.exposeString('address', { description: 'The address of the channel that was tried last.' }),
    attempts: t.exposeInt('attempts', { description: 'How often the participant’s channels were tried.' }),
    error: t.expose('error', { type: SyncErrorType, description: 'Why it was given up.' }),
    failedAt: t.expose('failedAt', { type: 'DateTime', description: 'When it was given up.' }),
  }),
});

const FailureConnection = builder.connectionObject(
  {
    type: FailureType,
    name: 'AvatarSyncFailureConnection',
    description: 'A page of failed avatar syncs, the newest first.',
  },
  { description: 'A failed avatar sync in a page.' },
);

const FilterType = builder.inputType('AvatarSyncFailureFilter', {
  description: 'Narrows a list of failed avatar syncs. Every field that is given must hold; null is as good as absent.',
  fields: (t) => ({
    agentId: t.id({ description: 'Only those of participants bound to this agent.' }),
    code: t.field({
      type: ErrorCodeType,
      description: 'Only those that failed with this code of the error catalogue.',
    }),
  }),
});

builder.queryField('avatarSyncFailuresConnection', (t) =>
  t.field({
    type: FailureConnection,
    description:
      'The avatar syncs in the background that were given up, at most one a participant, the newest first. Needs `participants:read`.',
    authScopes: { scope: 'participants:read' },
    args: { filter: t.arg({ type: FilterType, description: 'Which ones; null for all.' }), ...t.arg.connectionArgs() },
    resolve: (_, { filter, ...page }, { db }) => pageOfFailures(db, filter ?? {}, page),
  }),
);

const WaitingType = builder.objectRef<WaitingSyncs>('WaitingAvatarSyncs').implement({
  description:
    'Avatar syncs in the background that were tried, and wait to be tried again: their provider or the storage was away, or asked to wait. The pauses grow up to 15 minutes, and after a day a sync is given up. Seen with `participants:read`.',
  fields: (t) => ({
    integrationConfig: t.field({
      type: IntegrationConfigType,
      description: 'The integration config of the channels that are tried next.',
      resolve: ({ integrationConfigId: id }, _, context) =>
        still(context.load(configById, id), () => configNotFound(id)),
    }),
    code: t.field({
      type: ErrorCodeType,
      description: 'Why the last attempt failed: a code of the error catalogue.',
      resolve: ({ code }) => storedCode(code),
    }),
    count: t.exposeInt('count', { description: 'How many participants wait.' }),
    since: t.expose('since', { type: 'DateTime', description: 'When the first of these syncs was queued.' }),
    nextAttemptAt: t.expose('nextAttemptAt', { type: 'DateTime', description: 'When the next of them is due.' }),
  }),
});

builder.queryField('waitingAvatarSyncs', (t) =>
  t.field({
    type: [WaitingType],
    description:
      'The avatar syncs that wait to be tried again, by integration config and reason, the most first, 1,000 at most. Empty when all is well. Needs `participants:read`.',
    authScopes: { scope: 'participants:read' },
    resolve: (_, __, { db }) => waitingSyncs(db),
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
      participant: t.field(participantNow()),
    }),
  },
);
