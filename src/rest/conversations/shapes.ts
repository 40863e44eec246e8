import { z } from 'zod';
import type { EnsureParticipant } from '../../conversations/ensure.ts';
import type { MemberParts } from '../../conversations/memberships.ts';
import type { ConversationParts, ListedConversation } from '../../conversations/queries.ts';
import { avatarFileOf, contactOf, type Member, nameOf } from '../../conversations/subject.ts';
import type { MemberStatus, MemberType } from '../../database/generated/client.ts';
import { participantAlone } from '../../directory/participants/queries.ts';
import { listedUser } from '../../external-users/queries.ts';
import { freeObject } from '../input.ts';
import type { RestServices } from '../services.ts';

const types = {
  USER: 'user',
  CONTACT: 'contact',
  AGENT: 'agent',
  FLOW: 'flow',
  BOT: 'bot',
  ACCESS_KEY: 'accessKey',
  CHANNEL: 'channel',
  CONNECTOR: 'connector',
  COLLABORATION_AUTOMATION: 'collaborationAutomation',
} as const satisfies Record<MemberType, string>;

const statuses = { PENDING: 'pending', INVITED: 'invited', ACTIVE: 'active' } as const satisfies Record<
  MemberStatus,
  string
>;

/** A status as the system spells it. */
export const Status = z
  .enum(['pending', 'invited', 'active'])
  .meta({ description: '`pending` awaits approval, `invited` the participant’s acceptance, `active` takes part.' });

/** A status as the rules take it; null and absent stay what they are. */
export const memberStatus = (status: z.output<typeof Status> | null | undefined): MemberStatus | null =>
  status == null ? null : (status.toUpperCase() as Uppercase<typeof status>);

/** What a participant is shown with. */
export const shownMember: MemberParts = {
  own: null,
  subject: { participant: participantAlone, externalUser: listedUser, agent: null },
};

export const Participant = z
  .strictObject({
    id: z.string().meta({ description: 'The participant’s id: a user’s, a contact’s, a flow’s, by the type.' }),
    type: z.enum(types).meta({ description: 'What the participant is.' }),
    status: Status,
    displayName: z.string().meta({ description: 'The name; empty when there is none.' }),
    avatarUrl: z.string().meta({ description: 'A URL that is good for an hour at least; empty without an avatar.' }),
    contact: z
      .strictObject({
        identifierKey: z.string().meta({ description: '`emailaddress`, `phonenumber` or `fkid`.' }),
        identifierValue: z.string().meta({ description: 'The identifier.' }),
      })
      .optional()
      .meta({ description: 'For a contact, an identifier of its.' }),
  })
  .meta({ id: 'Participant', description: 'Who takes part in a conversation.' });

/** A membership as the system's clients know it. */
export function participantOf(member: Member, { fileUrls }: RestServices): z.output<typeof Participant> {
  const contact = contactOf(member);
  const file = avatarFileOf(member);
  return {
    id: member.participantId,
    type: types[member.type],
    status: statuses[member.status],
    displayName: nameOf(member) ?? '',
    avatarUrl: member.avatarUrl ?? (file === null ? '' : fileUrls.sign(file, 128)),
    ...(contact && { contact: { identifierKey: contact.key, identifierValue: contact.value } }),
  };
}

const noChannel = '00000000-0000-0000-0000-000000000000';

/** How many participants a conversation is shown with. */
const featured = 5;

