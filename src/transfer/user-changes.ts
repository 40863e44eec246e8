import { isDeepStrictEqual } from 'node:util';
import type { ExternalUser, IdentifierKey } from '../database/generated/client.ts';
import { compareKey, fieldOf, identifierKeys } from '../external-users/identifiers.ts';
import type { Replaced } from '../external-users/replaced.ts';
import { columnsFor, viaOf } from './known-users.ts';
import type { Writing } from './outcome.ts';
import { type Checked, check, isRefused } from './user-rows.ts';

const updatable = ['firstName', 'lastName', 'email', 'phoneNumber', 'fkId', 'fkUserId', 'context', 'source'] as const;
const keyOf = new Map<string, IdentifierKey>(identifierKeys.map((key) => [fieldOf(key), key]));

/** Whether another row of the file brings an identifier, and none of another foreign key than the user's. */
const isBrought = (file: Writing['file'], known: string, keys: readonly (string | null | undefined)[]): boolean =>
  file?.naming(known).some((given) => {
    const other = check(given);
    return !isRefused(other) && (other.user.fkId == null || keys.includes(other.user.fkId));
  }) ?? false;

/**
 * Returns what a row changes of the user that it names: of its columns, and which identifiers it adds. What `file`
 * brings, too, stays beside what takes its place: by it the other row finds the user the next time.
 */
export function changesOf(row: Checked, existing: ExternalUser, via: ReadonlySet<string>, file?: Writing['file']) {
  const isKnown = (field: string, value: string) => {
    const key = keyOf.get(field);
    // It may have it beside its primary one, or in another spelling.
    return key !== undefined && via.has(viaOf(key, compareKey(key, value)));
  };
  const fields = updatable.filter((field) => {
    const value = row.user[field];
    return value != null && value !== existing[field] && !isKnown(field, value);
  });
  const stored = existing.metadata as Record<string, unknown> | null;
  const metadata = row.user.metadata ? { ...stored, ...row.user.metadata } : stored;
  const values = Object.fromEntries(fields.map((field) => [field, row.user[field]]));
  const isOther = !isDeepStrictEqual(metadata, stored);
  // What was the primary one goes when another takes its place, unless the row, another one, or a merge brings it, too.
  const replaced = fields.flatMap((field) => {
    const key = keyOf.get(field);
    const before = existing[field];
    if (!key || before === null) return [];
    const compared = compareKey(key, before);
    return [{ id: existing.id, key, via: viaOf(key, compared), value: before, compared, field }];
  });
  const isThere = (known: string) => via.has(known) && !replaced.some((its) => its.via === known);
  const added = row.others.filter(({ key, compared }) => !isThere(viaOf(key, compared)));
  const keys = [existing.fkId, row.user.fkId];
  const stays = replaced.filter(
    (its) =>
      its.key !== 'fkid' &&
      !row.others.some((each) => viaOf(each.key, each.compared) === its.via) &&
      isBrought(file, its.via, keys),
  );
  return {
    columns: fields.length > 0 || isOther ? columnsFor(existing.id, { ...existing, ...values, metadata }) : null,
    metadata: isOther ? metadata : null,
    replaced: replaced.map(({ id, key }): Replaced => ({ id, key })),
    others: [...added, ...stays],
  };
}
