/** The sizes, in pixels a side, in which every avatar is stored. */
export const avatarSizes = [64, 128, 512] as const;

export type AvatarSize = (typeof avatarSizes)[number];