export const ConversationShape = z
  .object({
    id: z.uuid().meta({ description: 'The conversation’s id.' }),
    name: z.string().meta({ description: 'What it is called; empty when it has no name.' }),
    status: z.enum(['active', 'closed']).meta({ description: 'Whether it takes new participants.' }),
    visibility: z
      .literal('public')
      .meta({ description: 'Always public: each credential that may read conversations sees it.' }),
    accessibility: z.literal('open').meta({ description: 'Always open.' }),
    style: z.literal('default').meta({ description: 'Always default.' }),
    description: z.string().meta({ description: 'What it is about; empty when nothing is said.' }),
    attributes: freeObject('Data of the caller’s own; empty when there is none.'),
    channelId: z.uuid().meta({ description: 'Always the nil UUID: conversations belong to no channel here.' }),
    platformStyle: z.literal('default').meta({ description: 'Always default.' }),
    featuredParticipants: z.array(Participant).max(featured).meta({ description: 'The first five who take part.' }),
    activeParticipantCount: z.int().min(0).meta({ description: 'How many take part, of status `active`.' }),
    pendingParticipantCount: z.int().min(0).meta({ description: 'How many await approval.' }),
    createdAt: z.iso.datetime().meta({ description: 'When it was opened.' }),
    updatedAt: z.iso.datetime().meta({ description: 'When it was last changed.' }),
  })
  .meta({ id: 'Conversation', description: 'A conversation.' });

/** What a conversation is read with. */
export const shownConversation: ConversationParts = { own: null, members: shownMember, featured };

/** A conversation that was read with these parts, as the system's clients know it. */
export function conversationOf(conversation: ListedConversation, services: RestServices) {
  const { id, name, description, attributes, closedAt, createdAt, modifiedAt } = conversation;
  const { participants = [], participantCounts } = conversation;
  return {
    id,
    name: name ?? '',
    description: description ?? '',
    status: closedAt ? 'closed' : 'active',
    visibility: 'public',
    accessibility: 'open',
    style: 'default',
    channelId: noChannel,
    platformStyle: 'default',
    attributes: (attributes ?? {}) as Record<string, unknown>,
    featuredParticipants: participants.map((member) => participantOf(member, services)),
    activeParticipantCount: participantCounts?.active ?? 0,
    pendingParticipantCount: participantCounts?.pending ?? 0,
    createdAt: createdAt.toISOString(),
    updatedAt: modifiedAt.toISOString(),
  } satisfies z.output<typeof ConversationShape>;
}

const status = Status.nullish();
const identified = {
  identifierKey: z
    .enum(['emailaddress', 'phonenumber', 'fkid'])
    .meta({ description: 'What kind of identifier it is.' }),
  identifierValue: z.string().min(1, 'must not be empty').meta({ description: 'The identifier, in any spelling.' }),
};
const selector = {
  platformAddress: z.string().optional().meta({ description: 'Has no effect.' }),
  platformAddressSelector: z.string().optional().meta({ description: 'Has no effect.' }),
};

const ById = z
  .strictObject({
    type: z.enum(['user', 'flow']),
    id: z.string().min(1, 'must not be empty').meta({ description: 'The user’s or the flow’s id.' }),
    status,
  })
  .meta({ id: 'NewUserOrFlow', description: 'A user or a flow.' });
const Contact = z
  .strictObject({
    type: z.literal('contact'),
    id: z.string().min(1, 'must not be empty').optional().meta({ description: 'The contact’s id.' }),
    contact: z
      .union([z.strictObject({ ...identified, ...selector }), z.strictObject(selector)])
      .optional()
      .meta({ description: 'An identifier, in the place of the id; a contact that nobody has yet is made.' }),
    status,
  })
  .refine((given) => (given.id === undefined) !== !isIdentified(given.contact), {
    error: 'must name the contact by id or by contact.identifierKey and contact.identifierValue, and not by both',
  })
  .meta({ id: 'NewContact', description: 'A contact, by its id or by an identifier.' });

export const NewParticipant = z
  .discriminatedUnion('type', [ById, Contact])
  .meta({ id: 'NewParticipant', description: 'The participant to add.' });

/** Whether a contact is named by an identifier. */
export const isIdentified = (
  contact: object | undefined,
): contact is { identifierKey: 'emailaddress' | 'phonenumber' | 'fkid'; identifierValue: string } =>
  contact !== undefined && 'identifierKey' in contact;

