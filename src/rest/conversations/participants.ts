import type { z } from 'zod';
import { conversationNotFound } from '../../conversations/conversations.ts';
import { membersOfConversation } from '../../conversations/edges.ts';
import { type EnsureParticipant, ensureConversationParticipant } from '../../conversations/ensure.ts';
import {
  memberNotFound,
  patchConversationParticipant,
  removeConversationParticipant,
} from '../../conversations/membership-changes.ts';
import { findMember, type MemberName, memberById, memberKey } from '../../conversations/memberships.ts';
import { conversationById } from '../../conversations/queries.ts';
import type { Member } from '../../conversations/subject.ts';
import type { TenantDatabase } from '../../database/database.ts';
import { connectionTo } from '../../database/edges.ts';
import { asUuid } from '../../database/ids.ts';
import { identifierKeys } from '../../external-users/identifiers.ts';
import { named } from '../input.ts';
import { type Operation, operation, reading } from '../operation.ts';
import { Page, results, resultsOf } from './pages.ts';
import {
  isIdentified,
  memberStatus,
  NewParticipant,
  Participant,
  ParticipantChanges,
  participantOf,
  referred,
  shownMember,
} from './shapes.ts';

const tag = 'Participants';

/** A contact as a path names it. Throws CONVERSATION_PARTICIPANT_NOT_FOUND for a kind of identifier that nobody has. */
function contactNamed(key: string, identifierValue: string): MemberName {
  const identifierKey = identifierKeys.find((known) => known === key);
  if (!identifierKey) throw memberNotFound();
  return { contact: { identifierKey, identifierValue } };
}

async function found(db: TenantDatabase, conversationId: string, name: MemberName): Promise<Member> {
  const key = memberKey(name, []);
  const id = asUuid(conversationId);
  const member = id && (await findMember(db, id, key));
  if (!member) throw memberNotFound();
  return member;
}

function wanted(body: z.output<typeof NewParticipant>): EnsureParticipant {
  if (body.type !== 'contact') return referred(body);
  if (!isIdentified(body.contact)) return { contact: { id: body.id ?? '' } };
  const { identifierKey, identifierValue } = body.contact;
  return { contactByIdentifier: { identifierKey, identifierValue } };
}

/** Says what the rule has against an identifier or an id under the name that it has in the body. */
const ruleNames = named((path) => {
  const last = path.at(-1) ?? '';
  return last === 'identifierValue' ? ['contact', last] : [last];
});

const one = '/workspaces/{workspaceId}/conversations/{conversationId}/participants';
const byId = `${one}/{conversationParticipantId}` as const;
const byIdentifier = `${one}/{identifierKey}/{identifierValue}` as const;
const changeErrors = [
  'CONVERSATION_NOT_FOUND',
  'CONVERSATION_PARTICIPANT_NOT_FOUND',
  'PARTICIPANT_STATE_CONFLICT',
] as const;
const changes =
  '`pending` can become `active` or `invited`, and `invited` can become `active`; any other change, and any in a closed conversation, is a 409. A status of null changes nothing.';

