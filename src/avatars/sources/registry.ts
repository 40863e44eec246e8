import type { AvatarSource } from './source.ts';

/** The sources by the name of their provider. */
export type AvatarSources = ReadonlyMap<string, AvatarSource>;

/** Registers the sources; a provider that none of them names has no avatars. */
export function createAvatarSources(sources: readonly AvatarSource[]): AvatarSources {
  return new Map(sources.map((source) => [source.provider, source]));
}
