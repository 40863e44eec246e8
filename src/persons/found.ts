import type { TenantDatabase } from '../database/database.ts';
import type { ExternalUser, Participant } from '../database/generated/client.ts';
import { addressText, fkText, identityText } from '../erasure/digests.ts';
import { Problem } from '../errors/catalogue.ts';
import { externalUsersOf, type Identity, type IdentityInput, identityOf, participantsOf } from '../identity/who-is.ts';

/** The person that an identifier leads to: external users, and participants who are persons. */
export type Person = { by: Identity; users: ExternalUser[]; participants: Participant[] };

/**
 * Finds the person that an identifier leads to, across external users and participants. Groups and agents with the
 * identifier are nobody's data. Throws VALIDATION_FAILED, and RESULT_TOO_LARGE over 10,000.
 */
export async function findPerson(db: TenantDatabase, input: IdentityInput): Promise<Person> {
  const by = await identityOf(db, input);
  const [users, participants] = [await externalUsersOf(db, by, true), await participantsOf(db, by, true)];
  return { by, users, participants: participants.filter(({ kind }) => kind === 'PERSON') };
}

/** The texts whose digests stand for the identifier that was named. */
export function textsOf({ email, phoneNumber, fkId, provider, addressKeys }: Identity): string[] {
  return [
    ...[email?.toLowerCase(), phoneNumber].flatMap((key) => (key ? identityText(key) : [])),
    ...(fkId ? [fkText(fkId)] : []),
    ...(provider ? addressKeys.map((key) => addressText(provider, key)) : []),
  ];
}

/** The error for a confirmation that is missing. */
export const unconfirmed = () =>
  new Problem('VALIDATION_FAILED', 'confirm must be true.', {
    errors: [{ path: ['input', 'confirm'], message: 'must be true' }],
  });
