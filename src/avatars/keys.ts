import type { AvatarSize } from './sizes.ts';

/** The folder of a file's images. No other file has the same, so deleting it deletes nothing else. */
export const avatarFolder = (tenantId: string, fileId: string): string => `avatars/${tenantId}/${fileId}`;

/** The key of one size in that folder. */
export const avatarKey = (folder: string, size: AvatarSize): string => `${folder}/${size}.webp`;
