import type { z } from 'zod';
import type { ExternalUser, IdentifierKey } from '../database/generated/client.ts';
import { type Fragment, literal, name, sql, tenant } from '../database/sql/fragment.ts';
import { sameEmail } from '../database/sql/same-email.ts';
import { Problem } from '../errors/catalogue.ts';
import { emailAddress } from '../values/email-address.ts';
import { phoneNumber, telephoneKey } from '../values/phone-number.ts';
import { text } from '../values/text.ts';

/** An identifier of an external user with its normalised value. */
export type Identifier = { readonly key: IdentifierKey; readonly value: string };

/** A foreign key, kept as given. */
export const fkId = text(1, 255);

/** SQL for telephoneKey of a number that asDialledToday has normalised. Null for null. */
export const telephoneKeySql = (number: Fragment): Fragment =>
  sql`regexp_replace(${number}, '^\\+549([0-9]{10})$', '+54\\1')`;

/** SQL for the key that the telephone number of an `external_user` under that alias is compared by. Null for null. */
export const phoneKeyOf = (alias: string): Fragment =>
  sql`coalesce(${name(alias)}.phone_key, ${name(alias)}.phone_number)`;

/** The columns of an external user's telephone number. */
export function phoneColumns(phoneNumber: string | null): Pick<ExternalUser, 'phoneNumber' | 'phoneKey'> {
  const key = phoneNumber && telephoneKey(phoneNumber);
  return { phoneNumber, phoneKey: key === phoneNumber ? null : key };
}

type Kind = {
  field: keyof ExternalUser;
  rule: z.ZodType<string>;
  /** The condition that the `external_user` under an alias has the value as its primary identifier. */
  has(alias: string, value: Fragment): Fragment;
  /** What a value is compared by, and the same as SQL. */
  compareKey(value: string): string;
  compareKeySql(value: Fragment): Fragment;
};

const kinds = {
  emailaddress: {
    field: 'email',
    rule: emailAddress,
    has: (alias, value) => sameEmail(name(`${alias}.email`), value),
    compareKey: (value) => value.toLowerCase(),
    compareKeySql: (value) => sql`lower(${value})`,
  },
  phonenumber: {
    field: 'phoneNumber',
    rule: phoneNumber,
    has: (alias, value) =>
      sql`${name(alias)}.phone_number is not null and ${phoneKeyOf(alias)} = ${telephoneKeySql(value)}`,
    compareKey: telephoneKey,
    compareKeySql: telephoneKeySql,
  },
  fkid: {
    field: 'fkId',
    rule: fkId,
    has: (alias, value) => sql`${name(alias)}.fk_id = ${value}`,
    compareKey: (value) => value,
    compareKeySql: (value) => value,
  },
} as const satisfies Record<IdentifierKey, Kind>;

/** Every key, in the order in which a user's identifiers are preferred. */
export const identifierKeys = Object.keys(kinds) as IdentifierKey[];

/** Returns the field of an external user that holds the identifier. */
export const fieldOf = (key: IdentifierKey) => kinds[key].field;

/** Returns what a normalised value of a kind is compared by. */
export const compareKey = (key: IdentifierKey, value: string): string => kinds[key].compareKey(value);

/** Returns the columns of a user that hold a primary identifier of a kind. */
export const columnsOfIdentifier = (key: IdentifierKey, value: string | null) =>
  key === 'phonenumber' ? phoneColumns(value) : { [kinds[key].field]: value };

type OfTenant<Parameters> = Fragment<Parameters & { readonly tenantId: string }>;

/** Another identifier of a user than its primary ones, under the alias `o`. */
const otherIdentifier = (key: IdentifierKey, value: Fragment, ofTenant: Fragment<never>) => {
  const compared = kinds[key].compareKeySql(value);
  return sql`external_user_identifier o where o.tenant_id = ${ofTenant} and o.identifier_key = ${literal(key)}
    and md5(o.compare_key) = md5(${compared}) and o.compare_key = ${compared}`;
};

/** Returns the condition that the `external_user` under an alias has the value as its primary identifier of a kind. */
export const hasPrimary = (key: IdentifierKey, alias: string, value: Fragment): Fragment =>
  kinds[key].has(alias, value);

/**
 * Returns the SQL for the id of the user that has an identifier, null for none. The primary ones stand in the user's
 * columns, so the others are looked at only where no user has it there.
 */
export function idByIdentifier<Parameters>(
  key: IdentifierKey,
  value: Fragment<Parameters>,
  ofTenant: Fragment<never> = tenant,
): OfTenant<Parameters> {
  return sql`coalesce((
      select x.id from external_user x where x.tenant_id = ${ofTenant} and ${kinds[key].has('x', value as Fragment)} limit 1
    ), (
      select o.external_user_id from ${otherIdentifier(key, value as Fragment, ofTenant)}
    ))` as OfTenant<Parameters>;
}

/** Returns the SQL for the row of that user, as a subquery of `from`. It reads the row where it finds it. */
export function userByIdentifier<Parameters>(key: IdentifierKey, value: Fragment<Parameters>): OfTenant<Parameters> {
  return sql`(
      select x.* from external_user x where x.tenant_id = ${tenant} and ${kinds[key].has('x', value as Fragment)}
      union all select x.* from external_user x where x.tenant_id = ${tenant} and x.id = (
        select o.external_user_id from ${otherIdentifier(key, value as Fragment, tenant)})
      limit 1)` as OfTenant<Parameters>;
}

/** Normalises the identifier's value. Null when nothing can have it. */
export const identifierOrNull = (key: IdentifierKey, value: string): string | null =>
  kinds[key].rule.safeParse(value).data ?? null;

/** Normalises the identifier's value. Throws VALIDATION_FAILED with the place in the arguments. */
export function identifier(key: IdentifierKey, value: string, path: readonly (string | number)[]): Identifier {
  const result = kinds[key].rule.safeParse(value);
  if (result.success) return { key, value: result.data };
  const errors = result.error.issues.map(({ message }) => ({ path, message }));
  throw new Problem('VALIDATION_FAILED', `${path.at(-1)} ${errors[0]?.message}`, { errors });
}
