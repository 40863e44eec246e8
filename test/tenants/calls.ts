import type { Call } from './call.ts';
import { mutationCalls } from './mutation-calls.ts';
import { queryCalls } from './query-calls.ts';

/**
 * How to call every field of Query and Mutation across the wall between tenants: each id it takes, once, as the
 * other's.
 */
export const calls: Readonly<Record<string, readonly Call[]>> = { ...queryCalls, ...mutationCalls };

/** Fields that are called in a test of their own: files travel in another kind of request, streams end differently. */
export const calledElsewhere: ReadonlySet<string> = new Set([
  'uploadParticipantAvatar',
  'startImport',
  'importProgress',
  'agentChanged',
  'integrationConfigChanged',
  'participantAvatarSynced',
  'avatarSyncBatchProgress',
  'conversationChanged',
  'conversationParticipantChanged',
  'participantChanged',
  'unknownSenderChanged',
]);
