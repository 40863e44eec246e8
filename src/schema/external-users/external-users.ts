import type { ExternalUser } from '../../database/generated/client.ts';
import { displayNameOf } from '../../external-users/external-users.ts';
import { type Identifier, identifier } from '../../external-users/identifiers.ts';
import {
  conversationIdsByUser,
  type ExternalUserSearchResult,
  externalUserById,
  metadataByUser,
  searchExternalUser,
} from '../../external-users/queries.ts';
import type { Survivor } from '../../merging/merge-users.ts';
import { builder } from '../builder.ts';
import { HistorySubjectType } from '../history/subject.ts';
import { formerName } from '../mutation.ts';
import { NodeType } from '../node-interface.ts';
import { reading } from '../selection.ts';

const ofExternalUser = reading<ExternalUser>();

/** An external user in the graph; other features add their edges to it. */
export const ExternalUserType = builder.prismaObject('ExternalUser', {
  interfaces: [NodeType, HistorySubjectType],
  description:
    'A customer of the tenant’s agents, known by an e-mail address, a telephone number or a foreign key. Seen with `users:read`.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The user’s UUID.' }),
    displayName: t.string({
      description:
        'First and last name, as far as they are known; without either, the e-mail, telephone number or foreign key.',
      ...ofExternalUser(['firstName', 'lastName', 'email', 'phoneNumber', 'fkId'], displayNameOf),
    }),
    firstName: t.exposeString('firstName', {
      nullable: true,
      description: 'The first name; null when it is not known.',
    }),
    lastName: t.exposeString('lastName', { nullable: true, description: 'The last name; null when it is not known.' }),
    context: t.exposeString('context', {
      nullable: true,
      description: 'The topic of the contact with the user, as the caller gave it; null when nothing was given.',
    }),
    source: t.exposeString('source', {
      nullable: true,
      description: 'Where the user came from, for example `webchat`; null when nothing was given.',
    }),
    fkId: t.exposeString('fkId', {
      nullable: true,
      description: 'The user’s key in the caller’s own system, unique in the tenant; null when there is none.',
    }),
    fkUserId: t.exposeString('fkUserId', {
      nullable: true,
      description: 'A second key of the caller’s, not unique; null when there is none.',
    }),
    email: t.expose('email', {
      type: 'EmailAddress',
      nullable: true,
      description: 'The e-mail address, unique in the tenant without regard to case; null when none is known.',
    }),
    phoneNumber: t.exposeString('phoneNumber', {
      nullable: true,
      description: 'The telephone number in E.164, like `+14155550100`, unique in the tenant; null when none is known.',
    }),
    metadata: t.field({
      type: 'JSONObject',
      nullable: true,
      description: 'Further data of the caller’s about the user; null when nothing was given.',
      ...ofExternalUser(['id', 'metadata'], (user, _, context) =>
        Object.hasOwn(user, 'metadata') ? user.metadata : context.load(metadataByUser, user.id),
      ),
    }),
    conversationIds: t.idList({
      description:
        'The UUIDs of the conversations that the user is a contact in, the newest first: those of the agent under an agent’s key, else all of the tenant’s. Not paged: over 10,000 it is `RESULT_TOO_LARGE`.',
      // A preview of a merge has them: nobody finds them afterwards.
      ...ofExternalUser(
        ['id'],
        (user: Pick<Survivor, 'id' | 'conversationIds'>, _, context) =>
          user.conversationIds ?? context.load(conversationIdsByUser, user.id),
      ),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the user was created.' }),
    modifiedAt: t.expose('modifiedAt', { type: 'DateTime', description: 'When the user was last changed.' }),
  }),
});

const SearchInput = builder.inputType('ExternalUserSearchInput', {
  description: 'The identifier to search for: exactly one of these.',
  isOneOf: true,
  fields: (t) => ({
    email: t.string({ description: 'An e-mail address, in any case.' }),
    phoneNumber: t.string({ description: 'A telephone number, in any international spelling.' }),
    fkId: t.string({ description: 'The user’s key in the caller’s own system, exactly as it was given.' }),
  }),
});

function soughtBy(by: { email?: string | null; phoneNumber?: string | null; fkId?: string | null }): Identifier {
  if (by.email != null) return identifier('emailaddress', by.email, ['by', 'email']);
  if (by.phoneNumber != null) return identifier('phonenumber', by.phoneNumber, ['by', 'phoneNumber']);
  return identifier('fkid', by.fkId ?? '', ['by', 'fkId']);
}

const SearchResultType = builder.objectRef<ExternalUserSearchResult>('ExternalUserSearchResult').implement({
  description: 'The external user that a search found. Seen with `users:read`.',
  fields: (t) => ({
    externalUser: t.field({ type: ExternalUserType, description: 'The user.', resolve: ({ user }) => user }),
    user: t.field({
      type: ExternalUserType,
      description: 'The user.',
      deprecationReason: formerName('externalUser'),
      resolve: ({ user }) => user,
    }),
    conversationIds: t.exposeIDList('conversationIds', {
      description:
        'The UUIDs of the conversations that the user is a contact in, the newest first: those of the agent under an agent’s key, else all of the tenant’s.',
    }),
  }),
});

builder.queryFields((t) => ({
  externalUser: t.field({
    type: ExternalUserType,
    nullable: true,
    description: 'An external user by its UUID; null when the tenant has no user of that id. Needs `users:read`.',
    authScopes: { scope: 'users:read' },
    args: { id: t.arg.id({ required: true, description: 'The user’s UUID.' }) },
    resolve: (_, { id }, context) => context.load(externalUserById, id),
  }),
  searchExternalUser: t.field({
    type: SearchResultType,
    nullable: true,
    description:
      'The external user with an e-mail address, a telephone number or a foreign key; null when no user has it. Needs `users:read`.',
    authScopes: { scope: 'users:read' },
    args: { by: t.arg({ type: SearchInput, required: true, description: 'The identifier to search for.' }) },
    resolve: async (_, { by }, context) => {
      const result = await searchExternalUser(context.db, soughtBy(by));
      if (result) context.prime(conversationIdsByUser, result.user.id, result.conversationIds);
      return result;
    },
  }),
}));
