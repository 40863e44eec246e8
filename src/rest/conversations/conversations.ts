import { z } from 'zod';
import { conversationNotFound, deleteConversation } from '../../conversations/conversations.ts';
import { createConversation } from '../../conversations/create.ts';
import { type ConversationFilter, pageOfConversations } from '../../conversations/lists.ts';
import { partakerOf } from '../../conversations/of-participant.ts';
import { conversationWith } from '../../conversations/queries.ts';
import { updateConversation } from '../../conversations/update.ts';
import type { TenantDatabase } from '../../database/database.ts';
import type { IdentifierKey } from '../../database/generated/client.ts';
import { identifierKeys } from '../../external-users/identifiers.ts';
import { named } from '../input.ts';
import { type Call, type Operation, operation, unserved } from '../operation.ts';
import type { RestServices } from '../services.ts';
import { type Page, pageQuery, results, resultsOf } from './pages.ts';
import {
  ConversationChanges,
  ConversationShape,
  conversationOf,
  memberStatus,
  NewConversation,
  referred,
  shownConversation,
} from './shapes.ts';

const tag = 'Conversations';
const many = '/workspaces/{workspaceId}/conversations';
const one = `${many}/{conversationId}` as const;

async function shown(db: TenantDatabase, id: string, services: RestServices) {
  const [conversation] = await conversationWith(shownConversation).load(db, [id]);
  if (!conversation) throw conversationNotFound(id);
  return conversationOf(conversation, services);
}

/** Which conversations a list of this face has: those of a status, or null for all that are kept. */
type Wanted = z.output<typeof status> | null;

async function conversationsOf(
  db: TenantDatabase,
  query: z.output<typeof Page>,
  wanted: Wanted,
  filter: ConversationFilter,
  services: RestServices,
) {
  const isMeant = { ...filter, status: wanted === null ? null : wanted === 'closed' ? 'CLOSED' : 'OPEN' } as const;
  return resultsOf(
    query,
    (args) => pageOfConversations(db, isMeant, args, shownConversation),
    (conversation) => conversationOf(conversation, services),
  );
}

const none = { status: 200, body: { results: [] } };

const filterBy = {
  USER: (participantId: string): ConversationFilter => ({ participantId }),
  CONTACT: (externalUserId: string): ConversationFilter => ({ externalUserId }),
  AGENT: (withAgentId: string): ConversationFilter => ({ withAgentId }),
};

/** The conversations that a user, a contact or an agent takes part in. */
async function conversationsBy(
  by: { participantId: string } | { contact: { identifierKey: IdentifierKey; identifierValue: string } },
  { db, services, query }: Pick<Call, 'db' | 'services'> & { query: z.output<typeof ConversationsOfOne> },
) {
  const found = await partakerOf(db, by).catch(ruleNames);
  const { status = 'active', visibility = 'public' } = query;
  // None has been deleted and can still be read, and all are public.
  if (!found || status === 'deleted' || visibility !== 'public') return none;
  return { status: 200, body: await conversationsOf(db, query, status, filterBy[found.kind](found.id), services) };
}

const ruleNames = named(([first]) => (first === 'by' ? ['identifierValue'] : null));

/** Names parts of the rule's input as a body with so many participants does. */
const namesOfNew = (participants: number) =>
  named(([first, index, ...rest]) => {
    if (first !== 'participants' || typeof index !== 'number') return null;
    const last = rest.at(-1) === 'identifierValue' ? 'identifierValue' : 'id';
    return index < participants ? ['participants', index, last] : ['initiatingParticipant', last];
  });

/** Throws NOT_IMPLEMENTED for what every conversation here is, where a body wants it otherwise. */
function demandServed(body: Readonly<Record<string, unknown>>): void {
  const always = { visibility: 'public', accessibility: 'open', initialMessage: null, resource: null } as const;
  for (const [field, value] of Object.entries(always))
    if (body[field] != null && body[field] !== value) throw unserved(`${field}, unless it is ${value},`);
}

const status = z.enum(['active', 'closed', 'deleted']);
const ofStatus = status.optional();

