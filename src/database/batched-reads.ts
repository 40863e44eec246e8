import { isOfStatement, isUnavailable } from './failures.ts';
import { askedByMany, isStorable, type Prepared } from './statement.ts';

/** Batches reads by a key: the same statement for concurrent callers runs once for all of them. */
export interface BatchedReads {
  /**
   * Returns the rows for this caller as JSON has them. `alone` is the statement for one caller, `forMany` the one for
   * many. Both give one JSON text.
   */
  ask(alone: Prepared, forMany: Prepared, values: readonly unknown[]): Promise<Rows>;
}

/**
 * Runs a statement and returns its JSON text. `gathered` says that nothing else is sent in this turn of the event loop.
 */
export type RunForJson = (statement: Prepared, values: readonly unknown[], gathered: boolean) => Promise<string>;

type Rows = Record<string, unknown>[];
type Texts = readonly (string | null)[];
type Caller = { values: Texts; found(rows: Rows): void; failed(error: unknown): void };
type Asking = { alone: Prepared; forMany: Prepared; callers: Caller[] };

/** The most callers of one statement. */
const max = 64;

const areTexts = (values: readonly unknown[]): values is Texts =>
  values.every((value) => value === null || (typeof value === 'string' && isStorable(value)));

export function createBatchedReads(run: RunForJson): BatchedReads {
  let asking = new Map<string, Asking>();

  const askAlone = async (alone: Prepared, values: readonly unknown[], gathered: boolean): Promise<Rows> =>
    JSON.parse(await run(alone, values, gathered));

  async function askForMany({ alone, forMany }: Asking, callers: readonly Caller[], gathered: boolean): Promise<void> {
    try {
      const text = await run(forMany, [askedByMany(callers.map(({ values }) => values))], gathered);
      for (const [n, rows] of (JSON.parse(text) as Rows[]).entries()) callers[n]?.found(rows);
    } catch (error) {
      // One caller's values must not fail the others. An outage of the database fails all.
      const isOfOne = isOfStatement(error) && !isUnavailable(error);
      for (const { values, found, failed } of callers) {
        if (isOfOne) askAlone(alone, values, false).then(found, failed);
        else failed(error);
      }
    }
  }

  function askAll(): void {
    const all = [...asking.values()].flatMap((each) =>
      Array.from({ length: Math.ceil(each.callers.length / max) }, (_, part) => ({
        each,
        callers: each.callers.slice(part * max, (part + 1) * max),
      })),
    );
    asking = new Map();
    for (const { each, callers } of all) {
      const [only] = callers.length === 1 ? callers : [];
      if (only) askAlone(each.alone, only.values, all.length === 1).then(only.found, only.failed);
      else void askForMany(each, callers, all.length === 1);
    }
  }

  return {
    ask(alone, forMany, values) {
      if (!areTexts(values)) return askAlone(alone, values, false);
      if (asking.size === 0) setImmediate(askAll);
      let same = asking.get(alone.name);
      if (!same) {
        same = { alone, forMany, callers: [] };
        asking.set(alone.name, same);
      }
      const { callers } = same;
      return new Promise((found, failed) => callers.push({ values, found, failed }));
    },
  };
}
