/** The sizes of every stored avatar, in pixels per side. */
export const avatarSizes = [64, 128, 512] as const;

export type AvatarSize = (typeof avatarSizes)[number];
