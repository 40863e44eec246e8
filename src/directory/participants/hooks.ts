import type { TenantTransaction } from '../../database/database.ts';
import type { ChannelChanges } from '../channels/channels.ts';

/**
 * What other features do when participants change, in the same transaction. Hooks keep the directory from importing
 * avatars and conversations.
 */
export type ParticipantHooks = {
  /** Runs after the channels of a participant were written. */
  channelsChanged(tx: TenantTransaction, participantId: string, changes: ChannelChanges): Promise<void>;
  /** Gives a locked participant the stored file as its avatar, or none. Throws FILE_NOT_FOUND. */
  setAvatarFile(tx: TenantTransaction, participantId: string, fileId: string | null): Promise<void>;
  /** Runs before a participant is deleted. It is locked for update. */
  beforeDelete(tx: TenantTransaction, participantId: string): Promise<void>;
};
