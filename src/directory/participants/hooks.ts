import type { TenantTransaction } from '../../database/database.ts';
import type { ChannelChanges } from '../channels/channels.ts';

/**
 * What other features do when participants change, in the same transaction. Handed in, so that the directory imports neither avatars
 * nor conversations.
 */
export type ParticipantHooks = {
  /** Runs after the channels of a participant were written. */
  channelsChanged(tx: TenantTransaction, participantId: string, changes: ChannelChanges): Promise<void>;
  /** Gives a participant, which is locked, the stored file as its avatar, or none. Throws FILE_NOT_FOUND. */
  setAvatarFile(tx: TenantTransaction, participantId: string, fileId: string | null): Promise<void>;
  /** Runs before a participant, which is locked for update, is deleted. */
  beforeDelete(tx: TenantTransaction, participantId: string): Promise<void>;
};
