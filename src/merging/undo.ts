import { isDeepStrictEqual } from 'node:util';
import type { TenantDatabase, TenantTransaction } from '../database/database.ts';
import { type ExternalUser, type IdentifierKey, Prisma } from '../database/generated/client.ts';
import { asUuid } from '../database/ids.ts';
import { Problem } from '../errors/catalogue.ts';
import { fieldOf, phoneColumns } from '../external-users/identifiers.ts';
import { shownMerge } from './merges.ts';
import type { FilledField, Merge, MergedUser, StoredRow } from './record.ts';
import * as run from './statements.ts';

/** What could not be given back: of which user, and what. */
export type NotRestored = { userId: string; field: string; detail: string };

/** The users of an undone merge: the survivor first. */
export type Undone = { merge: Merge; users: ExternalUser[]; notRestored: NotRestored[] };

const notFound = (id: string) => new Problem('MERGE_NOT_FOUND', `There is no merge ${id}.`);

/**
 * Brings back who was merged, with what was theirs and has not changed since. What has is named in `notRestored`.
 * Throws MERGE_NOT_FOUND, and CONFLICT where the merge was undone already, or where its survivor was merged into
 * another: then that merge must be undone first.
 */
export async function undoMerge(db: TenantDatabase, input: { mergeId: string }): Promise<Undone> {
  const id = asUuid(input.mergeId);
  if (!id) throw notFound(input.mergeId);
  return db.queueFor(id).transaction(async (tx) => {
    const [merge] = await tx.query(run.lockMerge, { id });
    if (!merge) throw notFound(id);
    if (merge.undoneAt) throw new Problem('CONFLICT', 'The merge was undone already.');
    const { intoId, record } = merge;
    const [survivor] = await tx.query(run.lockUsers, { ids: [intoId] });
    if (!survivor) throw new Problem('CONFLICT', 'Who it was merged into is gone, or was merged into another since.');
    const notRestored: NotRestored[] = [];
    const { changed, kept } = unfilled(survivor, record.filled);
    for (const field of kept)
      notRestored.push({ userId: intoId, field, detail: `${field} was changed since the merge, and stays as it is.` });

    // What goes back leaves the survivor first, so that its columns are free for who had them.
    const ids = record.from.flatMap(({ identifiers }) => identifiers.map((its) => String(its['id'])));
    const found = await tx.query(run.presentIdentifiers, { intoId, ids });
    const given = found.filter(
      ({ isPrimary, identifierKey }) => !isPrimary || Object.hasOwn(changed, fieldOf(identifierKey)),
    );
    await tx.query(run.deleteIdentifiers, { ids: given.map((its) => its.id) });
    if (Object.keys(changed).length > 0)
      await tx.externalUser.update({ where: { tenantId_id: { tenantId: tx.tenantId, id: intoId } }, data: changed });

    const isGiven = new Set(given.map((its) => its.id));
    const back: string[] = [];
    // The last first: one membership may have been dropped for another that moved before.
    for (const user of [...record.from].reverse()) {
      const userId = String(user.row['id']);
      if (!(await bringBack(tx, intoId, user, isGiven, notRestored))) continue;
      back.push(userId);
      await tx.query(run.leadAgain, { id: userId, ids: [...user.led], intoId });
    }
    await tx.query(run.deleteRedirects, { id, ids: back });
    const [undone] = await tx.query(run.markUndone, { id });
    const users = await tx.query(run.lockUsers, { ids: [intoId, ...back] });
    const inOrder = [intoId, ...back].flatMap((userId) => users.find((each) => each.id === userId) ?? []);
    return { merge: shownMerge(undone ?? merge), users: inOrder, notRestored };
  });
}

