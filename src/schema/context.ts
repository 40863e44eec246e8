import DataLoader from 'dataloader';
import { GraphQLError, type GraphQLResolveInfo, responsePathAsArray } from 'graphql';
import type { Viewer } from '../auth/viewer.ts';
import type { TenantDatabase } from '../database/database.ts';
import type { Loader } from '../database/loaders.ts';
import { Problem } from '../errors/catalogue.ts';
import { limits } from '../operations/limits.ts';
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
  /** Counts the rows of a list, or one that stands alone, into the result. Throws RESULT_TOO_LARGE when it has more of either than it may. */
  count(found: number | 'one', field: Pick<GraphQLResolveInfo, 'path' | 'fieldNodes'>): void;
  /** Counts from nothing again, for a result that is made again. */
  recount(): void;
  /** Forgets all that was read: after a write, and before each event of a subscription. */
  forget(): void;
};

/** The context of one operation. A plain object, because Yoga copies its properties into its own. */
export function createGraphContext(viewer: Viewer, db: TenantDatabase, services: Services): GraphContext {
  const loaders = new Map<unknown, unknown>();
  let rows = 0;
  let alone = 0;
  // One for each field of the operation itself: a hundred thousand below it may find out, and a stack costs more than a row.
  const errors = new Map<string | number, GraphQLError>();

  const fromNothing = () => {
    rows = 0;
    alone = 0;
    errors.clear();
  };

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
    count(found, { path, fieldNodes }) {
      if (found === 'one') alone++;
      else rows += found;
      if (rows <= limits.rows && alone <= limits.rows) return;
      const message = `The result would have more than ${limits.rows} rows: ask for less at once.`;
      let top = path;
      while (top.prev) top = top.prev;
      let error = errors.get(top.key);
      if (!error) {
        const originalError = new Problem('RESULT_TOO_LARGE', message);
        error = new GraphQLError(message, { nodes: fieldNodes, path: responsePathAsArray(path), originalError });
        errors.set(top.key, error);
      }
      throw error;
    },
    recount: fromNothing,
    forget() {
      loaders.clear();
      fromNothing();
    },
  };
}