const Conversations = z.object({
  ...pageQuery,
  status: ofStatus.meta({
    description: 'Only those of this status; of all that are kept unless given. There are none that are deleted.',
  }),
  resource: z
    .string()
    .max(60)
    .optional()
    .meta({ description: 'Only those about this resource. No conversation here is about one.' }),
});
const ConversationsOfOne = z.object({
  ...pageQuery,
  status: ofStatus.meta({ description: 'Only those of this status: `active` unless given.' }),
  visibility: z.enum(['public', 'private', 'direct']).optional().meta({
    description: 'Only those of this visibility: `public` unless given, as all conversations here are.',
  }),
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
    description: 'With those who take part from the start, all or nothing.',
    scope: 'conversations:write',
    body: NewConversation,
    answers: { 201: ['The new conversation.', ConversationShape] },
    creates: 'createConversation',
    errors: ['AGENT_NOT_FOUND', 'PARTICIPANT_NOT_FOUND', 'EXTERNAL_USER_NOT_FOUND', 'NOT_IMPLEMENTED'],
    async run({ db, once, services, body: { name, description, attributes, agentId, ...more } }) {
      demandServed(more);
      const { participants, initiatingParticipant } = more;
      const all = [...(participants ?? []), ...(initiatingParticipant ? [initiatingParticipant] : [])];
      const input = {
        name,
        description,
        attributes,
        agentId,
        participants: all.map((one) => ({ participant: referred(one), status: memberStatus(one.status) })),
      };
      const names = namesOfNew(participants?.length ?? 0);
      const id = await once(input, {
        create: async (within, [made]) => (await createConversation(within, input, made).catch(names)).id,
        again: async ([made]) => made,
      });
      return { status: 201, body: await shown(db, id, services) };
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
    async run({ db, services, query }) {
      const { status = null, resource } = query;
      if (status === 'deleted' || resource !== undefined) return none;
      return { status: 200, body: await conversationsOf(db, query, status, {}, services) };
    },
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
    run: async ({ db, services, path: { conversationId } }) => ({
      status: 200,
      body: await shown(db, conversationId, services),
    }),
  }),
  operation({
    id: 'updateConversation',
    method: 'PATCH',
    path: one,
    tag,
    summary: 'Change a conversation',
    description: 'Closes it with `status: closed`, and opens it again with `status: active`. All or nothing.',
    scope: 'conversations:write',
    body: ConversationChanges,
    answers: { 200: ['The conversation as it is now.', ConversationShape] },
    errors: ['CONVERSATION_NOT_FOUND', 'AGENT_NOT_FOUND', 'NOT_IMPLEMENTED'],
    async run({ db, services, path: { conversationId }, body }) {
      const { status, name, description, attributes, agentId, style, ...more } = body;
      demandServed(more);
      if (style != null && style !== 'default') throw unserved('style, unless it is default,');
      const { id } = await updateConversation(db, {
        conversationId,
        ...(status != null && { status: status === 'active' ? 'OPEN' : 'CLOSED' }),
        ...(name != null && { name: name || null }),
        ...(description != null && { description: description || null }),
        ...(agentId != null && { agentId: agentId || null }),
        ...(attributes != null && { attributes }),
      });
      return { status: 200, body: await shown(db, id, services) };
    },
  }),
  operation({
    id: 'deleteConversation',
    method: 'DELETE',
    path: one,
    tag,
    summary: 'Delete a conversation',
    description: 'With the memberships in it; those who took part stay. A second time is a 404.',
    scope: 'conversations:write',
    answers: { 204: ['It is gone.', null] },
    errors: ['CONVERSATION_NOT_FOUND'],
    async run({ db, path: { conversationId } }) {
      await deleteConversation(db, { conversationId });
      return { status: 204 };
    },
  }),
  operation({
    id: 'listConversationsOfParticipant',
    method: 'GET',
    path: '/workspaces/{workspaceId}/participants/{conversationParticipantId}/conversations',
    tag,
    summary: 'List the conversations of a user, contact or agent',
    description: 'The newest first. Nobody has none.',
    scope: 'conversations:read',
    query: ConversationsOfOne,
    answers: { 200: ['A page.', conversationPage] },
    errors: [],
    run: ({ path: { conversationParticipantId: participantId }, ...call }) => conversationsBy({ participantId }, call),
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
    async run({ path: { identifierKey: key, identifierValue }, ...call }) {
      const identifierKey = identifierKeys.find((known) => known === key);
      if (!identifierKey) return none;
      return conversationsBy({ contact: { identifierKey, identifierValue } }, call);
    },
  }),
];
