import type { AvatarSync } from '../avatars/sync.ts';
import type { SyncableProviders } from '../avatars/syncable.ts';
import type { EventBus } from '../events/events.ts';
import type { SignIns } from '../integrations/oauth/sign-in.ts';
import type { TokenCipher } from '../integrations/token-cipher.ts';
import type { WebhookProviders } from '../integrations/webhooks/provider.ts';
import type { FileUrls } from '../storage/file-urls.ts';

/** What fields need of the outside world, made in app.ts and nowhere else. */
export type Services = {
  readonly events: EventBus;
  readonly avatars: AvatarSync;
  readonly syncable: SyncableProviders;
  readonly fileUrls: FileUrls;
  readonly tokenCipher: TokenCipher;
  readonly webhookProviders: WebhookProviders;
  /** Where clients reach the service, without a slash at the end. */
  publicUrl(): string;
  readonly signIns: SignIns;
};
