import { Problem } from '../errors/catalogue.ts';

/**
 * What a deletion came to: the id of what is gone, null after a preview; and how many of what went with it, or would.
 */
export type Going<Counts> = { deletedId: string | null; goes: Counts };

/** Throws CONFLICT, naming what goes with it, unless nothing does or the caller insists. */
export function demandForce(goes: Readonly<Record<string, number>>, force: boolean | null | undefined): void {
  const left = Object.entries(goes).filter(([, count]) => count > 0);
  if (force || left.length === 0) return;
  const named = left.map(([name, count]) => `${name}: ${count}`);
  throw new Problem('CONFLICT', `Something goes with it (${named.join(', ')}). Repeat with \`force\` to delete it.`, {
    errors: left.map(([name, count]) => ({ path: ['input', 'force'], message: `${name}: ${count}` })),
  });
}
