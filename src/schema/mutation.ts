import { type Create, once } from '../idempotency/once.ts';
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

/** The input field of every mutation that creates. */
export const idempotencyKey = {
  description:
    'A text of your choice, of 1 to 255 characters, kept for a day: the same key and input from the same credential create nothing again, and give what was created the first time, as it is now. Another input is `CONFLICT`. What was refused is not kept.',
};

/** Runs a rule that creates: once for an `idempotencyKey` of the viewer's in the input. */
export function createOnce<Input extends { idempotencyKey?: string | null | undefined }, Result>(
  context: GraphContext,
  operation: string,
  { idempotencyKey, ...input }: Input & { clientMutationId?: string | null | undefined },
  of: Pick<Create<Result>, 'create' | 'again' | 'ids'>,
): Promise<Result> {
  const { kind, id } = context.viewer;
  delete input.clientMutationId;
  return write(context, () => once(context.db, { owner: `${kind} ${id}`, idempotencyKey, operation, input, ...of }));
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
