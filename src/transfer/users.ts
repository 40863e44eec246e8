import { isDeepStrictEqual } from 'node:util';
import type { TenantTransaction } from '../database/database.ts';
import { sqlState } from '../database/failures.ts';
import type { ExternalUser, IdentifierKey } from '../database/generated/client.ts';
import { newId } from '../database/ids.ts';
import { compareKey, fieldOf, identifierKeys } from '../external-users/identifiers.ts';
import { keepMerged, type Replaced } from '../external-users/replaced.ts';
import { jsonObject } from '../values/json-object.ts';
import { blockedAmong, blockedText, isErased } from './blocked.ts';
import { columnsFor, insert, insertIdentifiers, update, viaOf } from './known-users.ts';
import { addTo, type Given, isMerged, noOutcome, type Outcome, refusal, type Writing } from './outcome.ts';
import { createTurns } from './turns.ts';
import { type Checked, type Compared, check, isRefused, keysOf } from './user-rows.ts';
import { usersOf, whose } from './whose.ts';

const updatable = ['firstName', 'lastName', 'email', 'phoneNumber', 'fkId', 'fkUserId', 'context', 'source'] as const;
const keyOf = new Map<string, IdentifierKey>(identifierKeys.map((key) => [fieldOf(key), key]));

/** What a row changes of the user that it names: of its columns, and which identifiers it adds. */
function changesOf(row: Checked, existing: ExternalUser, via: ReadonlySet<string>) {
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
  // What was the primary one goes when another takes its place, unless the row or a merge has brought it beside that.
  const replaced = fields.flatMap((field) => {
    const key = keyOf.get(field);
    const before = existing[field];
    return key && before !== null ? [{ id: existing.id, key, via: viaOf(key, compareKey(key, before)) }] : [];
  });
  const isThere = (known: string) => via.has(known) && !replaced.some((its) => its.via === known);
  return {
    columns: fields.length > 0 || isOther ? columnsFor(existing.id, { ...existing, ...values, metadata }) : null,
    metadata: isOther ? metadata : null,
    replaced: replaced.map(({ id, key }): Replaced => ({ id, key })),
    others: row.others.filter(({ key, compared }) => !isThere(viaOf(key, compared))),
  };
}

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
): Promise<Checked[]> {
  const reject = ({ line }: Checked, reason: string, field: string | null = null) =>
    outcome.rejected.push({ line, field, reason });
  const rows = [...wave, ...later].sort(inOrder);
  const gone = await blockedAmong(
    tx,
    rows.map(({ all }) => all.map(({ key, compared }) => blockedText(key, compared))),
  );
  const found = await usersOf(tx, rows);
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
    const known = found.get(n) ?? [];
    const named = whose(row, known);
    const keys = keysOf(row);
    const isBehind = behind.has(row) && keys.some((key) => open.has(key));
    if (isBehind || (!gone.has(n) && known.some(({ user }) => taken.has(user.id)))) {
      waiting.push(row);
      for (const { user } of known) taken.add(user.id);
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
      const { columns, metadata, replaced, others } = changesOf(row, user, named.via);
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

const mostWaves = 5;

/** Rows that wait for others and are looked at in a wave. What comes after so many of them waits, too. */
const mostLater = 50;

/** Writes rows, in the file's order where they name the same user: later ones see what earlier ones have written. */
async function writeAll(tx: TenantTransaction, checked: readonly Checked[], writing: Writing): Promise<Outcome> {
  const outcome = noOutcome();
  let waves = 0;
  for (let left = [...checked]; left.length > 0; ) {
    const taken = new Set<string>();
    const wave: Checked[] = [];
    const later: Checked[] = [];
    for (const row of left) {
      const keys = keysOf(row);
      const isFree = later.length < mostLater && !keys.some((key) => taken.has(key));
      // A row that waits keeps its keys, so that the order of the file is kept.
      for (const key of keys) taken.add(key);
      (isFree ? wave : later).push(row);
    }
    const looked = later.slice(0, mostLater);
    const waiting = await writeWave(tx, wave, looked, writing, outcome);
    waves = waiting.length === wave.length + looked.length ? waves + 1 : 0;
    if (waves === mostWaves) {
      for (const { line } of wave)
        outcome.rejected.push({ line, field: null, reason: 'is being added by somebody else at the same time' });
      left = later;
    } else left = [...waiting, ...later.slice(mostLater)].sort(inOrder);
  }
  return outcome;
}

/** Writes one row. Where somebody gets one of its identifiers meanwhile, the user is found by it the next time. */
async function writeOne(tx: TenantTransaction, row: Checked, writing: Writing): Promise<Outcome> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await tx.savepoint(() => writeAll(tx, [row], writing));
    } catch (error) {
      if (sqlState(error) === '23505' && attempts < mostWaves) continue;
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
  try {
    addTo(outcome, await tx.savepoint(() => writeAll(tx, checked, writing)));
  } catch (error) {
    // One of the rows is to blame, unless it is an outage: each is written by itself.
    refusal(0, error, { unexpected: () => {} });
    for (const row of checked) addTo(outcome, await writeOne(tx, row, writing));
  }
  return outcome;
}
