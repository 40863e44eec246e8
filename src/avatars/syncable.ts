import { type Fragment, parameter, sql, tenant } from '../database/sql/fragment.ts';
import { array, text } from '../database/sql/types.ts';
import { needsConnection } from '../providers/providers.ts';
import type { AvatarSources } from './sources/registry.ts';

/** The providers with avatars. Rules need their names to choose a channel, and nothing more of the sources. */
export type SyncableProviders = {
  readonly all: readonly string[];
  /** Those that need no connected integration config. */
  readonly unconnected: readonly string[];
};

/** What the sources make syncable. */
export function syncableProviders(sources: AvatarSources): SyncableProviders {
  const all = [...sources.keys()];
  return { all, unconnected: all.filter((provider) => !needsConnection(provider)) };
}

const all = parameter('all', array(text));
const unconnected = parameter('unconnected', array(text));

/**
 * SQL for `from … lateral`: the channels of the tenant's participant `of` that an avatar can be taken from, in the
 * order in which they are tried. It takes SyncableProviders.
 */
export const syncableChannels = (of: Fragment) =>
  sql`select c.integration_config_id, c.address, c.provider, c.priority, c.id
   from channel c join integration_config config on config.tenant_id = c.tenant_id and config.id = c.integration_config_id
   where c.tenant_id = ${tenant} and c.participant_id = ${of} and not c.disabled and c.address_valid
   and c.provider = any(${all}) and (config.token_ciphertext is not null or c.provider = any(${unconnected}))
   order by c.priority, c.id`;
