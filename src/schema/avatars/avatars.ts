import { filter, pipe } from 'graphql-yoga';
import { avatarSizes } from '../../avatars/sizes.ts';
import type { NamedAvatarSync } from '../../avatars/sync.ts';
import { asUuid } from '../../database/ids.ts';
import { survivorsOf } from '../../database/redirects.ts';
import type { ListedParticipant } from '../../directory/participants/queries.ts';
import { participantById } from '../../directory/participants/queries.ts';
import { Problem } from '../../errors/catalogue.ts';
import type { Events } from '../../events/events.ts';
import type { FieldCost } from '../../operations/field-cost.ts';
import { limits } from '../../operations/limits.ts';
import { builder } from '../builder.ts';
import type { GraphContext } from '../context.ts';
import { participantField, participantNow } from '../directory/participant-payload.ts';
import { ParticipantType } from '../directory/participants.ts';
import { ErrorCodeType, storedCode } from '../error-code.ts';
import { write } from '../mutation.ts';
import type { FieldWork } from '../row-price.ts';
import { reading } from '../selection.ts';

const ofParticipant = reading<ListedParticipant>();

// To make the images takes up to a second of CPU: one upload a request, and a few syncs, which wait for their provider
// too.
const upload: FieldCost = { cost: Math.floor(limits.cost / 2) + 1 };
const sync: FieldCost = { cost: Math.floor(limits.cost / 12) };
// A signature each.
const signing: FieldWork = { work: 5 };

/** The signed URL of a participant's avatar in a size. */
const signedUrl = (() => {
  const field = ofParticipant(
    ['avatarFileId'],
    ({ avatarFileId }, { size }: { size?: number | null | undefined }, { services }) => {
      const known = avatarSizes.find((one) => one === (size ?? 128));
      if (!known) {
        const message = `must be one of ${avatarSizes.join(', ')}`;
        throw new Problem('VALIDATION_FAILED', `size ${message}`, { errors: [{ path: ['size'], message }] });
      }
      return avatarFileId === null ? null : services.fileUrls.sign(avatarFileId, known);
    },
  );
  return { ...field, extensions: { ...field.extensions, ...signing } };
})();

builder.objectField(ParticipantType, 'avatarUrl', (t) =>
  t.field({
    type: 'URL',
    nullable: true,
    description:
      'The URL of the avatar. It needs no credential and is valid for at least an hour. It stays the same for most of that hour, so clients can cache it. Null without an avatar.',
    args: {
      size: t.arg.int({
        defaultValue: 128,
        description: 'The width and height in pixels: 64, 128 or 512; null is 128.',
      }),
    },
    ...signedUrl,
  }),
);

const participantId = { required: true, description: 'The participant’s UUID.' } as const;

builder.relayMutationField(
  'syncParticipantAvatarFromChannel',
  {
    description: 'Which channel of which participant to take the avatar from.',
    inputFields: (t) => ({
      participantId: t.id(participantId),
      channelId: t.id({
        description: 'The channel’s UUID; null where `integrationConfigId` and `address` name the channel.',
      }),
      integrationConfigId: t.id({
        description: 'The integration config of the channel; null where `channelId` is given.',
      }),
      address: t.string({ description: 'The address of the channel; null where `channelId` is given.' }),
    }),
  },
  {
    description:
      'Takes a participant’s avatar from one of its channels’ providers and stores it, in place of any before it, an uploaded one too. A sync that is queued for the participant is dropped. When it fails nothing changes. Needs `participants:write`.',
    nullable: true,
    authScopes: { scope: 'participants:write' },
    extensions: sync,
    resolve: (_, { input }: { input: NamedAvatarSync }, context) =>
      write(context, () => context.services.avatars.sync(context.db, input)),
  },
  {
    description: 'The participant with its avatar.',
    outputFields: (t) => ({
      participant: t.field(participantNow()),
    }),
  },
);

builder.relayMutationField(
  'uploadParticipantAvatar',
  {
    description: 'The participant, and the image.',
    inputFields: (t) => ({
      participantId: t.id(participantId),
      file: t.field({
        type: 'File',
        required: true,
        description: 'A PNG, JPEG, WebP, GIF or AVIF of at most 5 MiB. Of an animated image the first frame is taken.',
      }),
    }),
  },
  {
    description:
      'Takes an uploaded image as a participant’s avatar: cropped to a square, in three sizes, without its metadata. No automatic sync and no batch replaces it. Sent as a GraphQL multipart request. Needs `participants:write`.',
    nullable: true,
    authScopes: { scope: 'participants:write' },
    extensions: upload,
    resolve: (_, { input }, context) => write(context, () => context.services.avatars.upload(context.db, input)),
  },
  {
    description: 'The participant with its avatar.',
    outputFields: (t) => ({
      participant: t.field(participantNow()),
    }),
  },
);

