import type { TenantDatabase, TenantTransaction } from '../database/database.ts';
import { sqlState } from '../database/failures.ts';
import type { ExternalUser, ExternalUserIdentifier, IdentifierKey } from '../database/generated/client.ts';
import { asUuid, newId } from '../database/ids.ts';
import { bounded, type Loader, manyBy, oneByUuid } from '../database/loaders.ts';
import { columns, nothing } from '../database/sql/columns.ts';
import { anyKey, type Fragment, literal, parameter, tenant } from '../database/sql/fragment.ts';
import { batchedRead, statement } from '../database/sql/statement.ts';
import { boolean, enumeration, text, uuid } from '../database/sql/types.ts';
import { Problem } from '../errors/catalogue.ts';
import type { KeepIds } from '../idempotency/once.ts';
import { alreadyExists, externalUserNotFound, lockUser, tried } from './external-users.ts';
import { columnsOfIdentifier, compareKey, fieldOf, hasPrimary, identifier } from './identifiers.ts';

const row = columns('ExternalUserIdentifier', 'i');
const key = parameter('identifierKey', enumeration<IdentifierKey>('IdentifierKey'));

const identifiersOfUsers = statement(row)`
  select ${row} from external_user_identifier i where i.tenant_id = ${tenant} and i.external_user_id = ${anyKey(uuid)}
  order by i.external_user_id, i.identifier_key, i.is_primary desc, i.id`;

/** The identifiers of users: by kind, the primary one of each first, then the oldest. */
export const identifiersByUser: Loader<string, ExternalUserIdentifier[]> = bounded(
  manyBy(identifiersOfUsers, 'externalUserId'),
  'identifiers: ask for fewer users',
);

/** How many identifiers may be added to a user. Merges may bring more together. */
const maxPerUser = 100;

const one = statement(row)`
  select ${row} from external_user_identifier i where i.tenant_id = ${tenant} and i.id = ${parameter('id', uuid)}`;
const value = parameter('value', text);
const addOf = (its: IdentifierKey) => statement(row)`
  insert into external_user_identifier as i (tenant_id, id, external_user_id, identifier_key, identifier_value, compare_key, is_primary)
  select u.tenant_id, ${parameter('id', uuid)}, u.id, ${literal(its)}, ${value}, ${parameter('compareKey', text)},
    ${parameter('isPrimary', boolean)}
  from external_user u where u.tenant_id = ${tenant} and u.id = ${parameter('userId', uuid)} and not exists (
    select from external_user x where x.tenant_id = ${tenant} and x.id <> u.id and ${hasPrimary(its, 'x', value as Fragment)})
  returning ${row}`;
// A user from before identifiers were rows has them in its columns only, until the pass comes to it.
const add: Readonly<Record<IdentifierKey, ReturnType<typeof addOf>>> = {
  emailaddress: addOf('emailaddress'),
  phonenumber: addOf('phonenumber'),
  fkid: addOf('fkid'),
};

/** Somebody else has the identifier in its columns. */
class TakenElsewhere extends Error {}
const mark = statement(nothing)`
  update external_user_identifier i set is_primary = (i.id = ${parameter('id', uuid)})
  where i.tenant_id = ${tenant} and i.external_user_id = ${parameter('userId', uuid)} and i.identifier_key = ${key}
    and i.is_primary <> (i.id = ${parameter('id', uuid)})`;
const remove = statement(nothing)`
  delete from external_user_identifier i where i.tenant_id = ${tenant} and i.id = ${parameter('id', uuid)}`;

/** Makes an identifier the primary one of its kind: the one before stays, beside it. */
async function makePrimary(tx: TenantTransaction, chosen: ExternalUserIdentifier): Promise<ExternalUser> {
  const { id, externalUserId: userId, identifierKey, identifierValue } = chosen;
  // First the rows, so that the trigger on the column finds nothing to replace.
  await tx.query(mark, { id, userId, identifierKey });
  return tx.externalUser.update({
    where: { tenantId_id: { tenantId: tx.tenantId, id: userId } },
    data: columnsOfIdentifier(identifierKey, identifierValue),
  });
}

