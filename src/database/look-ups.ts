import { isOfStatement } from './failures.ts';
import type { Prepared } from './statement.ts';

/** Statements by a key, for whoever asks at the same moment: what is the same statement is run once for all of them. */
export interface LookUps {
  /** The rows for this caller, as JSON has them. `alone` is the statement for one caller, `together` the one for several. */
  ask(alone: Prepared, together: Prepared, values: readonly (string | null)[]): Promise<Rows>;
}

type Rows = Record<string, unknown>[];
type Caller = { values: readonly (string | null)[]; found(rows: Rows): void; failed(error: unknown): void };
type Asking = { alone: Prepared; together: Prepared; callers: Caller[] };

/** So many callers have one statement at the most. */
const most = 64;

/** `run` runs a statement that gives one JSON text. */
export function createLookUps(run: (statement: Prepared, values: readonly unknown[]) => Promise<string>): LookUps {
  let asking = new Map<string, Asking>();

  const askAlone = (alone: Prepared, { values, found, failed }: Caller) =>
    run(alone, values).then((text) => found(JSON.parse(text)), failed);

  async function askTogether({ alone, together }: Asking, callers: readonly Caller[]): Promise<void> {
    try {
      const text = await run(together, [JSON.stringify(callers.map(({ values }, n) => ({ n, ...values })))]);
      for (const [n, rows] of (JSON.parse(text) as Rows[]).entries()) callers[n]?.found(rows);
    } catch (error) {
      // What one caller asks for is not the others' affair.
      for (const caller of callers) {
        if (isOfStatement(error)) askAlone(alone, caller);
        else caller.failed(error);
      }
    }
  }

  function askAll(): void {
    const all = asking;
    asking = new Map();
    for (const each of all.values()) {
      const { alone, callers } = each;
      for (let from = 0; from < callers.length; from += most) {
        const some = callers.slice(from, from + most);
        const [only] = some;
        if (some.length === 1 && only) askAlone(alone, only);
        else void askTogether(each, some);
      }
    }
  }

  return {
    ask(alone, together, values) {
      if (asking.size === 0) setImmediate(askAll);
      let same = asking.get(alone.name);
      if (!same) {
        same = { alone, together, callers: [] };
        asking.set(alone.name, same);
      }
      const { callers } = same;
      return new Promise((found, failed) => callers.push({ values, found, failed }));
    },
  };
}
