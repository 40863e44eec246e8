import type { ExternalUser, ExternalUserIdentifier } from '../../database/generated/client.ts';
import { externalUserNotFound } from '../../external-users/external-users.ts';
import {
  addExternalUserIdentifier,
  identifierById,
  identifiersByUser,
  removeExternalUserIdentifier,
} from '../../external-users/identifier-changes.ts';
import { externalUserById } from '../../external-users/queries.ts';
import type { Survivor } from '../../merging/merge-users.ts';
import { builder } from '../builder.ts';
import type { GraphContext } from '../context.ts';
import { IdentifierKeyType } from '../conversations/memberships.ts';
import { HistorySubjectType } from '../history/subject.ts';
import { createOnce, idempotencyKey, still, write } from '../mutation.ts';
import { NodeType } from '../node-interface.ts';
import { reading } from '../selection.ts';
import { ExternalUserType } from './external-users.ts';
import { tellingExisting } from './mutations.ts';

const ofExternalUser = reading<ExternalUser>();

const IdentifierType = builder.prismaObject('ExternalUserIdentifier', {
  interfaces: [NodeType, HistorySubjectType],
  description:
    'Something that an external user is known by: an e-mail address, a telephone number or a foreign key. One user of the tenant has it at most. Seen with `users:read`.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The identifier’s UUID.' }),
    identifierKey: t.expose('identifierKey', {
      type: IdentifierKeyType,
      description: 'What kind of identifier it is.',
    }),
    identifierValue: t.exposeString('identifierValue', {
      description: 'The identifier: an e-mail address or a foreign key as it was given, a telephone number in E.164.',
    }),
    primary: t.exposeBoolean('isPrimary', {
      description: 'Whether it is the one that `email`, `phoneNumber` or `fkId` of the user shows.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the user got it.' }),
  }),
});

builder.objectField(ExternalUserType, 'identifiers', (t) =>
  t.field({
    type: [IdentifierType],
    description:
      'Everything that the user is known by: e-mail addresses, telephone numbers, foreign keys, the primary one of each kind first.',
    // A preview of a merge has them: nobody finds them afterwards.
    ...ofExternalUser(
      ['id'],
      (user: Pick<Survivor, 'id' | 'identifiers'>, _, context) =>
        user.identifiers ?? context.load(identifiersByUser, user.id),
    ),
  }),
);

type Added = { user: ExternalUser; identifier: ExternalUserIdentifier; created: boolean };

/** What was added before, as it is now. Throws EXTERNAL_USER_NOT_FOUND where it was removed since. */
async function addedBefore(id: string, created: boolean, context: GraphContext): Promise<Added> {
  const gone = () => externalUserNotFound(id);
  const identifier = await still(context.load(identifierById, id), gone);
  const user = await still(context.load(externalUserById, identifier.externalUserId), gone);
  return { user, identifier, created };
}

builder.relayMutationField(
  'addExternalUserIdentifier',
  {
    description: 'The identifier to add, and to which user.',
    inputFields: (t) => ({
      externalUserId: t.id({ required: true, description: 'The user’s UUID.' }),
      identifierKey: t.field({
        type: IdentifierKeyType,
        required: true,
        description: 'What kind of identifier it is.',
      }),
      identifierValue: t.string({
        required: true,
        description:
          'The identifier: an e-mail address, a telephone number in any international spelling, or a foreign key of 1 to 255 characters.',
      }),
      primary: t.boolean({
        description:
          'Whether it becomes the primary one of its kind; the one before stays. The first of a kind is always primary. Null is as good as false.',
      }),
      idempotencyKey: t.string(idempotencyKey),
    }),
  },
  {
    description:
      'Adds an identifier to an external user. A repeat finds it and adds nothing. One that another user has is `USER_ALREADY_EXISTS`, also where it is another spelling of the same telephone. Needs `users:write`.',
    nullable: true,
    authScopes: { scope: 'users:write' },
    resolve: (_, { input }, context) =>
      tellingExisting(context, () =>
        createOnce(context, 'addExternalUserIdentifier', input, {
          create: (db, _ids, keepIds): Promise<Added> => addExternalUserIdentifier(db, input, keepIds),
          again: ([id, created]) => addedBefore(id, created !== undefined, context),
        }),
      ),
  },
  {
    description: 'The identifier that the user has now.',
    outputFields: (t) => ({
      externalUser: t.field({ type: ExternalUserType, description: 'The user.', resolve: ({ user }: Added) => user }),
      identifier: t.field({
        type: IdentifierType,
        description: 'The identifier.',
        resolve: ({ identifier }: Added) => identifier,
      }),
      created: t.boolean({
        description: 'Whether it was added by this call; false when the user had it.',
        resolve: ({ created }: Added) => created,
      }),
    }),
  },
);

type Removed = { user: ExternalUser | null; removed: boolean };

builder.relayMutationField(
  'removeExternalUserIdentifier',
  {
    description: 'The identifier to remove.',
    inputFields: (t) => ({ identifierId: t.id({ required: true, description: 'The identifier’s UUID.' }) }),
  },
  {
    description:
      'Removes an identifier from its user. The oldest other one of its kind becomes primary in its place. A user’s last identifier cannot go: `CONFLICT`. Needs `users:write`.',
    nullable: true,
    authScopes: { scope: 'users:write' },
    resolve: (_, { input }, context) => write(context, () => removeExternalUserIdentifier(context.db, input)),
  },
  {
    description: 'The user without the identifier.',
    outputFields: (t) => ({
      externalUser: t.field({
        type: ExternalUserType,
        nullable: true,
        description: 'The user as it is now; null when nobody had the identifier.',
        resolve: ({ user }: Removed) => user,
      }),
      removed: t.boolean({
        description: 'Whether it was removed by this call; false when nobody had it.',
        resolve: ({ removed }: Removed) => removed,
      }),
    }),
  },
);
