import { type Loader, oneByUuid } from '../database/loaders.ts';
import type { Merge } from './record.ts';
import { type MergeRow, mergesById } from './statements.ts';

/** Returns a stored merge as it is shown. */
export const shownMerge = ({ record, intoId, ...row }: MergeRow): Merge => ({
  ...row,
  into: { id: intoId, displayName: record.displayName },
  from: record.from.map(({ row: { id }, displayName }) => ({ id: String(id), displayName })),
  conflicts: record.conflicts,
});

const rowById = oneByUuid(mergesById, 'id');

/** Merges by their ids. */
export const mergeById: Loader<string, Merge | null> = {
  load: async (database, ids) => (await rowById.load(database, ids)).map((row) => row && shownMerge(row)),
};
