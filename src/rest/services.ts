import type { FileUrls } from '../avatars/file-urls.ts';
import type { AvatarSync } from '../avatars/sync.ts';
import type { ParticipantHooks } from '../directory/participants/hooks.ts';
import type { ExternalUserHooks } from '../external-users/delete.ts';
import type { TokenCipher } from '../integrations/token-cipher.ts';
import type { WebhookProviders } from '../integrations/webhooks/provider.ts';

/** What handlers need of the outside world: the same that the graph's fields get. */
export type RestServices = {
  readonly avatars: AvatarSync;
  readonly participantHooks: ParticipantHooks;
  readonly externalUserHooks: ExternalUserHooks;
  readonly fileUrls: FileUrls;
  readonly tokenCipher: TokenCipher;
  readonly webhookProviders: WebhookProviders;
  /** Where clients reach the service, without a slash at the end. */
  publicUrl(): string;
};
