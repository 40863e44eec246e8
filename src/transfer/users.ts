import type { TenantTransaction } from '../database/database.ts';
import { sqlState } from '../database/failures.ts';
import { newId } from '../database/ids.ts';
import { keepMerged, type Replaced } from '../external-users/replaced.ts';
import { jsonObject } from '../values/json-object.ts';
import { blockedAmong, blockedText, isErased } from './blocked.ts';
import { columnsFor, insert, insertIdentifiers, update } from './known-users.ts';
import { addTo, type Given, isMerged, noOutcome, type Outcome, refusal, type Writing } from './outcome.ts';
import { settledUsers } from './settled-users.ts';
import { createTurns } from './turns.ts';
import { changesOf } from './user-changes.ts';
import { type Checked, type Compared, check, isRefused, keysOf } from './user-rows.ts';
import { type FoundByRow, usersOf, whose } from './whose.ts';

const identifierRows = (userId: string, others: readonly Compared[]) =>
  others.map(({ key, value, compared }) => ({ id: newId(), user_id: userId, key, value, compared }));

const inOrder = (one: Checked, other: Checked) => one.line - other.line;

/**
 * Writes rows of which no two have an identifier in common, and of the `later` ones those that have none in common
 * with a row that changes anything. Returns those that have to wait: others of these change a user that they name, an
 * earlier one that waits names it, or somebody else has added it since it was looked for.
 */
async function writeWave(
  tx: TenantTransaction,
  wave: readonly Checked[],
  later: readonly Checked[],
  writing: Writing,
  outcome: Outcome,
  known: FoundByRow | null,
): Promise<Checked[]> {
  const reject = ({ line }: Checked, reason: string, field: string | null = null) =>
    outcome.rejected.push({ line, field, reason });
  const rows = [...wave, ...later].sort(inOrder);
  const gone = await blockedAmong(
    tx,
    rows.map(({ all }) => all.map(({ key, compared }) => blockedText(key, compared))),
  );
  const users = known ?? (await usersOf(tx, rows));
  const waiting: Checked[] = [];
  const behind = new Set(later);
  // What earlier rows are named by that are added, changed or wait.
  const open = new Set<string>();
  const added = new Map<string, Checked>();
  // Users that the rows after this one do not change before their turn.
  const taken = new Set<string>();
  const updates: object[] = [];
  const replacements: Replaced[] = [];
  const identifiers: object[] = [];
  for (const [n, row] of rows.entries()) {
    const found = users.get(row) ?? [];
    const named = whose(row, found);
    const keys = keysOf(row);
    const isBehind = behind.has(row) && keys.some((key) => open.has(key));
    if (isBehind || (!gone.has(n) && found.some(({ user }) => taken.has(user.id)))) {
      waiting.push(row);
      for (const { user } of found) taken.add(user.id);
      for (const key of keys) open.add(key);
    } else if (gone.has(n)) reject(row, isErased);
    else if (named && 'reason' in named) reject(row, named.reason, named.field);
    else if (!named) {
      added.set(row.id ?? newId(), row);
      for (const key of keys) open.add(key);
    } else if (named.mergedBy !== null) {
      // It is of before the merge. Written, it would undo what the survivor's own row says, or not, by their order.
      if (writing.onConflict === 'FAIL') reject(row, isMerged, named.mergedBy);
      else outcome.unchanged += 1;
    } else if (writing.onConflict === 'FAIL') reject(row, 'is an external user that exists already');
    else {
      const { user } = named;
      const { columns, metadata, replaced, others } = changesOf(row, user, named.via, writing.file);
      if (writing.onConflict === 'SKIP' || (!columns && others.length === 0)) outcome.unchanged += 1;
      else {
        const issue = metadata && jsonObject.safeParse(metadata).error?.issues[0];
        if (issue) {
          outcome.rejected.push({ line: row.line, field: 'metadata', reason: issue.message });
          continue;
        }
        taken.add(user.id);
        for (const key of keys) open.add(key);
        if (columns) updates.push(columns);
        replacements.push(...replaced);
        identifiers.push(...identifierRows(user.id, others));
        outcome.updated += 1;
      }
    }
  }
  await keepMerged(tx, replacements);
  if (updates.length > 0) await tx.query(update, { rows: JSON.stringify(updates) });
  if (added.size > 0) {
    const inserted = [...added].map(([id, row]) => columnsFor(id, row.user));
    const written = new Set((await tx.query(insert, { rows: JSON.stringify(inserted) })).map(({ id }) => id));
    outcome.created += written.size;
    for (const [id, row] of added) {
      if (written.has(id)) identifiers.push(...identifierRows(id, row.others));
      else waiting.push(row);
    }
  }
  if (identifiers.length > 0) await tx.query(insertIdentifiers, { rows: JSON.stringify(identifiers) });
  return waiting;
}

