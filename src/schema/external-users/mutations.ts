import { may } from '../../auth/viewer.ts';
import type { ExternalUser } from '../../database/generated/client.ts';
import { newId } from '../../database/ids.ts';
import { Problem } from '../../errors/catalogue.ts';
import { createExternalUser, createExternalUsers } from '../../external-users/create.ts';
import { deleteExternalUser } from '../../external-users/delete.ts';
import { externalUserNotFound, updateExternalUser } from '../../external-users/external-users.ts';
import { externalUserById } from '../../external-users/queries.ts';
import { builder } from '../builder.ts';
import type { GraphContext } from '../context.ts';
import { createOnce, formerName, idempotencyKey, ifModifiedAt, still, write } from '../mutation.ts';
import { ExternalUserType } from './external-users.ts';

const which = {
  externalUserId: { description: 'The user’s UUID. Required, unless `id` is given.' },
  id: { description: 'The user’s UUID.', deprecationReason: formerName('externalUserId') },
} as const;

/** The user that an input names, by one of its two fields. Throws VALIDATION_FAILED unless it is one. */
function named(externalUserId: string | null | undefined, id: string | null | undefined): string {
  const given = externalUserId ?? id;
  if (given != null && (externalUserId == null || id == null)) return given;
  const message = given == null ? 'must be given' : 'must not be given with id';
  const errors = [{ path: ['input', 'externalUserId'], message }];
  throw new Problem('VALIDATION_FAILED', `externalUserId ${message}`, { errors });
}

/** Runs a rule that writes users; which user has a clashing identifier is told only to viewers who may read users. */
export async function tellingExisting<Result>(context: GraphContext, rule: () => Promise<Result>): Promise<Result> {
  try {
    return await rule();
  } catch (error) {
    if (!(error instanceof Problem) || error.existingId === undefined || may(context.viewer, 'users:read')) throw error;
    const { errors = [], field = '' } = error;
    throw new Problem(error.code, error.message, { errors, field });
  }
}

const names = {
  firstName: 'The first name: 1 to 150 characters after trimming.',
  lastName: 'The last name: 1 to 150 characters after trimming.',
};

const details = {
  email: 'An e-mail address of at most 4,000 characters, kept as given, unique in the tenant without regard to case.',
  phoneNumber: 'A telephone number in any international spelling; kept as E.164, unique in the tenant.',
  fkId: 'The user’s key in the caller’s own system: 1 to 255 characters, kept as given, unique in the tenant.',
  fkUserId: 'A second key of the caller’s: at most 255 characters, not unique.',
  context: 'The topic of the contact with the user: at most 4,000 characters.',
  source: 'Where the user came from: at most 4,000 characters.',
};

const metadata = 'A JSON object for further data: at most 16 KB, and 32 levels deep.';

type InputFields = Parameters<Parameters<typeof builder.inputType>[1]['fields']>[0];

const newUserFields = (t: InputFields) => ({
  firstName: t.string({ required: true, description: names.firstName }),
  lastName: t.string({ required: true, description: names.lastName }),
  email: t.string({ description: details.email }),
  phoneNumber: t.string({ description: details.phoneNumber }),
  fkId: t.string({ description: details.fkId }),
  fkUserId: t.string({ description: details.fkUserId }),
  context: t.string({ description: details.context }),
  source: t.string({ description: details.source }),
  metadata: t.field({ type: 'JSONObject', description: metadata }),
});

const userNow = (description: string) => ({
  type: ExternalUserType,
  description,
  resolve: (user: ExternalUser) => user,
});

builder.relayMutationField(
  'createExternalUser',
  {
    description: 'The external user to create, with at least one of `email`, `phoneNumber` and `fkId`.',
    inputFields: (t) => ({ ...newUserFields(t), idempotencyKey: t.string(idempotencyKey) }),
  },
  {
    description:
      'Creates an external user. Where another has one of its identifiers, it is `USER_ALREADY_EXISTS`, and `errors` names each of these fields. Needs `users:write`.',
    nullable: true,
    authScopes: { scope: 'users:write' },
    resolve: (_, { input }, context) =>
      tellingExisting(context, () =>
        createOnce(context, 'createExternalUser', input, {
          create: (db, [id]) => createExternalUser(db, input, id),
          again: ([id]) => still(context.load(externalUserById, id), () => externalUserNotFound(id)),
        }),
      ),
  },
  {
    description: 'The external user that was created.',
    outputFields: (t) => ({
      externalUser: t.field(userNow('The new user.')),
      user: t.field({ ...userNow('The new user.'), deprecationReason: formerName('externalUser') }),
    }),
  },
);

