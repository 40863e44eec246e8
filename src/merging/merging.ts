import { z } from 'zod';
import type { TenantDatabase, TenantTransaction } from '../database/database.ts';
import { sqlState } from '../database/failures.ts';
import { asUuid, newId } from '../database/ids.ts';
import { survivorIdOf } from '../database/redirects.ts';
import { Problem } from '../errors/catalogue.ts';
import { checked } from '../values/checked.ts';
import { insertMerge, type MergeRow, redirectAll, shownMerge } from './merges.ts';
import type { Merge, MergeRecord } from './record.ts';

/** Who merges: the kind and the id of the viewer. */
export type Actor = { kind: string; id: string };

/** Who stays, and who is merged into them. */
export type MergeInput = {
  intoId: string;
  fromIds: readonly string[];
  preview?: boolean | null | undefined;
};

const maxFrom = 20;
const input = z.object({
  fromIds: z.array(z.string()).min(1, 'must not be empty').max(maxFrom, `must be at most ${maxFrom}`),
});

/** The error for one of those who are merged away, by where it stands. */
export function invalidFrom(index: number, message: string): Problem {
  const errors = [{ path: ['input', 'fromIds', index], message }];
  return new Problem('VALIDATION_FAILED', `fromIds.${index} ${message}`, { errors });
}

/** The error for what the survivor would be with all of them. */
export function invalidMerge(message: string): Problem {
  const errors = [{ path: ['input', 'fromIds'], message }];
  return new Problem('VALIDATION_FAILED', `fromIds ${message}`, { errors });
}

/** Returns the ids of an input as UUIDs. Throws VALIDATION_FAILED where somebody would be merged into themselves. */
export function mergedIds({ intoId, fromIds }: MergeInput, notFound: (id: string) => Problem) {
  checked(input, { fromIds });
  const known = (id: string) => {
    const uuid = asUuid(id);
    if (!uuid) throw notFound(id);
    return uuid;
  };
  const into = known(intoId);
  const from = fromIds.map(known);
  const own = from.indexOf(into);
  if (own >= 0) throw invalidFrom(own, 'must not be who the others are merged into');
  return { into, from: [...new Set(from)] };
}

/** Returns the rows of these ids, in their order. Throws CONFLICT for an id that was merged away, and `notFound`. */
export async function demandAll<Row extends { id: string }>(
  tx: TenantTransaction,
  kind: Merge['kind'],
  ids: readonly string[],
  found: readonly Row[],
  notFound: (id: string) => Problem,
): Promise<Row[]> {
  const rows = new Map(found.map((row) => [row.id, row]));
  const inOrder: Row[] = [];
  for (const id of ids) {
    const row = rows.get(id);
    if (row) inOrder.push(row);
    else if ((await survivorIdOf(tx, kind, id)) === null) throw notFound(id);
    else throw new Problem('CONFLICT', `${id} was merged into another already.`);
  }
  return inOrder;
}

/** Carries what a preview found out of the transaction that it rolls back. */
class Previewed<Found> extends Error {
  readonly found: Found;
  constructor(found: Found) {
    super('A preview changes nothing.');
    this.found = found;
  }
}

/** Runs a merge in its transaction. A preview does the same, and is rolled back. */
export async function inMerge<Merged>(
  db: TenantDatabase,
  into: string,
  preview: boolean,
  merge: (tx: TenantTransaction) => Promise<Merged>,
): Promise<Merged> {
  let previewed: Previewed<Merged> | undefined;
  try {
    return await db.queueFor(into).transaction(async (tx) => {
      const merged = await merge(tx);
      if (!preview) return merged;
      previewed = new Previewed(merged);
      throw previewed;
    });
  } catch (error) {
    if (previewed && error === previewed) return previewed.found;
    if (sqlState(error) !== '23505') throw error;
    throw new Problem('CONFLICT', 'Somebody else has one of their identifiers as well: remove it there first.');
  }
}

/** Stores what was merged, and makes the ids lead to the survivor. */
export async function storeMerge(
  tx: TenantTransaction,
  actor: Actor,
  intoId: string,
  record: MergeRecord,
): Promise<Merge> {
  const id = newId();
  const { kind: actorKind, id: actorId } = actor;
  const [row] = await tx.query(insertMerge, { id, intoId, actorKind, actorId, record: JSON.stringify(record) });
  if (!row) throw new Error('An insert returned no row.');
  await redirectTo(tx, { id, intoId }, record);
  return shownMerge({ ...row, record });
}

/** Makes the ids of who is in the record lead to the survivor of a merge. */
export async function redirectTo(
  tx: TenantTransaction,
  { id: mergeId, intoId }: Pick<MergeRow, 'id' | 'intoId'>,
  { kind, from }: Pick<MergeRecord, 'kind' | 'from'>,
): Promise<void> {
  const avatarOf = (stored: unknown) => (typeof stored === 'string' ? stored : null);
  await tx.query(redirectAll, {
    kind: kind ?? 'EXTERNAL_USER',
    ids: from.map((gone) => String(gone.row['id'])),
    avatarFileIds: from.map((gone) => avatarOf(gone.row['avatar_file_id'])),
    intoId,
    mergeId,
  });
}
