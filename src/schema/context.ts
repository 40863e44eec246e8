import DataLoader from 'dataloader';
import type { Viewer } from '../auth/viewer.ts';
import type { Actor } from '../database/actor.ts';
import type { TenantDatabase } from '../database/database.ts';
import type { Loader } from '../database/loaders.ts';
import type { Admission } from '../operations/admission.ts';
import { type Budget, createBudget } from '../operations/budget.ts';
import { ResultSize } from '../operations/result-size.ts';
import { boundedDatabase } from './bounded-database.ts';
import type { Services } from './services.ts';
import { Uncounted } from './uncounted.ts';

/** What every resolver gets: the viewer, the tenant's database, and the loaders of this operation. */
export type GraphContext = {
  readonly viewer: Viewer;
  readonly db: TenantDatabase;
  /** Who acts, for the history of what a mutation changes. Null for an operation that changes nothing. */
  readonly actor: Actor | null;
  readonly services: Services;
  /** The budget of the request, which the operations of a batch have in common. */
  readonly budget: Budget;
  /** Counts the result of this operation and ends it when it gets too large. */
  readonly size: ResultSize;
  /** The rows below which nothing was counted. */
  readonly uncounted: Uncounted;
  /** Returns what the loader finds for the key. Keys of one turn are read in one statement, each only once. */
  load<Key, Loaded>(loader: Loader<Key, Loaded>, key: Key): Promise<Loaded>;
  /** Stores a loader's value that another statement has read already. */
  prime<Key, Loaded>(loader: Loader<Key, Loaded>, key: Key, loaded: Loaded): void;
  /** Clears the loaders: after a write, and before each event of a subscription. */
  forget(): void;
  /** Lets go of all rows, when the operation has its result. */
  release(): void;
};

const now = Promise.resolve();

/** What one operation does not have in common with the others of its viewer. */
export type OwnParts = { budget?: Budget | undefined; admission?: Admission | null; actor?: Actor | null };

/**
 * Creates the context of one operation. It is a plain object, because Yoga copies its properties into its own. Without
 * a budget it creates one.
 */
export function createGraphContext(
  viewer: Viewer,
  database: TenantDatabase,
  services: Services,
  { budget = createBudget(), admission = null, actor = null }: OwnParts = {},
): GraphContext {
  const loaders = new Map<unknown, unknown>();
  const size = new ResultSize(budget, admission, viewer.tenantId);
  const db = boundedDatabase(database, budget.statements, size);
  const uncounted = new Uncounted(viewer, db, size);

  // The first call is DataLoader's own way. The rows of a long list are completed in steps, and this still reads their
  // keys in one statement.
  const schedule = (read: () => void) => {
    if (!size.whenStepped(read)) void now.then(() => process.nextTick(read));
  };

  function loaderFor<Key, Loaded>(loader: Loader<Key, Loaded>): DataLoader<Key, Loaded, unknown> {
    const known = loaders.get(loader);
    if (known) return known as DataLoader<Key, Loaded, unknown>;
    const { identity, maxBatchSize } = loader;
    const made = new DataLoader<Key, Loaded, unknown>((keys) => uncounted.read(loader, keys), {
      batchScheduleFn: schedule,
      ...(identity && { cacheKeyFn: identity }),
      ...(maxBatchSize !== undefined && { maxBatchSize }),
    });
    loaders.set(loader, made);
    return made;
  }

  return {
    viewer,
    db,
    actor,
    services,
    budget,
    size,
    uncounted,
    load: (loader, key) => (size.execution.stopped ? size.execution.never : loaderFor(loader).load(key)),
    prime: (loader, key, loaded) => void loaderFor(loader).prime(key, loaded),
    forget() {
      loaders.clear();
      uncounted.clear();
      size.nextEvent();
    },
    release() {
      // Reads of an operation that was stopped may still end, and are counted by its rows.
      if (size.execution.stopped) return;
      loaders.clear();
      uncounted.clear();
    },
  };
}