/** Identifiers by their ids. */
export const identifierById = oneByUuid(
  batchedRead(row)`
    select ${row} from external_user_identifier i where i.tenant_id = ${tenant} and i.id = ${anyKey(uuid)}`,
  'id',
);

/** An identifier to add to a user. */
export type NewIdentifier = {
  externalUserId: string;
  identifierKey: IdentifierKey;
  identifierValue: string;
  primary?: boolean | null | undefined;
};

/**
 * Adds an identifier to a user, or finds that the user has it. The first of its kind is the primary one; another
 * becomes it where `primary` is true. Throws EXTERNAL_USER_NOT_FOUND, USER_ALREADY_EXISTS when another user has it, and
 * CONFLICT for a user who has 100.
 */
export async function addExternalUserIdentifier(db: TenantDatabase, input: NewIdentifier, keepIds?: KeepIds) {
  const { identifierKey } = input;
  const { value } = identifier(identifierKey, input.identifierValue, ['input', 'identifierValue']);
  const named = asUuid(input.externalUserId);
  if (!named) throw externalUserNotFound(input.externalUserId);
  const compared = compareKey(identifierKey, value);
  return tried(async () => {
    let userId = named;
    try {
      return await db.queueFor(named).transaction(async (tx) => {
        const before = await lockUser(tx, named);
        userId = before.id;
        const all = await tx.query(identifiersOfUsers, { keys: [userId] });
        const same = all.filter((its) => its.identifierKey === identifierKey);
        const has = same.find((its) => its.compareKey === compared);
        const isPrimary = same.length === 0 || input.primary === true;
        if (has && (has.isPrimary || !isPrimary)) {
          await keepIds?.(tx, [has.id]);
          return { user: before, identifier: has, created: false };
        }
        if (!has && all.length >= maxPerUser)
          throw new Problem('CONFLICT', `The user has ${all.length} identifiers: remove one first.`);
        const added =
          has ??
          (
            await tx.query(add[identifierKey], { id: newId(), userId, value, compareKey: compared, isPrimary: false })
          )[0];
        if (!added) throw new TakenElsewhere('The user is locked, so another has the identifier.');
        const user = isPrimary ? await makePrimary(tx, added) : before;
        await keepIds?.(tx, [added.id, ...(has ? [] : ['created'])]);
        return { user, identifier: { ...added, isPrimary }, created: !has };
      });
    } catch (error) {
      if (!(error instanceof TakenElsewhere) && sqlState(error) !== '23505') throw error;
      return alreadyExists(db, { [fieldOf(identifierKey)]: value }, userId, () => ['input', 'identifierValue']);
    }
  });
}

/**
 * Removes an identifier from its user. The oldest other one of its kind becomes the primary one in its place. Returns
 * a null user where nobody has it. Throws CONFLICT for a user's last identifier.
 */
export async function removeExternalUserIdentifier(
  db: TenantDatabase,
  input: { identifierId: string },
): Promise<{ user: ExternalUser | null; removed: boolean }> {
  const id = asUuid(input.identifierId);
  const [found] = id ? await db.query(one, { id }) : [];
  if (!id || !found) return { user: null, removed: false };
  return db.queueFor(found.externalUserId).transaction(async (tx) => {
    const user = await lockUser(tx, found.externalUserId);
    const userId = user.id;
    const all = await tx.query(identifiersOfUsers, { keys: [userId] });
    const its = all.find((each) => each.id === id);
    if (!its) return { user, removed: false };
    if (all.length === 1) throw new Problem('CONFLICT', 'This is the user’s last identifier: it cannot be removed.');
    if (!its.isPrimary) {
      await tx.query(remove, { id });
      return { user, removed: true };
    }
    const next = all.find((each) => each.identifierKey === its.identifierKey && each.id !== id);
    // The trigger on the column deletes the primary one that it replaces.
    const changed = await tx.externalUser.update({
      where: { tenantId_id: { tenantId: tx.tenantId, id: userId } },
      data: columnsOfIdentifier(its.identifierKey, next?.identifierValue ?? null),
    });
    return { user: changed, removed: true };
  });
}
