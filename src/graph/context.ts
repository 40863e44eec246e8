import DataLoader from 'dataloader';
import type { Viewer } from '../auth/viewer.ts';
import type { TenantDatabase } from '../database/database.ts';
import type { Loader } from '../database/loaders.ts';
import type { Services } from './services.ts';

/** What every resolver gets: who asks, the tenant's database, and the loaders of this operation. */
export class GraphContext {
  readonly viewer: Viewer;
  readonly db: TenantDatabase;
  readonly services: Services;
  readonly #loaders = new Map<unknown, unknown>();

  constructor(viewer: Viewer, db: TenantDatabase, services: Services) {
    this.viewer = viewer;
    this.db = db;
    this.services = services;
  }

  /** What the loader finds for the key, together with all other keys asked for meanwhile in one statement, and only once. */
  load<Key, Loaded>(loader: Loader<Key, Loaded>, key: Key): Promise<Loaded> {
    return this.#of(loader).load(key);
  }

  /** Says what the loader would find, where another statement has already brought it. */
  prime<Key, Loaded>(loader: Loader<Key, Loaded>, key: Key, loaded: Loaded): void {
    this.#of(loader).prime(key, loaded);
  }

  /** Forgets all that was read: after a write, and before each event of a subscription. */
  forget(): void {
    this.#loaders.clear();
  }

  #of<Key, Loaded>(loader: Loader<Key, Loaded>): DataLoader<Key, Loaded, unknown> {
    let made = this.#loaders.get(loader) as DataLoader<Key, Loaded, unknown> | undefined;
    if (!made) {
      made = new DataLoader<Key, Loaded, unknown>((keys) => loader.load(this.db, keys), {
        ...(loader.identity && { cacheKeyFn: loader.identity }),
      });
      this.#loaders.set(loader, made);
    }
    return made;
  }
}
