import { z } from 'zod';
import type { TenantDatabase } from '../database/database.ts';
import { sqlState } from '../database/failures.ts';
import type { ExternalUser } from '../database/generated/client.ts';
import { newId } from '../database/ids.ts';
import { Problem } from '../errors/catalogue.ts';
import { checked } from '../values/checked.ts';
import { displayName } from '../values/text.ts';
import {
  alreadyExists,
  clashing,
  columnsOf,
  type Identifiers,
  identifierFields,
  optional,
  tried,
  unidentified,
} from './external-users.ts';

const newUser = z
  .object({ firstName: displayName, lastName: displayName, ...optional })
  .superRefine((user, context) => {
    if (identifierFields.every((field) => user[field] == null))
      context.addIssue({ code: 'custom', message: unidentified });
  });

/** A user that an import brings: with any names, but with an identifier. */
export const importedUser = z
  .object({ firstName: displayName.nullish(), lastName: displayName.nullish(), ...optional })
  .superRefine((user, context) => {
    if (identifierFields.every((field) => user[field] == null))
      context.addIssue({ code: 'custom', message: unidentified });
  });

/** The unchecked input of createExternalUser. */
export type NewExternalUser = z.input<typeof newUser>;

/** Creates an external user. Throws USER_ALREADY_EXISTS with each field that another user has. */
export async function createExternalUser(
  db: TenantDatabase,
  input: NewExternalUser,
  id = newId(),
): Promise<ExternalUser> {
  const user = checked(newUser, input);
  const data = { ...columnsOf(user), tenantId: db.tenantId, id };
  return tried(async () => {
    try {
      return await db.write(async (models) => {
        const [created] = await models.externalUser.createManyAndReturn({ data: [data], skipDuplicates: true });
        // Thrown, so that nothing else that is written with it stays.
        if (!created) throw isTaken;
        return created;
      });
    } catch (error) {
      // An identifier that another user has beside its primary one is found by the trigger that stores it.
      if (error !== isTaken && sqlState(error) !== '23505') throw error;
      return alreadyExists(db, user, null);
    }
  });
}
const isTaken = new Error('Another user has an identifier.');

const maxUsers = 100;
const newUsers = z.object({
  users: z.array(newUser).min(1, 'must not be empty').max(maxUsers, `must be at most ${maxUsers} users`),
});

/** A clash of a user of a list: with which other, or null where that is one of the list, who is not there after it. */
type Clash = { index: number; field: keyof Identifiers; existingId: string | null };

/** Carries what is wrong out of a transaction that is to be undone. */
class Clashing extends Error {
  readonly clashes: readonly Clash[];
  constructor(clashes: readonly Clash[]) {
    super();
    this.clashes = clashes;
  }
}

/**
 * Creates up to 100 external users, all or none, in the order in which they are given. Throws USER_ALREADY_EXISTS,
 * naming each field that another user has, or another of these, by its index.
 */
export async function createExternalUsers(
  db: TenantDatabase,
  input: { users: readonly NewExternalUser[] },
  ids: readonly string[] = [],
): Promise<ExternalUser[]> {
  const { users } = checked(newUsers, input);
  const data = users.map((user, index) => ({ ...columnsOf(user), tenantId: db.tenantId, id: ids[index] ?? newId() }));
  const clashesOf = async ({ query }: Pick<TenantDatabase, 'query'>, isWanted: (id: string) => boolean) => {
    const clashes: Clash[] = [];
    for (const [index, { id }] of data.entries()) {
      if (!isWanted(id)) continue;
      const { email = null, phoneNumber = null, fkId = null } = users[index] as Identifiers;
      for (const { field, id: other } of await query(clashing, { email, phoneNumber, fkId, id }))
        clashes.push({ index, field, existingId: data.some((one) => one.id === other) ? null : other });
    }
    return clashes;
  };
  return tried(async () => {
    try {
      return await db.transaction(async (tx) => {
        const created = await tx.externalUser.createManyAndReturn({ data, skipDuplicates: true });
        const byId = new Map(created.map((user) => [user.id, user]));
        if (created.length === data.length) return data.flatMap(({ id }) => byId.get(id) ?? []);
        throw new Clashing(await clashesOf(tx, (id) => !byId.has(id)));
      });
    } catch (error) {
      const isLate = sqlState(error) === '23505';
      if (!isLate && !(error instanceof Clashing)) throw error;
      const clashes = error instanceof Clashing ? error.clashes : await clashesOf(db, () => true);
      const [first] = clashes;
      if (!first) return null;
      const { index, field, existingId } = first;
      return new Problem('USER_ALREADY_EXISTS', `Another external user has the ${field} of user ${index}.`, {
        errors: clashes.map((clash) => ({
          path: ['input', 'users', clash.index, clash.field],
          message: 'is another user’s',
        })),
        field,
        ...(existingId !== null && { existingId }),
      });
    }
  });
}
