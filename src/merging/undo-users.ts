import { isDeepStrictEqual } from 'node:util';
import type { TenantTransaction } from '../database/database.ts';
import { type ExternalUser, type IdentifierKey, Prisma } from '../database/generated/client.ts';
import { columns, nothing } from '../database/sql/columns.ts';
import { parameter, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { array, uuid } from '../database/sql/types.ts';
import { fieldOf, phoneColumns } from '../external-users/identifiers.ts';
import { giveBackMemberships } from './memberships.ts';
import { lockUsers } from './merge-users.ts';
import { leadAgain } from './merges.ts';
import type { FilledField, MergedUser, NotRestored, StoredRow, UsersRecord } from './record.ts';
import { again } from './stored-rows.ts';
import { survivorGone } from './survivor-gone.ts';

const ids = parameter('ids', array(uuid));
const intoId = parameter('intoId', uuid);
const identifier = columns('ExternalUserIdentifier', 'i', ['id', 'identifierKey', 'isPrimary']);
const presentIdentifiers = statement(identifier)`
  select ${identifier} from external_user_identifier i
  where i.tenant_id = ${tenant} and i.external_user_id = ${intoId} and i.id = any(${ids})`;
const deleteIdentifiers = statement(nothing)`
  delete from external_user_identifier i where i.tenant_id = ${tenant} and i.id = any(${ids})`;
const deleteIdentifiersOf = statement(nothing)`
  delete from external_user_identifier i where i.tenant_id = ${tenant} and i.external_user_id = ${parameter('id', uuid)}`;
const restoreUser = again('external_user');
const restoreIdentifier = again('external_user_identifier');

/** Undoes a merge of external users in its transaction. Returns the survivor, and those who are there again. */
export async function undoUsers(
  tx: TenantTransaction,
  intoId: string,
  record: UsersRecord,
  notRestored: NotRestored[],
): Promise<{ users: ExternalUser[]; back: string[] }> {
  const [survivor] = await tx.query(lockUsers, { ids: [intoId] });
  if (!survivor) throw survivorGone();
  const { changed, kept } = unfilled(survivor, record.filled);
  for (const field of kept)
    notRestored.push({ subjectId: intoId, field, detail: `${field} was changed since the merge, and stays as it is.` });

  // What goes back leaves the survivor first, so that its columns are free for who had them.
  const ids = record.from.flatMap(({ identifiers }) => identifiers.map((its) => String(its['id'])));
  const found = await tx.query(presentIdentifiers, { intoId, ids });
  const given = found.filter(
    ({ isPrimary, identifierKey }) => !isPrimary || Object.hasOwn(changed, fieldOf(identifierKey)),
  );
  await tx.query(deleteIdentifiers, { ids: given.map((its) => its.id) });
  if (Object.keys(changed).length > 0)
    await tx.externalUser.update({ where: { tenantId_id: { tenantId: tx.tenantId, id: intoId } }, data: changed });

  const isGiven = new Set(given.map((its) => its.id));
  const back: string[] = [];
  // The last first: one membership may have been dropped for another that moved before.
  for (const user of [...record.from].reverse()) {
    const userId = String(user.row['id']);
    if (!(await bringBack(tx, intoId, user, isGiven, notRestored))) continue;
    back.push(userId);
    await tx.query(leadAgain, { kind: 'EXTERNAL_USER', id: userId, ids: [...user.led], intoId });
  }
  const users = await tx.query(lockUsers, { ids: [intoId, ...back] });
  return { users: [intoId, ...back].flatMap((id) => users.find((each) => each.id === id) ?? []), back };
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
  const subjectId = String(user.row['id']);
  const missing = (field: string, detail: string) => void notRestored.push({ subjectId, field, detail });
  const restored = rowWith(user, isGiven);
  if (!restored) {
    missing('id', 'None of its identifiers is left to it, so it stays merged.');
    return false;
  }
  for (const its of user.identifiers)
    if (!isGiven.has(String(its['id'])))
      missing('identifiers', `${its['identifier_value']} was removed or changed since the merge.`);
  await tx.query(restoreUser, { row: JSON.stringify(restored.row) });
  // The trigger made rows with new ids.
  await tx.query(deleteIdentifiersOf, { id: subjectId });
  for (const its of restored.identifiers) await tx.query(restoreIdentifier, { row: JSON.stringify(its) });
  await giveBackMemberships(tx, 'EXTERNAL_USER', { fromId: subjectId, intoId }, user, missing);
  return true;
}