/** What the survivor's filled fields are set back to, and the fields that were changed since. */
function unfilled(survivor: ExternalUser, filled: readonly FilledField[]) {
  const changed: Prisma.ExternalUserUncheckedUpdateInput = {};
  const kept: string[] = [];
  const now: Readonly<Record<string, unknown>> = { ...survivor };
  for (const { field, before, after } of filled) {
    if (!isDeepStrictEqual(now[field], after)) kept.push(field);
    else if (field === 'phoneNumber') Object.assign(changed, phoneColumns(before as string | null));
    else Object.assign(changed, { [field]: field === 'metadata' && before === null ? Prisma.DbNull : before });
  }
  return { changed, kept };
}

/** The row of a user with those of its identifiers that it gets back. Null where it gets none. */
function rowWith(user: MergedUser, isGiven: ReadonlySet<string>) {
  const theirs = user.identifiers.filter((its) => isGiven.has(String(its['id'])));
  if (theirs.length === 0) return null;
  const ofKey = (key: IdentifierKey) => {
    const same = theirs.filter((its) => its['identifier_key'] === key);
    return same.find((its) => its['is_primary']) ?? same[0];
  };
  const [email, phone, fkId] = [ofKey('emailaddress'), ofKey('phonenumber'), ofKey('fkid')];
  const { phoneNumber, phoneKey } = phoneColumns((phone?.['identifier_value'] as string | undefined) ?? null);
  const row: StoredRow = {
    ...user.row,
    email: email?.['identifier_value'] ?? null,
    phone_number: phoneNumber,
    phone_key: phoneKey,
    fk_id: fkId?.['identifier_value'] ?? null,
  };
  const primary = new Set([email, phone, fkId]);
  return { row, identifiers: theirs.map((its): StoredRow => ({ ...its, is_primary: primary.has(its) })) };
}

/** Brings one user back. Returns false where none of its identifiers is left to it. */
async function bringBack(
  tx: TenantTransaction,
  intoId: string,
  user: MergedUser,
  isGiven: ReadonlySet<string>,
  notRestored: NotRestored[],
): Promise<boolean> {
  const userId = String(user.row['id']);
  const missing = (field: string, detail: string) => notRestored.push({ userId, field, detail });
  const restored = rowWith(user, isGiven);
  if (!restored) {
    missing('id', 'None of its identifiers is left to it, so it stays merged.');
    return false;
  }
  for (const its of user.identifiers)
    if (!isGiven.has(String(its['id'])))
      missing('identifiers', `${its['identifier_value']} was removed or changed since the merge.`);
  await tx.query(run.restoreUser, { row: JSON.stringify(restored.row) });
  // The trigger made rows with new ids.
  await tx.query(run.deleteIdentifiersOf, { id: userId });
  for (const its of restored.identifiers) await tx.query(run.restoreIdentifier, { row: JSON.stringify(its) });

  const occurredAt = tx.now().toISOString();
  const told = (conversationId: string, membershipId: string, change: 'ADDED' | 'UPDATED') =>
    tx.announce('conversationParticipantChanged', { conversationId, membershipId, change, occurredAt });
  const moved = await tx.query(run.moveBack, { fromId: userId, intoId, ids: [...user.moved] });
  for (const { id, conversationId } of moved) told(conversationId, id, 'UPDATED');
  for (let lost = user.moved.length - moved.length; lost > 0; lost -= 1)
    missing('conversations', 'A membership was removed since the merge.');
  const wanted = [...new Set(user.dropped.map(({ row }) => String(row['conversation_id'])))];
  const present = new Set((await tx.query(run.presentConversations, { ids: wanted })).map(({ id }) => id));
  for (const { row, keptId, before, after } of user.dropped) {
    const conversationId = String(row['conversation_id']);
    if (!present.has(conversationId)) {
      missing('conversations', `The conversation ${conversationId} was deleted since the merge.`);
      continue;
    }
    await tx.query(run.restoreMembership, { row: JSON.stringify(row) });
    told(conversationId, String(row['id']), 'ADDED');
    if (before === after) continue;
    const [lowered] = await tx.query(run.lowerStatus, { id: keptId, intoId, before, after });
    if (lowered) told(conversationId, keptId, 'UPDATED');
  }
  return true;
}
