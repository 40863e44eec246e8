import type { FileUrls } from '../avatars/file-urls.ts';
import type { AvatarSync } from '../avatars/sync.ts';
import type { SyncableProviders } from '../avatars/syncable.ts';
import type { ParticipantHooks } from '../directory/participants/hooks.ts';
import type { EventBus } from '../events/events.ts';
import type { ExternalUserHooks } from '../external-users/delete.ts';
import type { SignIns } from '../integrations/oauth/sign-in.ts';
import type { TokenCipher } from '../integrations/token-cipher.ts';
import type { WebhookProviders } from '../integrations/webhooks/provider.ts';
import type { LeftFiles } from '../persons/erase.ts';
import type { Storage } from '../storage/storage.ts';

/** What fields need of the outside world. composition/graph.ts creates it. */
export type Services = {
  readonly events: EventBus;
  readonly avatars: AvatarSync;
  readonly syncable: SyncableProviders;
  readonly participantHooks: ParticipantHooks;
  readonly externalUserHooks: ExternalUserHooks;
  readonly fileUrls: FileUrls;
  readonly tokenCipher: TokenCipher;
  readonly webhookProviders: WebhookProviders;
  /** The URL that clients reach the service by, without a slash at the end. */
  publicUrl(): string;
  readonly signIns: SignIns;
  /** Where files of data are stored. */
  readonly dataStorage: Storage;
  /** Deletes what the storage holds of an erased person. What cannot be deleted now, a sweep deletes. */
  deleteLeft(left: LeftFiles): Promise<void>;
};
