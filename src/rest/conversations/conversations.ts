import { z } from 'zod';
import { closeConversation, conversationNotFound } from '../../conversations/conversations.ts';
import { createConversation } from '../../conversations/create.ts';
import { membersByConversation } from '../../conversations/memberships.ts';
import {
  type ConversationFilter,
  conversationById,
  type ListedConversation,
  pageOfConversations,
} from '../../conversations/queries.ts';
import type { TenantDatabase } from '../../database/database.ts';
import { asUuid } from '../../database/ids.ts';
import { identifier, identifierKeys } from '../../external-users/identifiers.ts';
import { searchExternalUser } from '../../external-users/queries.ts';
import { notImplemented, type Operation, operation, unserved } from '../operation.ts';
import type { RestServices } from '../services.ts';
import { pageQuery, results, resultsOf } from './pages.ts';
import { shownMember } from './participants.ts';
import { ConversationChanges, ConversationShape, conversationOf, NewConversation } from './shapes.ts';

const tag = 'Conversations';
const many = '/workspaces/{workspaceId}/conversations';
const one = `${many}/{conversationId}` as const;

/** A conversation with all who take part in it, in one statement more where they are many. */
async function shown(db: TenantDatabase, conversation: ListedConversation, services: RestServices) {
  const [members = []] = conversation.participants
    ? [conversation.participants]
    : await membersByConversation.load(db, [conversation.id]);
  return conversationOf(conversation, members, services);
}

async function conversationsOf(
  db: TenantDatabase,
  query: z.output<typeof Conversations>,
  filter: ConversationFilter,
  services: RestServices,
) {
  // None has been deleted and can still be read.
  if (query.status === 'deleted') return { results: [] };
  const status = query.status && (query.status === 'active' ? 'OPEN' : 'CLOSED');
  const { results, ...next } = await resultsOf(
    query,
    (args) => pageOfConversations(db, { ...filter, status }, args, { own: null, members: shownMember }),
    (conversation) => conversation,
  );
  const large = results.filter(({ participants }) => !participants).map(({ id }) => id);
  const members = large.length > 0 ? await membersByConversation.load(db, large) : [];
  return {
    results: results.map((conversation) =>
      conversationOf(
        conversation,
        conversation.participants ?? members[large.indexOf(conversation.id)] ?? [],
        services,
      ),
    ),
    ...next,
  };
}

const status = z.enum(['active', 'closed', 'deleted']).optional().meta({
  description: 'Only those of this status; of all that are kept unless given. There are none that are deleted.',
});

const Conversations = z.object({ ...pageQuery, status });
const ConversationsOfOne = z.object({
  ...pageQuery,
  status,
  channelId: z.uuid().meta({ description: 'Required, and without effect: conversations belong to no channel here.' }),
});
const conversationPage = results('ConversationPage', ConversationShape, 'The conversations, the newest first.');

/** The table of the conversations face, as far as it is about conversations. */
export const conversations: readonly Operation[] = [
  operation({
    id: 'createConversation',
    method: 'POST',
    path: many,
    tag,
    summary: 'Open a conversation',
    scope: 'conversations:write',
    body: NewConversation,
    answers: { 201: ['The new conversation.', ConversationShape] },
    errors: ['AGENT_NOT_FOUND', 'NOT_IMPLEMENTED'],
    async run({ db, services, body: { name, agentId, ...more } }) {
      for (const field of ['initialMessage', 'resource', 'participants', 'attributes'] as const)
        if (more[field] != null) throw unserved(field);
      const created = await createConversation(db, { name, agentId });
      return { status: 201, body: await shown(db, created, services) };
    },
  }),
  operation({
    id: 'listConversations',
    method: 'GET',
    path: many,
    tag,
    summary: 'List conversations',
    description: 'The newest first, or the other way round with `reverse`.',
    scope: 'conversations:read',
    query: Conversations,
    answers: { 200: ['A page.', conversationPage] },
    errors: [],
    run: async ({ db, services, query }) => ({ status: 200, body: await conversationsOf(db, query, {}, services) }),
  }),
  operation({
    id: 'getConversation',
    method: 'GET',
    path: one,
    tag,
    summary: 'Read a conversation',
    scope: 'conversations:read',
    answers: { 200: ['The conversation.', ConversationShape] },
    errors: ['CONVERSATION_NOT_FOUND'],
    async run({ db, services, path: { conversationId } }) {
      const id = asUuid(conversationId);
      if (!id) throw conversationNotFound(conversationId);
      const [[conversation], [members = []]] = await Promise.all([
        conversationById.load(db, [id]),
        membersByConversation.load(db, [id]),
      ]);
      if (!conversation) throw conversationNotFound(id);
      return { status: 200, body: conversationOf(conversation, members, services) };
    },
  }),
  operation({
    id: 'updateConversation',
    method: 'PATCH',
    path: one,
    tag,
    summary: 'Change a conversation',
    description: 'Closes it with `status: closed`. All other changes are not served yet: 501.',
    scope: 'conversations:write',
    body: ConversationChanges,
    answers: { 200: ['The conversation as it is now.', ConversationShape] },
    errors: ['CONVERSATION_NOT_FOUND', 'NOT_IMPLEMENTED'],
    async run({ db, services, path: { conversationId }, body: { status, ...more } }) {
      for (const [field, value] of Object.entries(more)) if (value != null) throw unserved(`A change of ${field}`);
      if (status === 'active') throw unserved('To open a conversation again');
      const [conversation] = status
        ? [await closeConversation(db, { conversationId })]
        : await conversationById.load(db, [conversationId]);
      if (!conversation) throw conversationNotFound(conversationId);
      return { status: 200, body: await shown(db, conversation, services) };
    },
  }),
  notImplemented(
    {
      id: 'deleteConversation',
      method: 'DELETE',
      path: one,
      tag,
      summary: 'Delete a conversation',
      scope: 'conversations:write',
    },
    'Conversations cannot be deleted yet.',
  ),
  operation({
    id: 'listConversationsOfParticipant',
    method: 'GET',
    path: '/workspaces/{workspaceId}/participants/{conversationParticipantId}/conversations',
    tag,
    summary: 'List the conversations of a user or contact',
    description: 'The newest first. Nobody has none.',
    scope: 'conversations:read',
    query: ConversationsOfOne,
    answers: { 200: ['A page.', conversationPage] },
    errors: [],
    async run({ db, services, path: { conversationParticipantId: id }, query }) {
      if (!asUuid(id)) return { status: 200, body: { results: [] } };
      const [ofUser, ofContact] = await Promise.all([
        conversationsOf(db, query, { participantId: id }, services),
        conversationsOf(db, query, { externalUserId: id }, services),
      ]);
      return { status: 200, body: ofUser.results.length > 0 ? ofUser : ofContact };
    },
  }),
  operation({
    id: 'listConversationsOfContact',
    method: 'GET',
    path: '/workspaces/{workspaceId}/participants/{identifierKey}/{identifierValue}/conversations',
    tag,
    summary: 'List the conversations of a contact by an identifier',
    description: 'The newest first. Nobody has none.',
    scope: 'conversations:read',
    query: ConversationsOfOne,
    answers: { 200: ['A page.', conversationPage] },
    errors: [],
    async run({ db, services, path: { identifierKey, identifierValue }, query }) {
      const key = identifierKeys.find((known) => known === identifierKey);
      const found = key && (await searchExternalUser(db, identifier(key, identifierValue, ['identifierValue'])));
      if (!found) return { status: 200, body: { results: [] } };
      return { status: 200, body: await conversationsOf(db, query, { externalUserId: found.user.id }, services) };
    },
  }),
];
