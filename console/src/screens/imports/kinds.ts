import type { DataJobState, DataKind } from '../../graph/generated/graphql.ts';

/** What goes in or out, in words. */
export const kinds: Readonly<Record<DataKind, string>> = {
  EXTERNAL_USERS: 'External users',
  PARTICIPANTS: 'Participants',
  CONVERSATIONS: 'Conversations',
};

export const stateWords: Readonly<Record<DataJobState, string>> = {
  QUEUED: 'Waits',
  RUNNING: 'Goes on',
  DONE: 'Done',
  FAILED: 'Failed',
  CANCELLED: 'Cancelled',
};

/** The colour of a state. */
export const stateBadges: Readonly<Record<DataJobState, string>> = {
  QUEUED: 'badge badge-pending',
  RUNNING: 'badge badge-pending',
  DONE: 'badge badge-good',
  FAILED: 'badge badge-bad',
  CANCELLED: 'badge',
};