/** The table of the conversations face, as far as it is about who takes part. */
export const participants: readonly Operation[] = [
  operation({
    id: 'ensureParticipant',
    method: 'POST',
    path: one,
    tag,
    summary: 'Add a participant to a conversation',
    description:
      'Adds a participant (201), or finds that it takes part already (200): then nothing changes. A contact named by an identifier that nobody has is made. Of many calls at the same time one adds. To add to a closed conversation is a 409.',
    scope: 'conversations:write',
    body: NewParticipant,
    answers: { 200: ['It takes part already.', Participant], 201: ['It was added.', Participant] },
    creates: 'ensureConversationParticipant',
    errors: [
      'CONVERSATION_NOT_FOUND',
      'CONVERSATION_PARTICIPANT_NOT_FOUND',
      'PARTICIPANT_NOT_FOUND',
      'EXTERNAL_USER_NOT_FOUND',
      'PARTICIPANT_STATE_CONFLICT',
    ],
    async run({ db, once, services, path: { conversationId }, body }) {
      const input = { conversationId, participant: wanted(body), status: memberStatus(body.status) };
      const { participant, created } = await once(input, {
        create: (within, _, keepIds) =>
          ensureConversationParticipant(within, input, shownMember, keepIds).catch(ruleNames),
        async again([id, wasCreated]) {
          const [participant] = await memberById.load(db, [id]);
          if (!participant || participant.deletedAt) throw memberNotFound();
          return { participant, created: wasCreated !== undefined };
        },
      });
      return { status: created ? 201 : 200, body: participantOf(participant, services) };
    },
  }),
  operation({
    id: 'listParticipants',
    method: 'GET',
    path: one,
    tag,
    summary: 'List the participants of a conversation',
    description: 'In the order in which they were added, or the other way round with `reverse`.',
    scope: 'conversations:read',
    query: Page,
    answers: { 200: ['A page.', results('ParticipantPage', Participant, 'The participants.')] },
    errors: ['CONVERSATION_NOT_FOUND'],
    async run({ db, services, path: { conversationId }, query }) {
      const id = asUuid(conversationId);
      if (!id) throw conversationNotFound(conversationId);
      const page = await resultsOf(
        query,
        (args) => connectionTo(reading(db), membersOfConversation, id, args),
        (member) => participantOf(member, services),
      );
      // An empty list is one more statement, to tell it from that of no conversation.
      const [conversation] = page.results.length > 0 ? [true] : await conversationById.load(db, [id]);
      if (!conversation) throw conversationNotFound(id);
      return { status: 200, body: page };
    },
  }),
  operation({
    id: 'getParticipant',
    method: 'GET',
    path: byId,
    tag,
    summary: 'Read a participant by its id',
    scope: 'conversations:read',
    answers: { 200: ['The participant.', Participant] },
    errors: ['CONVERSATION_PARTICIPANT_NOT_FOUND'],
    async run({ db, services, path: { conversationId, conversationParticipantId: participantId } }) {
      return { status: 200, body: participantOf(await found(db, conversationId, { participantId }), services) };
    },
  }),
  operation({
    id: 'getParticipantByIdentifier',
    method: 'GET',
    path: byIdentifier,
    tag,
    summary: 'Read a contact by an identifier',
    scope: 'conversations:read',
    answers: { 200: ['The participant.', Participant] },
    errors: ['CONVERSATION_PARTICIPANT_NOT_FOUND', 'VALIDATION_FAILED'],
    async run({ db, services, path: { conversationId, identifierKey, identifierValue } }) {
      const member = await found(db, conversationId, contactNamed(identifierKey, identifierValue));
      return { status: 200, body: participantOf(member, services) };
    },
  }),
  operation({
    id: 'updateParticipant',
    method: 'PATCH',
    path: byId,
    tag,
    summary: 'Change a participant’s status',
    description: changes,
    scope: 'conversations:write',
    body: ParticipantChanges,
    answers: { 200: ['The participant as it is now.', Participant] },
    errors: changeErrors,
    async run({ db, services, path: { conversationId, conversationParticipantId: participantId }, body }) {
      const input = { conversationId, participantId, status: memberStatus(body.status) };
      return { status: 200, body: participantOf(await patchConversationParticipant(db, input), services) };
    },
  }),
  operation({
    id: 'updateParticipantByIdentifier',
    method: 'PATCH',
    path: byIdentifier,
    tag,
    summary: 'Change a contact’s status',
    description: changes,
    scope: 'conversations:write',
    body: ParticipantChanges,
    answers: { 200: ['The participant as it is now.', Participant] },
    errors: changeErrors,
    async run({ db, services, path: { conversationId, identifierKey, identifierValue }, body }) {
      const name = contactNamed(identifierKey, identifierValue);
      const input = { conversationId, ...name, status: memberStatus(body.status) };
      return { status: 200, body: participantOf(await patchConversationParticipant(db, input), services) };
    },
  }),
  operation({
    id: 'removeParticipant',
    method: 'DELETE',
    path: byId,
    tag,
    summary: 'Remove a participant from a conversation',
    description:
      'The last active user or agent of an open conversation may not be removed: that is a 403, which here has a body.',
    scope: 'conversations:write',
    answers: { 204: ['It takes part no more.', null] },
    errors: ['CONVERSATION_NOT_FOUND', 'CONVERSATION_PARTICIPANT_NOT_FOUND', 'REMOVAL_NOT_ALLOWED'],
    async run({ db, path: { conversationId, conversationParticipantId: participantId } }) {
      await removeConversationParticipant(db, { conversationId, participantId });
      return { status: 204 };
    },
  }),
];
