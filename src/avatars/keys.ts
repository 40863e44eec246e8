import type { AvatarSize } from './sizes.ts';

/**
 * Where the storage keeps a file's images: a folder that no other file shares, so that to empty it can hurt no other.
 */
export const avatarFolder = (tenantId: string, fileId: string): string => `avatars/${tenantId}/${fileId}`;

/** Where in its folder one size of it lies. */
export const avatarKey = (folder: string, size: AvatarSize): string => `${folder}/${size}.webp`;
