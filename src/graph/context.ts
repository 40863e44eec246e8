import DataLoader from 'dataloader';
import type { Viewer } from '../auth/viewer.ts';
import type { TenantDatabase } from '../database/database.ts';
import type { Loader } from '../database/loaders.ts';
import type { Services } from './services.ts';

/** What every resolver gets: who asks, the tenant's database, and the loaders of this operation. */
export type GraphContext = {
  readonly viewer: Viewer;
  readonly db: TenantDatabase;
  readonly services: Services;
  /** What the loader finds for the key, together with all other keys asked for meanwhile in one statement, and only once. */
  load<Key, Loaded>(loader: Loader<Key, Loaded>, key: Key): Promise<Loaded>;
  /** Says what the loader would find, where another statement has already brought it. */
  prime<Key, Loaded>(loader: Loader<Key, Loaded>, key: Key, loaded: Loaded): void;
  /** Forgets all that was read: after a write, and before each event of a subscription. */
  forget(): void;
};

/** The context of one operation. A plain object, because Yoga copies its properties into its own. */
export function createGraphContext(viewer: Viewer, db: TenantDatabase, services: Services): GraphContext {
  const loaders = new Map<unknown, unknown>();

  function loaderFor<Key, Loaded>(loader: Loader<Key, Loaded>): DataLoader<Key, Loaded, unknown> {
    const known = loaders.get(loader);
    if (known) return known as DataLoader<Key, Loaded, unknown>;
    const made = new DataLoader<Key, Loaded, unknown>(
      (keys) => loader.load(db, keys),
      loader.identity ? { cacheKeyFn: loader.identity } : undefined,
    );
    loaders.set(loader, made);
    return made;
  }

  return {
    viewer,
    db,
    services,
    load: (loader, key) => loaderFor(loader).load(key),
    prime: (loader, key, loaded) => void loaderFor(loader).prime(key, loaded),
    forget: () => loaders.clear(),
  };
}
