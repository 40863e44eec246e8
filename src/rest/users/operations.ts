import { z } from 'zod';
import type { TenantDatabase } from '../../database/database.ts';
import { Problem } from '../../errors/catalogue.ts';
import { createExternalUser } from '../../external-users/create.ts';
import { deleteExternalUser } from '../../external-users/delete.ts';
import { externalUserNotFound } from '../../external-users/external-users.ts';
import { fieldOf, identifier, identifierKeys } from '../../external-users/identifiers.ts';
import { externalUserById, searchExternalUser } from '../../external-users/queries.ts';
import { namedBy } from '../input.ts';
import { notImplemented, type Operation, operation } from '../operation.ts';
import { lists } from './lists.ts';
import { FoundUser, NewUser, User, userOf } from './shapes.ts';

const tag = 'Users';

async function userById(db: TenantDatabase, id: string) {
  const [user] = await externalUserById.load(db, [id]);
  if (!user) throw externalUserNotFound(id);
  return user;
}

const ruleNames = namedBy({ metadata: ['customData'] });

const Sought = z.object({
  email: z.string().optional().meta({ description: 'An e-mail address, in any case.' }),
  phoneNumber: z.string().optional().meta({ description: 'A telephone number in any international spelling.' }),
  fkId: z.string().optional().meta({ description: 'The user’s key in the caller’s own system.' }),
});

function soughtBy(query: z.output<typeof Sought>) {
  const [key, another] = identifierKeys.filter((one) => query[fieldOf(one)]);
  if (!key || another) throw new Problem('VALIDATION_FAILED', 'Give exactly one of email, phoneNumber and fkId.');
  // In a query an unescaped plus is a space.
  const value = query[fieldOf(key)] ?? '';
  return identifier(key, key === 'phonenumber' ? value.replace(/^ /, '+') : value, [fieldOf(key)]);
}

const limits = [
  ['getUserLimits', 'GET', 'Read a user’s limits', 'users:read'],
  ['createUserLimits', 'POST', 'Set a user’s limits', 'users:write'],
  ['replaceUserLimits', 'PUT', 'Replace a user’s limits', 'users:write'],
  ['deleteUserLimits', 'DELETE', 'Remove a user’s limits', 'users:write'],
] as const;

const conversations = [
  ['listUserConversations', 'GET', '/external/conversations', 'List conversations'],
  ['createUserConversation', 'POST', '/external/conversations', 'Create a conversation'],
  ['deleteConversationsOfUser', 'DELETE', '/external/conversations', 'Delete a user’s conversations'],
  ['listConversationStates', 'GET', '/external/conversations/states', 'List the states of conversations'],
  ['startConversation', 'POST', '/external/conversations/start', 'Start a conversation'],
  ['getUserConversation', 'GET', '/external/conversations/{id}', 'Read a conversation'],
  ['updateUserConversation', 'PUT', '/external/conversations/{id}', 'Change a conversation'],
  ['setConversationMode', 'PUT', '/external/conversations/{id}/mode', 'Set who answers in a conversation'],
  ['listConversationMessages', 'GET', '/external/conversations/{id}/messages', 'List a conversation’s messages'],
] as const;

/** The table of the users face. */
export const operations: readonly Operation[] = [
  ...lists,
  operation({
    id: 'createUser',
    method: 'POST',
    path: '/external/users',
    tag,
    summary: 'Create a user',
    description:
      'Creates a user known by at least one of `email`, `phoneNumber` and `fkId`. Where another user has one of these it is a 400 with the message `USER_ALREADY_EXISTS`, and `details` names each of them. Members that are not in the schema are let be.',
    scope: 'users:write',
    body: NewUser,
    answers: { 201: ['The new user.', User] },
    creates: 'createExternalUser',
    // Where a key comes again after the user was deleted.
    errors: ['USER_ALREADY_EXISTS', 'EXTERNAL_USER_NOT_FOUND'],
    async run({ db, once, body: { customData, skipEmailValidation: _, skipPhoneNumberValidation: __, ...user } }) {
      const metadata = customData == null ? null : { customData };
      const { firstName, lastName, email, phoneNumber, fkId, fkUserId, context, source } = user;
      const input = { firstName, lastName, email, phoneNumber, fkId, fkUserId, context, source, metadata };
      const created = await once(input, {
        create: (within, [id]) => createExternalUser(within, input, id).catch(ruleNames),
        again: ([id]) => userById(db, id),
      });
      return { status: 201, body: userOf(created) };
    },
  }),
  operation({
    id: 'searchUser',
    method: 'GET',
    path: '/external/users/search',
    tag,
    summary: 'Find a user by an identifier',
    description:
      'Finds the user with an e-mail address, a telephone number or a foreign key. None of the three, or several, is a 400; nobody is a 404.',
    scope: 'users:read',
    query: Sought,
    answers: { 200: ['The user, with its conversations.', FoundUser] },
    errors: ['EXTERNAL_USER_NOT_FOUND'],
    async run({ db, query }) {
      const sought = soughtBy(query);
      const found = await searchExternalUser(db, sought);
      if (!found) throw new Problem('EXTERNAL_USER_NOT_FOUND', `No user has that ${fieldOf(sought.key)}.`);
      return { status: 200, body: { user: userOf(found.user), conversationIds: found.conversationIds } };
    },
  }),
  operation({
    id: 'getUser',
    method: 'GET',
    path: '/external/users/{id}',
    tag,
    summary: 'Read a user',
    scope: 'users:read',
    answers: { 200: ['The user.', User] },
    errors: ['EXTERNAL_USER_NOT_FOUND'],
    run: async ({ db, path: { id } }) => ({ status: 200, body: userOf(await userById(db, id)) }),
  }),
  operation({
    id: 'deleteUser',
    method: 'DELETE',
    path: '/external/users/{id}',
    tag,
    summary: 'Delete a user',
    description:
      'Deletes the user with its personal data and its memberships in conversations. A second time is a 404.',
    scope: 'users:write',
    answers: { 204: ['The user is gone.', null] },
    errors: ['EXTERNAL_USER_NOT_FOUND'],
    async run({ db, path: { id }, services }) {
      await deleteExternalUser(db, { id }, services.externalUserHooks);
      return { status: 204 };
    },
  }),
  ...limits.map(([id, method, summary, scope]) =>
    notImplemented(
      { id, method, path: '/external/users/{id}/limits', tag, summary, scope },
      'Rollcall counts no usage, so there are no limits of it.',
    ),
  ),
  ...conversations.map(([id, method, path, summary]) =>
    notImplemented(
      {
        id,
        method,
        path,
        tag: 'Conversations',
        summary,
        scope: method === 'GET' ? 'conversations:read' : 'conversations:write',
      },
      'Conversations with messages, states and modes are not kept here: who takes part in conversations is in the conversations face.',
    ),
  ),
];
