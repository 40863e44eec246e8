import { demand } from '../../auth/viewer.ts';
import {
  type AvatarBatch,
  batchById,
  batchNotFound,
  estimatedCompletion,
  failuresByBatch,
  maxRunning,
  newestBatch,
  runningByBatch,
  syncAgentAvatars,
  waitingByBatch,
} from '../../avatars/batches.ts';
import { progressOf } from '../../avatars/progress.ts';
import type { Agent } from '../../database/generated/client.ts';
import { agentById, agentNotFound } from '../../directory/agents/agents.ts';
import type { ErrorCode } from '../../errors/catalogue.ts';
import { builder } from '../builder.ts';
import type { GraphContext } from '../context.ts';
import { AgentType } from '../directory/agents.ts';
import { ParticipantType } from '../directory/participants.ts';
import { ErrorCodeType, storedCode } from '../error-code.ts';
import { HistorySubjectType } from '../history/subject.ts';
import { createOnce, idempotencyKey, still } from '../mutation.ts';
import { NodeType } from '../node-interface.ts';
import { reading } from '../selection.ts';

const ofAgent = reading<Agent>();

const StateType = builder.enumType('AvatarSyncBatchState', {
  description: 'Whether a batch is still at work.',
  values: {
    RUNNING: { description: 'Contacts are still to be done.' },
    FINISHED: { description: 'Every contact is done, well or not.' },
  },
});

const FailureCountType = builder.objectRef<{ code: ErrorCode; count: number }>('AvatarSyncFailureCount').implement({
  description: 'How many contacts failed, for good or at their last attempt, for one reason.',
  fields: (t) => ({
    code: t.field({
      type: ErrorCodeType,
      description: 'A code of the error catalogue.',
      resolve: ({ code }) => storedCode(code),
    }),
    count: t.exposeInt('count', { description: 'How many contacts failed with it.' }),
  }),
});

const BatchType = builder.objectRef<AvatarBatch>('AvatarSyncBatch').implement({
  interfaces: [NodeType, HistorySubjectType],
  description:
    'The sync of all the contacts of an agent, and how far it has come. A contact that is deleted meanwhile is not counted any more. Kept for 30 days after its end. Seen with `participants:read`.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The batch’s UUID.' }),
    agentId: t.exposeID('agentId', { description: 'The agent whose contacts are synced.' }),
    agent: t.field({
      type: AgentType,
      description: 'The agent whose contacts are synced.',
      resolve: ({ agentId }, _, context) => still(context.load(agentById, agentId), () => agentNotFound(agentId)),
    }),
    state: t.field({
      type: StateType,
      description: 'Whether it is still at work.',
      resolve: ({ finishedAt }) => (finishedAt ? 'FINISHED' : 'RUNNING'),
    }),
    total: t.exposeInt('total', { description: 'How many contacts the agent had when the batch started.' }),
    done: t.exposeInt('done', { description: 'How many of them are done: `synced`, `skipped` and `failed` together.' }),
    synced: t.exposeInt('synced', { description: 'How many have the avatar of a channel now.' }),
    skipped: t.exposeInt('skipped', {
      description: 'How many were left as they are, because somebody uploaded an avatar, or removed it meanwhile.',
    }),
    failed: t.exposeInt('failed', {
      description:
        'How many could not be synced. Those without a channel to sync from fail at once: `INTEGRATION_NOT_CONNECTED` when that channel’s integration config is not connected, `AVATAR_NOT_AVAILABLE` when its address is none of the provider’s, `AVATAR_SOURCE_NOT_REGISTERED` when no enabled channel’s provider has avatars, `CHANNEL_NOT_ON_PARTICIPANT` when there is no enabled channel at all. Those are counted here only; `avatarSyncFailuresConnection` has the others.',
    }),
    failures: t.field({
      type: [FailureCountType],
      description: 'How many could not be synced, by code, the most frequent first.',
      resolve: ({ id }, _, context) => context.load(failuresByBatch, id),
    }),
    waiting: t.field({
      type: [FailureCountType],
      description:
        'How many contacts wait to be tried again because their provider, or the storage, was away or asked to wait at the last attempt, by code, the most frequent first. They are not done yet; after a day of waiting they fail.',
      resolve: ({ id }, _, context) => context.load(waitingByBatch, id),
    }),
    running: t.field({
      type: [ParticipantType],
      description: `The contacts that are being synced at present, at most ${maxRunning} of them.`,
      resolve: ({ id }, _, context) => context.load(runningByBatch, id),
    }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When it was asked for.' }),
    finishedAt: t.expose('finishedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the last contact was done; null until then.',
    }),
    estimatedCompletionAt: t.field({
      type: 'DateTime',
      nullable: true,
      description:
        'When it will be done if it goes on as it has until now; null until a contact has been worked on, and when it is over. It may pass while the last contacts wait to be tried again.',
      resolve: (batch, _, { db }) => estimatedCompletion(batch, db.now().getTime()),
    }),
  }),
});