const clearable = (description: string) => ({ description: `${description} Null clears it.` });
const replaceable = (description: string) => ({
  description: `${description} Null removes it; the oldest other one of its kind, if there is one, becomes primary.`,
});

builder.relayMutationField(
  'updateExternalUser',
  {
    description: 'The changes to make. What is absent stays as it is; null clears, but not the last identifier.',
    inputFields: (t) => ({
      externalUserId: t.id(which.externalUserId),
      id: t.id(which.id),
      firstName: t.string(clearable(names.firstName)),
      lastName: t.string(clearable(names.lastName)),
      email: t.string(replaceable(details.email)),
      phoneNumber: t.string(replaceable(details.phoneNumber)),
      fkId: t.string(replaceable(details.fkId)),
      fkUserId: t.string(clearable(details.fkUserId)),
      context: t.string(clearable(details.context)),
      source: t.string(clearable(details.source)),
      metadata: t.field({ type: 'JSONObject', ...clearable(`${metadata} It replaces the whole object.`) }),
      metadataPatch: t.field({
        type: 'JSONObject',
        description:
          'Changes single members of the metadata, as a JSON Merge Patch (RFC 7396): a null member is removed, an object is merged, everything else replaces. Not with `metadata`. Null is as good as absent.',
      }),
      ifModifiedAt: t.field(ifModifiedAt),
    }),
  },
  {
    description:
      'Changes an external user, all or nothing. A primary identifier that is replaced is gone; one that a merge has brought stays beside the new one, for `undoMerge`. An identifier that another user has is `USER_ALREADY_EXISTS`. Needs `users:write`.',
    nullable: true,
    authScopes: { scope: 'users:write' },
    resolve: (_, { input }, context) =>
      tellingExisting(context, () => {
        const { externalUserId, id, metadataPatch, ...changes } = input;
        const patch = metadataPatch == null ? {} : { metadataPatch };
        const user = named(externalUserId, id);
        return write(context, () => updateExternalUser(context.db, { ...changes, ...patch, id: user }));
      }),
  },
  {
    description: 'The external user that was changed.',
    outputFields: (t) => ({
      externalUser: t.field(userNow('The user as it is now.')),
      user: t.field({ ...userNow('The user as it is now.'), deprecationReason: formerName('externalUser') }),
    }),
  },
);

builder.relayMutationField(
  'deleteExternalUser',
  {
    description: 'The external user to delete.',
    inputFields: (t) => ({ externalUserId: t.id(which.externalUserId), id: t.id(which.id) }),
  },
  {
    description:
      'Deletes an external user with its personal data and its memberships in conversations, all or nothing. Its history stays until `HISTORY_RETENTION_DAYS` are over: `erasePerson` removes that too. Needs `users:write`.',
    nullable: true,
    authScopes: { scope: 'users:write' },
    resolve: (_, { input }, context) =>
      write(context, () =>
        deleteExternalUser(
          context.db,
          { id: named(input.externalUserId, input.id) },
          context.services.externalUserHooks,
        ),
      ),
  },
  {
    description: 'The external user that was deleted.',
    outputFields: (t) => ({
      deletedId: t.id({ description: 'The UUID of the user that is gone.', resolve: (id) => id }),
    }),
  },
);

const NewUserInput = builder.inputType('NewExternalUserInput', {
  description: 'An external user to create, with at least one of `email`, `phoneNumber` and `fkId`.',
  fields: newUserFields,
});

builder.relayMutationField(
  'createExternalUsers',
  {
    description: 'The external users to create.',
    inputFields: (t) => ({
      users: t.field({ type: [NewUserInput], required: true, description: 'The users: 1 to 100.' }),
      idempotencyKey: t.string(idempotencyKey),
    }),
  },
  {
    description:
      'Creates up to 100 external users, all or none. Where another has one of their identifiers, or two of them have the same, it is `USER_ALREADY_EXISTS`, and `errors` names each of these fields by the index of its user. Needs `users:write`.',
    nullable: true,
    authScopes: { scope: 'users:write' },
    resolve: (_, { input }, context) =>
      tellingExisting(context, () =>
        createOnce(context, 'createExternalUsers', input, {
          ids: [newId(), ...input.users.slice(1).map(() => newId())],
          create: (db, ids) => createExternalUsers(db, input, ids),
          again: (ids) =>
            Promise.all(ids.map((id) => still(context.load(externalUserById, id), () => externalUserNotFound(id)))),
        }),
      ),
  },
  {
    description: 'The external users that were created.',
    outputFields: (t) => ({
      externalUsers: t.field({
        type: [ExternalUserType],
        description: 'The new users, in the order in which they were given.',
        resolve: (users: ExternalUser[]) => users,
      }),
    }),
  },
);
