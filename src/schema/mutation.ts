import type { GraphContext } from './context.ts';

/** Runs a rule that writes, and then forgets what was read before it, so that the payload and later fields see the change. */
export async function write<Result>(context: GraphContext, rule: () => Promise<Result>): Promise<Result> {
  try {
    return await rule();
  } finally {
    context.forget();
  }
}

/** The row that a payload points to. It is there unless it was deleted since: then that is what the caller is told. */
export async function still<Row>(row: Promise<Row | null>, gone: () => Error): Promise<Row> {
  const found = await row;
  if (found === null) throw gone();
  return found;
}

/** The input field by which an update is refused when somebody was faster. */
export const ifModifiedAt = {
  type: 'DateTime',
  description:
    'The `modifiedAt` that you have read. When it has changed since, nothing is done and the answer is `CONFLICT`. Null is as good as absent.',
} as const;

/** Why a name is deprecated that another has taken the place of. */
export const formerName = (name: string) =>
  `Use \`${name}\`. Deprecated on 2026-11-25; it goes with the first release.`;
