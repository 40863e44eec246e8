import type { GraphContext } from './context.ts';

/** Runs a rule that writes, then clears the loaders, so that the payload and later fields see the change. */
export async function write<Result>(context: GraphContext, rule: () => Promise<Result>): Promise<Result> {
  try {
    return await rule();
  } finally {
    context.forget();
  }
}

/** Returns the row of a payload. Throws the given problem when the row was deleted meanwhile. */
export async function still<Row>(row: Promise<Row | null>, gone: () => Error): Promise<Row> {
  const found = await row;
  if (found === null) throw gone();
  return found;
}