export const ParticipantChanges = z
  .strictObject({ status: Status.nullish() })
  .refine((given) => Object.keys(given).length > 0, 'must have something to change')
  .meta({ id: 'ParticipantChanges', minProperties: 1, description: 'The changes to make; null changes nothing.' });

const unserved = (what: string) => freeObject(`Not served: ${what} Anything but null is a 501.`).nullish();
const only = (value: string) =>
  z
    .string()
    .nullish()
    .meta({ description: `\`${value}\`. Anything else but null is not served: 501.` });
const onlyOnes = { visibility: only('public'), accessibility: only('open') };

const Reference = z
  .looseObject({
    type: z.enum(['user', 'contact', 'flow', 'agent']).meta({ description: 'What it is.' }),
    id: z.string().min(1, 'must not be empty').optional().meta({ description: 'Its id.' }),
    identifierKey: identified.identifierKey.optional(),
    identifierValue: identified.identifierValue.optional(),
    contact: z.looseObject(identified).optional().meta({ description: 'The same two, as they are given to add it.' }),
    status,
  })
  .refine(
    ({ type, id, contact, identifierKey: key, identifierValue: value }) =>
      [id, contact, key ?? value].filter((one) => one !== undefined).length === 1 &&
      (key === undefined) === (value === undefined) &&
      (id !== undefined || type === 'contact'),
    'must have an id, or, for a contact, identifierKey and identifierValue',
  )
  .meta({
    id: 'ParticipantReference',
    description:
      'A user, flow or agent by its id, or a contact by its id or by an identifier; one that nobody has yet is made.',
  });

/** A reference as the rules take it. */
export function referred({ type, id = '', contact, ...more }: z.output<typeof Reference>): EnsureParticipant {
  const { identifierKey, identifierValue } = contact ?? more;
  if (identifierKey !== undefined && identifierValue !== undefined)
    return { contactByIdentifier: { identifierKey, identifierValue } };
  return ofType[type](id);
}

const ofType = {
  user: (id: string): EnsureParticipant => ({ user: { id } }),
  contact: (id: string): EnsureParticipant => ({ contact: { id } }),
  flow: (id: string): EnsureParticipant => ({ flow: { id } }),
  agent: (id: string): EnsureParticipant => ({ agent: { id } }),
};

const text = (description: string) => z.string().nullish().meta({ description });

export const NewConversation = z
  .looseObject({
    name: text('What it is called: 1 to 150 characters.'),
    description: text('What it is about: at most 4,000 characters.'),
    attributes: freeObject('Data of the caller’s own: at most 16 KB.').nullish(),
    agentId: text('The agent that it belongs to, which takes part in it; an addition of Rollcall’s.'),
    participants: z.array(Reference).max(5, 'must be at most 5 participants').nullish().meta({
      description: 'Who takes part in it from the start.',
    }),
    initiatingParticipant: Reference.nullish().meta({ description: 'Who opens it, and takes part in it too.' }),
    ...onlyOnes,
    initialMessage: unserved('messages are not kept here.'),
    resource: unserved('there are no resources here.'),
  })
  .meta({
    id: 'NewConversation',
    description: 'The conversation to open. Further members of the system’s have no effect.',
  });

export const ConversationChanges = z
  .strictObject({
    status: z
      .enum(['active', 'closed'])
      .nullish()
      .meta({ description: '`closed` closes the conversation, `active` opens it again.' }),
    name: text('What it is called: 1 to 150 characters; the empty text clears it.'),
    description: text('What it is about: at most 4,000 characters; the empty text clears it.'),
    attributes: freeObject('Data of the caller’s own, in place of what there was: at most 16 KB.').nullish(),
    agentId: text('Another agent for it to belong to, an addition of Rollcall’s; the empty text for none.'),
    ...onlyOnes,
    style: only('default'),
  })
  .meta({ id: 'ConversationChanges', description: 'The changes to make; null changes nothing.' });
