import { z } from 'zod';
import type { TenantDatabase, TenantTransaction } from '../database/database.ts';
import { sqlState } from '../database/failures.ts';
import { type ExternalUser, Prisma } from '../database/generated/client.ts';
import { asUuid } from '../database/ids.ts';
import { followed } from '../database/redirects.ts';
import { columns, rows } from '../database/sql/columns.ts';
import { join, literal, parameter, sql, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { nullable, text as sqlText, textOf, uuid } from '../database/sql/types.ts';
import { Problem, type Violation } from '../errors/catalogue.ts';
import { checked } from '../values/checked.ts';
import { emailAddress } from '../values/email-address.ts';
import { jsonObject } from '../values/json-object.ts';
import { demandOneOf, patched } from '../values/patched.ts';
import { phoneNumber } from '../values/phone-number.ts';
import { displayName, text } from '../values/text.ts';
import { demandUnmodified, type IfModifiedAt } from '../values/unmodified.ts';
import { fieldOf, fkId, idByIdentifier, identifierKeys, phoneColumns } from './identifiers.ts';
import { keepMerged, replacedBy } from './replaced.ts';

/** The fields of a user that are identifiers. */
export const identifierFields = identifierKeys.map(fieldOf);

/** The fields of a user that may be absent. */
export const optional = {
  email: emailAddress.nullish(),
  phoneNumber: phoneNumber.nullish(),
  fkId: fkId.nullish(),
  fkUserId: text(0, 255).nullish(),
  context: text(0, 4_000, { lines: true }).nullish(),
  source: text(0, 4_000).nullish(),
  metadata: jsonObject.nullish(),
};

/** What is wrong with a user without an identifier. */
export const unidentified = `must have at least one of ${identifierFields.join(', ')}`;

const changes = z.object({
  firstName: displayName.nullish(),
  lastName: displayName.nullish(),
  ...optional,
  metadataPatch: jsonObject.optional(),
});

/** Returns EXTERNAL_USER_NOT_FOUND for a user that the tenant does not have, whether or not it exists elsewhere. */
export const externalUserNotFound = (id: string) =>
  new Problem('EXTERNAL_USER_NOT_FOUND', `There is no external user ${id}.`);

/** Returns a user's display name: its names, else its first identifier. */
export function displayNameOf(
  user: Pick<ExternalUser, 'firstName' | 'lastName' | 'email' | 'phoneNumber' | 'fkId'>,
): string {
  const names = [user.firstName, user.lastName].filter((name) => name !== null);
  return names.length > 0 ? names.join(' ') : (user.email ?? user.phoneNumber ?? user.fkId ?? '');
}

type Fields = Omit<z.output<typeof changes>, 'metadataPatch'>;
export type Identifiers = Pick<Fields, (typeof identifierFields)[number]>;

type Given<Fields> = { [Field in keyof Fields]?: Exclude<Fields[Field], undefined> };

/** Removes the fields that were not given. */
const given = <Some extends object>(fields: Some) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<Some>;

/** Converts the given fields for Prisma. */
export function columnsOf(fields: Fields) {
  const { metadata, ...named } = given(fields);
  const others = { ...named, ...(named.phoneNumber !== undefined && phoneColumns(named.phoneNumber)) };
  if (metadata === undefined) return others;
  return { ...others, metadata: metadata === null ? Prisma.DbNull : (metadata as Prisma.InputJsonObject) };
}

/** Finds the other users that have these identifiers, and the field of each. */
export const clashing = statement(rows({ id: uuid, field: textOf<keyof Identifiers>() }))`${join(
  identifierKeys.map(
    (key) => sql`select u.id, ${literal(fieldOf(key))} as field
      from (select ${idByIdentifier(key, parameter(fieldOf(key), nullable(sqlText)))} as id) u
      where u.id <> ${parameter('id', nullable(uuid))} or (u.id is not null and ${parameter('id', nullable(uuid))} is null)`,
  ),
  ' union all ',
)}`;

/**
 * Returns USER_ALREADY_EXISTS with every field that another user than that one has, and where each stands in the input.
 * Null when none has any more.
 */
export async function alreadyExists(
  db: TenantDatabase,
  user: Identifiers,
  id: string | null,
  pathOf: (field: string) => Violation['path'] = (field) => ['input', field],
): Promise<Problem | null> {
  const { email = null, phoneNumber = null, fkId = null } = user;
  const found = await db.query(clashing, { email, phoneNumber, fkId, id });
  const [first] = found;
  if (!first) return null;
  const fields = found.map(({ field }) => field);
  return new Problem('USER_ALREADY_EXISTS', `Another external user has that ${fields.join(' and that ')}.`, {
    errors: fields.map((field) => ({ path: pathOf(field), message: 'is another user’s' })),
    field: first.field,
    existingId: first.id,
  });
}

/** Tries again where the other user is gone before it was read. Throws UNAVAILABLE when that happens too often. */
export async function tried<Result>(attempt: () => Promise<Result | Problem | null>): Promise<Result> {
  for (let attempts = 0; attempts < 5; attempts++) {
    const result = await attempt();
    if (result instanceof Problem) throw result;
    if (result !== null) return result;
  }
  throw new Problem('UNAVAILABLE', 'Others keep changing the same external user.', { retryAfter: 1 });
}

const whole = columns('ExternalUser', 'u');
const lock = statement(whole)`
  select ${whole} from external_user u where u.tenant_id = ${tenant} and u.id = ${parameter('id', uuid)} for no key update`;

/**
 * Locks a user against other changes and reads it; for an id that was merged away, the survivor. Throws
 * EXTERNAL_USER_NOT_FOUND.
 */
export async function lockUser(tx: Pick<TenantTransaction, 'query'>, id: string): Promise<ExternalUser> {
  const user = await followed(tx, 'EXTERNAL_USER', id, async (id) => (await tx.query(lock, { id }))[0]);
  if (!user) throw externalUserNotFound(id);
  return user;
}

const otherIdentifiers = statement(columns('ExternalUserIdentifier', 'i', ['identifierKey', 'identifierValue']))`
  select distinct on (i.identifier_key) ${columns('ExternalUserIdentifier', 'i', ['identifierKey', 'identifierValue'])}
  from external_user_identifier i where i.tenant_id = ${tenant} and i.external_user_id = ${parameter('id', uuid)} and not i.is_primary
  order by i.identifier_key, i.id`;

/** The identifiers that take the places of those that are cleared: the oldest other one of each kind. */
async function successors(tx: TenantTransaction, id: string, cleared: readonly (keyof Identifiers)[]) {
  if (cleared.length === 0) return {};
  const others = await tx.query(otherIdentifiers, { id });
  const wanted = others.filter(({ identifierKey }) => cleared.includes(fieldOf(identifierKey)));
  return Object.fromEntries(
    wanted.map(({ identifierKey, identifierValue }) => [fieldOf(identifierKey), identifierValue]),
  );
}

/** The input of updateExternalUser. An absent field stays as it is, and null clears it. */
export type ExternalUserChanges = { id: string } & IfModifiedAt & z.input<typeof changes>;

/**
 * Changes an external user. Throws EXTERNAL_USER_NOT_FOUND, USER_ALREADY_EXISTS, and VALIDATION_FAILED when no
 * identifier would be left.
 */
export async function updateExternalUser(db: TenantDatabase, input: ExternalUserChanges): Promise<ExternalUser> {
  const { id: name, ifModifiedAt, ...fields } = input;
  demandOneOf(fields, 'metadata', 'metadataPatch');
  const { metadataPatch, ...data } = checked(changes, fields);
  const named = asUuid(name);
  if (!named) throw externalUserNotFound(name);
  const { tenantId } = db;
  return tried(async () => {
    let id = named;
    try {
      return await db.queueFor(named).transaction(async (tx) => {
        const before = await lockUser(tx, named);
        id = before.id;
        demandUnmodified(before, { ifModifiedAt });
        const metadata = metadataPatch && patched(before.metadata, undefined, metadataPatch, 'metadataPatch');
        if (Object.keys(given(data)).length === 0 && metadata === undefined) return before;
        const cleared = identifierFields.filter((field) => data[field] === null);
        const next = await successors(tx, id, cleared);
        const after = { ...before, ...given(data), ...next };
        if (identifierFields.every((field) => after[field] === null)) {
          throw new Problem('VALIDATION_FAILED', `The user ${unidentified}.`, {
            errors: cleared.map((field) => ({
              path: ['input', field],
              message: 'must not be cleared: it is the last identifier',
            })),
          });
        }
        await keepMerged(tx, replacedBy(data, before));
        return tx.externalUser.update({
          where: { tenantId_id: { tenantId, id } },
          data: columnsOf({ ...data, ...next, ...(metadata !== undefined && { metadata }) }),
        });
      });
    } catch (error) {
      if (sqlState(error) !== '23505') throw error;
      return alreadyExists(db, data, id);
    }
  });
}
