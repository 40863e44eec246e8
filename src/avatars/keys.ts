import type { AvatarSize } from './sizes.ts';

/** Where the storage keeps an avatar's image: by tenant and content, so that equal pictures of a tenant are one. */
export const avatarKey = (tenantId: string, contentHash: string, size: AvatarSize): string =>
  `avatars/${tenantId}/${contentHash.slice(0, 2)}/${contentHash}/${size}.webp`;
