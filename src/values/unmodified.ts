import { Problem } from '../errors/catalogue.ts';

/** For inputs of updates: when the caller's copy was last changed. Absent or null where that is not compared. */
export type IfModifiedAt = { ifModifiedAt?: Date | null | undefined };

/**
 * Throws CONFLICT unless the row, which must be locked, was last changed when the caller supposes. Timestamps count to
 * the millisecond.
 */
export function demandUnmodified(row: { modifiedAt: Date }, { ifModifiedAt }: IfModifiedAt): void {
  if (ifModifiedAt == null || ifModifiedAt.getTime() === row.modifiedAt.getTime()) return;
  const message = `was changed at ${row.modifiedAt.toISOString()}`;
  throw new Problem('CONFLICT', `Somebody was faster: it ${message}. Read it again.`, {
    errors: [{ path: ['input', 'ifModifiedAt'], message }],
  });
}