const maxWaves = 5;

/** Rows that wait for others and are looked at in a wave. What comes after so many of them waits, too. */
const maxLater = 50;

/**
 * Writes rows, in the file's order where they name the same user: later ones see what earlier ones have written.
 * `found` is what they name by now, where that is known.
 */
async function writeAll(
  tx: TenantTransaction,
  checked: readonly Checked[],
  writing: Writing,
  found: FoundByRow | null = null,
): Promise<Outcome> {
  const outcome = noOutcome();
  let known = found;
  let waves = 0;
  for (let left = [...checked]; left.length > 0; ) {
    const taken = new Set<string>();
    const wave: Checked[] = [];
    const later: Checked[] = [];
    for (const row of left) {
      const keys = keysOf(row);
      const isFree = later.length < maxLater && !keys.some((key) => taken.has(key));
      // A row that waits keeps its keys, so that the order of the file is kept.
      for (const key of keys) taken.add(key);
      (isFree ? wave : later).push(row);
    }
    const looked = later.slice(0, maxLater);
    const waiting = await writeWave(tx, wave, looked, writing, outcome, known);
    known = null;
    waves = waiting.length === wave.length + looked.length ? waves + 1 : 0;
    if (waves === maxWaves) {
      for (const { line } of wave)
        outcome.rejected.push({ line, field: null, reason: 'is being added by somebody else at the same time' });
      left = later;
    } else left = [...waiting, ...later.slice(maxLater)].sort(inOrder);
  }
  return outcome;
}

/** Writes one row. Where somebody gets one of its identifiers meanwhile, the user is found by it the next time. */
async function writeOne(tx: TenantTransaction, row: Checked, writing: Writing): Promise<Outcome> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await tx.savepoint(() => writeAll(tx, [row], writing));
    } catch (error) {
      if (sqlState(error) === '23505' && attempts < maxWaves) continue;
      return { ...noOutcome(), rejected: [refusal(row.line, error, writing)] };
    }
  }
}

/**
 * Writes a batch of external users, set by set. What is refused is in the outcome. A row with the id, or the foreign
 * key, of a user who was merged into another since changes nothing.
 */
export async function writeUsers(tx: TenantTransaction, batch: readonly Given[], writing: Writing): Promise<Outcome> {
  const outcome = noOutcome();
  const checked: Checked[] = [];
  const turn = createTurns();
  for (const given of batch) {
    const row = check(given);
    if (isRefused(row)) outcome.rejected.push(row);
    else checked.push(row);
    await turn();
  }
  let left = checked;
  try {
    await tx.savepoint(async () => {
      const found = writing.file ? await usersOf(tx, checked) : null;
      const settled = found && (await settledUsers(tx, batch, checked, found, writing, writeAll));
      if (settled) addTo(outcome, settled.outcome);
      if (settled) left = checked.filter(({ line }) => !settled.lines.has(line));
      addTo(outcome, await writeAll(tx, left, writing, found));
    });
  } catch (error) {
    // One of the rows is to blame, unless it is an outage: each is written by itself.
    refusal(0, error, { unexpected: () => {} });
    for (const row of left) addTo(outcome, await writeOne(tx, row, writing));
  }
  return outcome;
}
