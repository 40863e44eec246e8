import { createHash } from 'node:crypto';
import type { AvatarSource } from '../avatars/sources/source.ts';
import { pattern } from './pattern.ts';
import { demoProvider } from './tenant.ts';

/** Draws a picture for every address, so that avatar syncs work without a provider. Never fails. */
export const demoAvatarSource: AvatarSource = {
  provider: demoProvider,
  locate: async ({ address }) => ({
    image: await pattern(createHash('sha256').update(address).digest().readUInt16BE()),
  }),
};
