import { needsConnection } from '../providers/providers.ts';
import type { AvatarSources } from './sources/registry.ts';

/** The providers that avatars can be had from: rules need to know them to choose a channel, and nothing more of the sources. */
export type SyncableProviders = {
  readonly all: readonly string[];
  /** Those among them that no integration config has to be connected for. */
  readonly unconnected: readonly string[];
};

/** What the sources make syncable. */
export function syncableProviders(sources: AvatarSources): SyncableProviders {
  const all = [...sources.keys()];
  return { all, unconnected: all.filter((provider) => !needsConnection(provider)) };
}

/**
 * SQL, for `from … lateral`: the channels of the participant `of` in tenant $1 that an avatar can be taken from, in the order in which
 * they are to be tried. `providers` and `unconnected` are the parameters with the two lists.
 */
export const syncableChannels = (of: string, providers: string, unconnected: string): string =>
  `select c.integration_config_id, c.address, c.provider, c.priority, c.id
   from channel c join integration_config config on config.tenant_id = c.tenant_id and config.id = c.integration_config_id
   where c.tenant_id = $1 and c.participant_id = ${of} and not c.disabled and c.address_valid
   and c.provider = any(${providers}::text[]) and (config.token_ciphertext is not null or c.provider = any(${unconnected}::text[]))
   order by c.priority, c.id`;
