import { z } from 'zod';
import { avatarFileOf, contactOf, type Member, nameOf } from '../../conversations/subject.ts';
import type { Conversation, MemberStatus, MemberType } from '../../database/generated/client.ts';
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

export const ConversationShape = z
  .object({
    id: z.uuid().meta({ description: 'The conversation’s id.' }),
    name: z.string().meta({ description: 'What it is called; empty when it has no name.' }),
    status: z.enum(['active', 'closed']).meta({ description: 'Whether it takes new participants.' }),
    visibility: z
      .literal('public')
      .meta({ description: 'Always public: each credential that may read conversations sees it.' }),
    accessibility: z.literal('open').meta({ description: 'Always open.' }),
    channelId: z.uuid().meta({ description: 'Always the nil UUID: conversations belong to no channel here.' }),
    platformStyle: z.literal('default').meta({ description: 'Always default.' }),
    featuredParticipants: z.array(Participant).max(5).meta({ description: 'The first five who take part.' }),
    activeParticipantCount: z.int().min(0).meta({ description: 'How many take part.' }),
    pendingParticipantCount: z.int().min(0).meta({ description: 'How many await approval.' }),
    createdAt: z.iso.datetime().meta({ description: 'When it was opened.' }),
    updatedAt: z.iso.datetime().meta({ description: 'When it was last changed.' }),
  })
  .meta({ id: 'Conversation', description: 'A conversation.' });

/** A conversation, and all who take part in it, as the system's clients know it. */
export function conversationOf(
  { id, name, closedAt, createdAt, modifiedAt }: Conversation,
  members: readonly Member[],
  services: RestServices,
): z.output<typeof ConversationShape> {
  const count = (status: MemberStatus) => members.filter((member) => member.status === status).length;
  return {
    id,
    name: name ?? '',
    status: closedAt ? 'closed' : 'active',
    visibility: 'public',
    accessibility: 'open',
    channelId: noChannel,
    platformStyle: 'default',
    featuredParticipants: members.slice(0, 5).map((member) => participantOf(member, services)),
    activeParticipantCount: count('ACTIVE'),
    pendingParticipantCount: count('PENDING'),
    createdAt: createdAt.toISOString(),
    updatedAt: modifiedAt.toISOString(),
  };
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

export const NewConversation = z
  .looseObject({
    name: z.string().nullish().meta({ description: 'What it is called: 1 to 150 characters.' }),
    agentId: z.string().nullish().meta({ description: 'The agent that it belongs to; an addition of Rollcall’s.' }),
    initialMessage: unserved('messages are not kept here.'),
    resource: unserved('there are no resources here.'),
  })
  .meta({
    id: 'NewConversation',
    description: 'The conversation to open. Further members of the system’s have no effect.',
  });

export const ConversationChanges = z
  .strictObject({
    status: z.enum(['active', 'closed']).nullish().meta({ description: '`closed` closes the conversation.' }),
    name: z.string().nullish(),
    description: z.string().nullish(),
    visibility: z.string().nullish(),
    accessibility: z.string().nullish(),
    style: z.string().nullish(),
    attributes: freeObject('Data of the caller’s own.').nullish(),
  })
  .meta({ id: 'ConversationChanges', description: 'The changes to make; null changes nothing.' });
