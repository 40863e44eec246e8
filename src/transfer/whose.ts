import type { TenantTransaction } from '../database/database.ts';
import type { ExternalUser } from '../database/generated/client.ts';
import { broughtByMerges } from '../external-users/replaced.ts';
import { matching, viaOf, wasMerged } from './known-users.ts';
import type { Rejection } from './outcome.ts';
import type { Checked, Compared } from './user-rows.ts';

/**
 * A user that a row names, and by what: its id or identifiers. `mergedBy` is the field by which the row names somebody
 * who was merged into that user since.
 */
export type Found = { user: ExternalUser; via: ReadonlySet<string>; mergedBy: 'id' | 'fkId' | null };

/** The users that rows name. */
export type FoundByRow = ReadonlyMap<Checked, readonly Found[]>;

const via = ({ key, compared }: Compared) => viaOf(key, compared);
const foreignKeysOf = ({ all }: Checked) => all.filter(({ key }) => key === 'fkid');

/** Whether a row names a user by more than an address or a number, which others may have too. */
const isNamed = (row: Checked, { via: found }: Found) =>
  found.has('id') || found.has(wasMerged) || foreignKeysOf(row).some((each) => found.has(via(each)));

/** The foreign keys that a row names a user by, where they are none but those beside the user's own one. */
function besideOwn(row: Checked, { user, via: found }: Found) {
  if (found.has('id')) return [];
  const keys = foreignKeysOf(row).filter((each) => found.has(via(each)));
  return keys.some(({ value }) => value === user.fkId) ? [] : keys.map(({ value }) => ({ id: user.id, fkId: value }));
}

/**
 * Finds the users that rows name, and locks them. Where one is found by a foreign key that
 * is not its own one, a second statement asks whether a merge has brought it.
 */
export async function usersOf(tx: TenantTransaction, rows: readonly Checked[]): Promise<FoundByRow> {
  const found = new Map<Checked, Found[]>();
  const given = {
    ids: JSON.stringify(rows.flatMap(({ id }, n) => (id ? [{ n, id }] : []))),
    keys: JSON.stringify(rows.flatMap(({ all }, n) => all.map(({ key, compared }) => ({ n, key, compared })))),
  };
  for (const { n, via, ...user } of await tx.query(matching, given)) {
    const mergedBy = via.includes(wasMerged) ? 'id' : null;
    const row = rows[n] as Checked;
    found.set(row, [...(found.get(row) ?? []), { user, via: new Set(via), mergedBy }]);
  }
  const beside = [...found].flatMap(([row, users]) =>
    users.flatMap((each) => {
      const keys = besideOwn(row, each);
      return keys.length > 0 ? [{ each, keys }] : [];
    }),
  );
  const isBrought = await broughtByMerges(
    tx,
    beside.flatMap(({ keys }) => keys),
  );
  for (const { each, keys } of beside) if (keys.every(isBrought)) each.mergedBy ??= 'fkId';
  return found;
}

/** Returns the user that a row is of, null for a new one, or why it is refused. */
export function whose(row: Checked, known: readonly Found[]): Found | null | Omit<Rejection, 'line'> {
  const [first, ...others] = known;
  if (!first) return null;
  const sharedWith = (other: Found) => row.all.find((each) => other.via.has(via(each)))?.field ?? null;
  if (others.length > 0) {
    const named = known.filter((each) => isNamed(row, each));
    const [other] = known.filter((each) => !named.includes(each));
    if (named.length !== 1 || !other) return { field: null, reason: 'has identifiers of several external users' };
    return { field: sharedWith(other), reason: 'is another external user’s: leave it out of this row' };
  }
  // An address or a number may be shared. Nobody has two people's foreign keys but by a merge, which a person makes.
  if (isNamed(row, first) || foreignKeysOf(row).length === 0 || first.user.fkId === null) return first;
  const reason = 'is that of an external user with another foreign key: leave it out of this row';
  return { field: sharedWith(first), reason };
}