builder.queryField('avatarSyncBatch', (t) =>
  t.field({
    type: BatchType,
    nullable: true,
    description:
      'A batch of avatar syncs by its UUID; null when the tenant has no batch of that id. Needs `participants:read`.',
    authScopes: { scope: 'participants:read' },
    args: { id: t.arg.id({ required: true, description: 'The batch’s UUID.' }) },
    resolve: (_, { id }, context) => context.load(batchById, id),
  }),
);

builder.objectField(AgentType, 'avatarSyncBatch', (t) =>
  t.field({
    type: BatchType,
    nullable: true,
    description:
      'The newest batch of avatar syncs of the agent’s contacts; null when there was none in the last 30 days. Needs `participants:read`.',
    ...ofAgent(['id'], ({ id }, _, context) => {
      // An agent's key sees its own agent without this scope, but not the agent's contacts.
      demand(context.viewer, 'participants:read');
      return context.load(newestBatch, id);
    }),
  }),
);

builder.relayMutationField(
  'syncAgentAvatars',
  {
    description: 'The agent whose contacts to sync.',
    inputFields: (t) => ({
      agentId: t.id({ required: true, description: 'The agent whose contacts are to be synced.' }),
      idempotencyKey: t.string(idempotencyKey),
    }),
  },
  {
    description:
      'Queues a sync of the avatars of all participants bound to an agent, each from the first of its channels that has a picture. Uploaded avatars are kept. While a batch of the agent is running, this joins it: the answer is the same batch. Needs `participants:write`.',
    nullable: true,
    authScopes: { scope: 'participants:write' },
    resolve: (_, { input }, context) =>
      createOnce(context, 'syncAgentAvatars', input, {
        create: (db, _ids, keepIds) => syncAgentAvatars(db, input, context.services.syncable, keepIds),
        again: async ([id]) => id,
      }),
  },
  {
    description: 'The batch, which goes on in the background.',
    outputFields: (t) => ({
      batch: t.field({
        type: BatchType,
        description: 'The batch that was started or joined. `avatarSyncBatchProgress` follows it.',
        resolve: (id, _, context) => still(context.load(batchById, id), () => batchNotFound(id)),
      }),
    }),
  },
);

/** The batch's states, for as long as the viewer sees it. Throws AVATAR_SYNC_NOT_FOUND. */
async function progressIn(batchId: string, context: GraphContext) {
  const batch = await context.load(batchById, batchId);
  if (!batch) throw batchNotFound(batchId);
  const steps = context.services.events.listen(
    context.db.tenantId,
    'avatarSyncBatchProgress',
    (step) => step.batchId === batch.id,
  );
  return progressOf(() => {
    context.forget();
    return context.load(batchById, batch.id);
  }, steps);
}

builder.subscriptionField('avatarSyncBatchProgress', (t) =>
  t.field({
    type: BatchType,
    description:
      'A batch of avatar syncs as it goes on: its state at once, then each step, or several together for a client that reads slower. Completes when the batch is finished. A batch that the tenant doesn’t have is `AVATAR_SYNC_NOT_FOUND`. Needs `participants:read`.',
    authScopes: { scope: 'participants:read' },
    args: { batchId: t.arg.id({ required: true, description: 'The batch’s UUID.' }) },
    subscribe: (_, { batchId }, context) => progressIn(batchId, context),
    resolve: (batch: AvatarBatch) => batch,
  }),
);
