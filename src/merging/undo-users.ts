import { isDeepStrictEqual } from 'node:util';
import type { TenantTransaction } from '../database/database.ts';
import { type ExternalUser, type IdentifierKey, Prisma } from '../database/generated/client.ts';
import { columns, nothing } from '../database/sql/columns.ts';
import { parameter, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { array, uuid } from '../database/sql/types.ts';
import { Problem } from '../errors/catalogue.ts';
import {
  columnsOfIdentifier,
  compareKey,
  fieldOf,
  identifierKeys,
  phoneColumns,
} from '../external-users/identifiers.ts';
import { giveBackMemberships } from './memberships.ts';
import { fillIdentifiers, lockUsers } from './merge-users.ts';
import { leadAgain, type MergeRow } from './merges.ts';
import type { Back, FilledField, MergedUser, NotRestored, StoredRow, UsersRecord } from './record.ts';
import { again } from './stored-rows.ts';

const ids = parameter('ids', array(uuid));
const intoId = parameter('intoId', uuid);
const identifier = columns('ExternalUserIdentifier', 'i', ['id', 'identifierKey', 'identifierValue', 'isPrimary']);
const identifiersOf = statement(identifier)`
  select ${identifier} from external_user_identifier i
  where i.tenant_id = ${tenant} and i.external_user_id = ${intoId} order by i.id`;
const deleteIdentifiers = statement(nothing)`
  delete from external_user_identifier i where i.tenant_id = ${tenant} and i.id = any(${ids})`;
const deleteIdentifiersOf = statement(nothing)`
  delete from external_user_identifier i where i.tenant_id = ${tenant} and i.external_user_id = ${parameter('id', uuid)}`;
const restoreUser = again('external_user');
const restoreIdentifier = again('external_user_identifier');

/**
 * Undoes a merge of external users in its transaction. Returns who is there again, or null where nobody can be: then it
 * has changed nothing. Throws CONFLICT where the survivor would have no identifier left.
 */
export async function undoUsers(
  tx: TenantTransaction,
  { intoId }: Pick<MergeRow, 'intoId'>,
  record: UsersRecord,
  notRestored: NotRestored[],
): Promise<Back | null> {
  const [survivor] = await tx.query(lockUsers, { ids: [intoId] });
  if (!survivor) throw new Error('The survivor was locked before.');
  await fillIdentifiers(tx, [intoId]);
  const { changed, kept } = unfilled(survivor, record.filled);
  const theirs = new Set(record.from.flatMap(({ identifiers }) => identifiers.map((its) => its['id'])));
  const all = await tx.query(identifiersOf, { intoId });
  const isGiven = new Set(
    all
      .filter(
        ({ id, isPrimary, identifierKey }) =>
          theirs.has(id) && (!isPrimary || Object.hasOwn(changed, fieldOf(identifierKey))),
      )
      .map(({ id }) => id),
  );
  const canBeBack = record.from.filter((user) => rowWith(user, isGiven) !== null);
  if (canBeBack.length === 0) return null;
  const staying = all.filter(({ id }) => !isGiven.has(id));
  if (staying.length === 0)
    throw new Problem('CONFLICT', 'Who it was merged into would have no identifier left: add one to them first.');
  for (const field of kept)
    notRestored.push({ subjectId: intoId, field, detail: `${field} was changed since the merge, and stays as it is.` });
  const left = record.filled.filter(
    (its) => Object.hasOwn(changed, its.field) && !canBeBack.some((user) => mayComeFrom(user, its)),
  );
  for (const { field } of left) delete changed[field as keyof typeof changed];
  // What goes back leaves the survivor first, so that its columns are free for who had them.
  await tx.query(deleteIdentifiers, { ids: [...isGiven] });
  for (const key of identifierKeys) {
    const next = staying.find((its) => its.identifierKey === key);
    if (next && Object.hasOwn(changed, fieldOf(key)))
      Object.assign(changed, columnsOfIdentifier(key, next.identifierValue));
  }
  if (Object.keys(changed).length > 0)
    await tx.externalUser.update({ where: { tenantId_id: { tenantId: tx.tenantId, id: intoId } }, data: changed });

  const back: string[] = [];
  // The last first: one membership may have been dropped for another that moved before.
  for (const user of [...record.from].reverse()) {
    const id = String(user.row['id']);
    if (!(await bringBack(tx, intoId, user, isGiven, notRestored))) continue;
    back.push(id);
    await tx.query(leadAgain, { kind: 'EXTERNAL_USER', id, ids: [...user.led], intoId });
  }
  return { back, left };
}

const plainColumns: Readonly<Record<string, string>> = {
  firstName: 'first_name',
  lastName: 'last_name',
  fkUserId: 'fk_user_id',
  context: 'context',
  source: 'source',
};

/** Whether what a merge has filled may be this user's. Of identifiers and metadata it does not matter. */
function mayComeFrom({ row }: MergedUser, { field, after }: FilledField): boolean {
  const column = plainColumns[field];
  return column === undefined || row[column] === after;
}

/** What the survivor's filled fields are set back to, and the fields that were changed since. */
function unfilled(survivor: ExternalUser, filled: readonly FilledField[]) {
  const changed: Prisma.ExternalUserUncheckedUpdateInput = {};
  const kept: string[] = [];
  const now: Readonly<Record<string, unknown>> = { ...survivor };
  for (const { field, before, after } of filled) {
    if (!isSame(field, now[field], after)) kept.push(field);
    else if (field === 'phoneNumber') Object.assign(changed, phoneColumns(before as string | null));
    else Object.assign(changed, { [field]: field === 'metadata' && before === null ? Prisma.DbNull : before });
  }
  return { changed, kept };
}

/** Whether a field is as a merge has filled it. An identifier in another spelling is the same. */
function isSame(field: string, now: unknown, after: unknown): boolean {
  const key = identifierKeys.find((its) => fieldOf(its) === field);
  return key && typeof now === 'string' && typeof after === 'string'
    ? compareKey(key, now) === compareKey(key, after)
    : isDeepStrictEqual(now, after);
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