builder.relayMutationField(
  'removeParticipantAvatar',
  {
    description: 'The participant.',
    inputFields: (t) => ({ participantId: t.id(participantId) }),
  },
  {
    description:
      'Leaves a participant without an avatar; a sync that is queued for it is dropped. To do so again changes nothing. Needs `participants:write`.',
    nullable: true,
    authScopes: { scope: 'participants:write' },
    resolve: (_, { input }, context) => write(context, () => context.services.avatars.remove(context.db, input)),
  },
  {
    description: 'The participant without an avatar.',
    outputFields: (t) => ({
      participant: t.field(participantNow()),
    }),
  },
);

type AvatarSynced = Events['avatarSynced'];

const OutcomeType = builder.enumType('AvatarSyncOutcome', {
  description: 'The outcome for a participant’s avatar.',
  values: {
    SYNCED: { description: 'The avatar is what `participant` says now: synced, uploaded, or removed.' },
    FAILED: { description: 'Nothing has changed; `error` says why.' },
  },
});

/** Why a sync failed, wherever it is told. */
export const SyncErrorType = builder.objectRef<NonNullable<AvatarSynced['error']>>('AvatarSyncError').implement({
  description: 'Why an avatar sync failed: the same code, status and detail that the mutation answers with.',
  fields: (t) => ({
    code: t.field({
      type: ErrorCodeType,
      description: 'A code of the error catalogue.',
      resolve: ({ code }) => storedCode(code),
    }),
    status: t.exposeInt('status', { description: 'The code’s HTTP status.' }),
    detail: t.exposeString('detail', { description: 'What happened, in a sentence.' }),
  }),
});

const EventType = builder.objectRef<AvatarSynced>('AvatarSyncEvent').implement({
  description: 'A change of a participant’s avatar, by a sync, an upload or a removal, or a sync that failed.',
  fields: (t) => ({
    participant: t.field({
      type: ParticipantType,
      description: 'The participant as it is now.',
      resolve: ({ participantId: id }, _, context) => participantField(id, context),
    }),
    outcome: t.field({
      type: OutcomeType,
      description: 'Whether it changed or failed.',
      resolve: ({ error }) => (error ? 'FAILED' : 'SYNCED'),
    }),
    error: t.expose('error', {
      type: SyncErrorType,
      nullable: true,
      description: 'Why it failed; null when it did not.',
    }),
    occurredAt: t.field({
      type: 'DateTime',
      description: 'When it happened.',
      resolve: ({ occurredAt }) => new Date(occurredAt),
    }),
  }),
});

/** The events about these participants (all of the tenant's when null) that still exist for the viewer. */
const synced = (context: GraphContext, ids: ReadonlySet<string> | null) =>
  pipe(
    context.services.events.listen(
      context.db.tenantId,
      'avatarSynced',
      ({ participantId }) => !ids || ids.has(participantId),
    ),
    filter(async ({ participantId: id }) => {
      context.forget();
      return (await context.load(participantById, id)) !== null;
    }),
  );

/** These ids, and those that they lead to where they were merged away. */
async function withSurvivors(context: GraphContext, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const leads = await Promise.all(ids.map((id) => context.load(survivorsOf.PARTICIPANT, id)));
  return new Set([...ids.map((id) => asUuid(id) ?? id), ...leads.flatMap((lead) => lead?.intoId ?? [])]);
}

builder.subscriptionField('participantAvatarSynced', (t) =>
  t.field({
    type: EventType,
    description:
      'Each change of an avatar, and each sync that failed. A background sync that will be tried again has not failed yet. Needs `participants:read`.',
    authScopes: { scope: 'participants:read' },
    args: {
      participantIds: t.arg.idList({
        description:
          'Only these participants; null for every one of the tenant. An id that was merged away hears of the survivor. Ids that are not in the tenant hear nothing.',
      }),
    },
    subscribe: async (_, { participantIds }, context) =>
      synced(context, participantIds ? await withSurvivors(context, participantIds) : null),
    resolve: (event: AvatarSynced) => event,
  }),
);
