import type { z } from 'zod';
import type { ExternalUser, IdentifierKey } from '../database/generated/client.ts';
import { type Fragment, name, sql } from '../database/sql/fragment.ts';
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

/** For each key: the field, its rule, and the condition that a user under an alias has the value of a parameter. */
const kinds = {
  emailaddress: {
    field: 'email',
    rule: emailAddress,
    has: (alias, value) => sameEmail(name(`${alias}.email`), value),
  },
  phonenumber: {
    field: 'phoneNumber',
    rule: phoneNumber,
    has: (alias, value) =>
      sql`${name(alias)}.phone_number is not null and ${phoneKeyOf(alias)} = ${telephoneKeySql(value)}`,
  },
  fkid: { field: 'fkId', rule: fkId, has: (alias, value) => sql`${name(alias)}.fk_id = ${value}` },
} as const satisfies Record<
  IdentifierKey,
  { field: keyof ExternalUser; rule: z.ZodType<string>; has: (alias: string, value: Fragment) => Fragment }
>;

/** Every key, in the order in which a user's identifiers are preferred. */
export const identifierKeys = Object.keys(kinds) as IdentifierKey[];

/** Returns the field of an external user that holds the identifier. */
export const fieldOf = (key: IdentifierKey) => kinds[key].field;

/** Returns the condition that the `external_user` under an alias has the identifier whose value is the parameter. */
export const hasIdentifier = <Parameters>(
  key: IdentifierKey,
  alias: string,
  value: Fragment<Parameters>,
): Fragment<Parameters> => kinds[key].has(alias, value as Fragment) as Fragment<Parameters>;

/** Normalises the identifier's value. Throws VALIDATION_FAILED with the place in the arguments. */
export function identifier(key: IdentifierKey, value: string, path: readonly (string | number)[]): Identifier {
  const result = kinds[key].rule.safeParse(value);
  if (result.success) return { key, value: result.data };
  const errors = result.error.issues.map(({ message }) => ({ path, message }));
  throw new Problem('VALIDATION_FAILED', `${path.at(-1)} ${errors[0]?.message}`, { errors });
}
