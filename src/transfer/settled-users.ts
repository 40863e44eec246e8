import { isDeepStrictEqual } from 'node:util';
import type { TenantTransaction } from '../database/database.ts';
import { rows } from '../database/sql/columns.ts';
import { parameter, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { array, assured, json, uuid } from '../database/sql/types.ts';
import { connected } from './connected.ts';
import { type Given, noOutcome, type Outcome, refusal, type Writing } from './outcome.ts';
import { storedUser } from './stored.ts';
import { undone } from './undone.ts';
import { changesOf } from './user-changes.ts';
import { type Checked, check, isRefused, keysOf } from './user-rows.ts';
import { type FoundByRow, usersOf, whose } from './whose.ts';

type StoredUser = { otherIdentifiers: readonly object[] | null };

const stored = statement(rows({ id: uuid, row: assured(json<StoredUser>()) }))`
  select u.id, ${storedUser} as row from external_user u where u.tenant_id = ${tenant} and u.id = any(${parameter('ids', array(uuid))})`;

/** What users have, by their ids, whichever way their identifiers came. */
async function stateOf(tx: TenantTransaction, ids: readonly string[]): Promise<Map<string, object>> {
  const found = await tx.query(stored, { ids: [...ids] });
  return new Map(
    found.map(({ id, row: { otherIdentifiers, ...row } }) => {
      const others = (otherIdentifiers ?? []).map((each) => JSON.stringify(each)).sort();
      return [id, { ...row, others }];
    }),
  );
}

const idsOf = (row: Checked, found: FoundByRow) => (found.get(row) ?? []).map(({ user }) => user.id);

/** Whether a row, by itself, would change the user that it names. */
function isChange(row: Checked, found: FoundByRow): boolean {
  const named = whose(row, found.get(row) ?? []);
  if (!named || 'reason' in named || named.mergedBy !== null) return false;
  const { columns, others } = changesOf(row, named.user, named.via);
  return columns !== null || others.length > 0;
}

/** The right rows among those of a file, by their lines. Those of the batch stay who they are. */
function checkedOf(given: readonly Given[], known: ReadonlyMap<number, Checked>): Checked[] {
  return given.flatMap((each) => {
    const row = known.get(each.line) ?? check(each);
    return isRefused(row) ? [] : [row];
  });
}

/** The rows that would change a user, with all of the file that name the same one. */
async function groupsOf(
  tx: TenantTransaction,
  batch: readonly Given[],
  checked: readonly Checked[],
  found: FoundByRow,
  { file }: Writing,
): Promise<{ groups: Checked[][]; users: FoundByRow }> {
  const changing = new Set(checked.filter((row) => isChange(row, found)).map(({ line }) => line));
  const changed = new Set(checked.flatMap((row) => (changing.has(row.line) ? idsOf(row, found) : [])));
  const touching = new Set(checked.filter((row) => idsOf(row, found).some((id) => changed.has(id))).map((r) => r.line));
  const none = { groups: [], users: found };
  if (!file || touching.size === 0) return none;
  const hang = file.around(batch.filter(({ line }) => touching.has(line)));
  if (hang.rows.length === changing.size && changing.size === changed.size) return none;
  const together = checkedOf(hang.rows, new Map(checked.map((row) => [row.line, row])));
  const users = await usersOf(tx, together);
  const groups = connected(together, (row) => [...keysOf(row), ...idsOf(row, users).map((id) => `user ${id}`)]);
  const isMeant = (group: readonly Checked[]) =>
    group.length > 1 && group.some(({ line }) => changing.has(line)) && !group.some(({ line }) => hang.cut.has(line));
  return { groups: groups.filter(isMeant), users };
}

/**
 * Returns the lines of a batch's rows that say the same of a user in the end as is stored: one row of the file changes
 * what another one changes back. Nothing of them is to be written. To find out, all rows of the file about these users
 * are written by `write` in their order, and undone.
 */
export async function settledUsers(
  tx: TenantTransaction,
  batch: readonly Given[],
  checked: readonly Checked[],
  found: FoundByRow,
  writing: Writing,
  write: (tx: TenantTransaction, rows: readonly Checked[], writing: Writing) => Promise<Outcome>,
): Promise<{ lines: ReadonlySet<number>; outcome: Outcome }> {
  const { groups, users } = await groupsOf(tx, batch, checked, found, writing);
  const outcome = noOutcome();
  const lines = new Set<number>();
  if (groups.length === 0) return { lines, outcome };
  const all = groups.flat().sort((one, other) => one.line - other.line);
  const before = await stateOf(tx, [...new Set(all.flatMap((row) => idsOf(row, users)))]);
  const rehearsed = await undone(tx, async () => {
    const { rejected } = await write(tx, all, writing);
    const named = await usersOf(tx, all);
    const ids = new Set([...before.keys(), ...all.flatMap((row) => idsOf(row, named))]);
    return { rejected, named, after: await stateOf(tx, [...ids]) };
  }).catch((error: unknown) => {
    // One of the rows is to blame, unless it is an outage: it is found where they are written.
    refusal(0, error, { unexpected: () => {} });
    return null;
  });
  if (!rehearsed) return { lines, outcome };
  const { rejected, named, after } = rehearsed;
  const isSame = (id: string) => isDeepStrictEqual(before.get(id), after.get(id));
  const own = new Set(checked.map(({ line }) => line));
  for (const group of groups) {
    const ids = new Set(group.flatMap((row) => [...idsOf(row, users), ...idsOf(row, named)]));
    if ([...ids].every(isSame)) for (const { line } of group) if (own.has(line)) lines.add(line);
  }
  outcome.rejected.push(...rejected.filter(({ line }) => lines.has(line)));
  outcome.unchanged = lines.size - outcome.rejected.length;
  return { lines, outcome };
}
