import { demand } from '../../auth/viewer.ts';
import { conversationNotFound } from '../../conversations/conversations.ts';
import { connectionTo, membersOfConversation } from '../../conversations/edges.ts';
import { findMember, memberKey, membersByConversation } from '../../conversations/members.ts';
import { conversationById, type ListedConversation } from '../../conversations/queries.ts';
import {
  avatarFileOf,
  contactOf,
  type Member,
  nameOf,
  type Subject,
  scopeOfSubject,
} from '../../conversations/subject.ts';
import type { ConversationMember } from '../../database/generated/client.ts';
import { asUuid } from '../../database/ids.ts';
import type { PageArguments } from '../../database/pages.ts';
import type { Identifier } from '../../external-users/identifiers.ts';
import { builder } from '../builder.ts';
import { AgentType } from '../directory/agents.ts';
import { ParticipantType } from '../directory/participants.ts';
import { ExternalUserType } from '../external-users/external-users.ts';
import { still } from '../mutation.ts';
import { reading } from '../selection.ts';
import { ConversationType } from './conversations.ts';

const ofConversation = reading<ListedConversation>();
const ofConversationMember = reading<ConversationMember & Partial<Pick<Member, 'subject'>>>();

const TypeType = builder.enumType('ConversationParticipantType', {
  description: 'What takes part in a conversation, and so what its `participantId` means.',
  values: {
    USER: { description: 'A participant of the tenant’s directory; `participantId` is its UUID.' },
    CONTACT: { description: 'A customer; `participantId` is the external user’s UUID.' },
    AGENT: { description: 'An AI agent; `participantId` is the agent’s id.' },
    FLOW: { description: 'An automated flow; `participantId` is its id in the caller’s system.' },
    BOT: { description: 'A bot; `participantId` is its id in the caller’s system.' },
    ACCESS_KEY: { description: 'A program; `participantId` is its access key’s id.' },
    CHANNEL: { description: 'A channel that speaks for itself; `participantId` is its id in the caller’s system.' },
    CONNECTOR: { description: 'A connector to another system; `participantId` is its id in the caller’s system.' },
    COLLABORATION_AUTOMATION: {
      description: 'An automation of the team’s collaboration; `participantId` is its id in the caller’s system.',
    },
  },
});

/** How far in somebody is. */
export const StatusType = builder.enumType('ConversationParticipantStatus', {
  description: 'How far in a conversation somebody is.',
  values: {
    PENDING: { description: 'Awaits approval. Can become `ACTIVE` or `INVITED`.' },
    INVITED: { description: 'Awaits the participant’s own acceptance. Can become `ACTIVE`.' },
    ACTIVE: { description: 'Can send and receive messages. Stays so.' },
  },
});

const IdentifierKeyType = builder.enumType('IdentifierKey', {
  description: 'What kind of identifier an external user is named by.',
  values: {
    emailaddress: { description: 'The e-mail address, in any case.' },
    phonenumber: {
      description: 'The telephone number: E.164 when it comes out, any international spelling when it goes in.',
    },
    fkid: { description: 'The user’s key in the caller’s own system, exactly as it was given.' },
  },
});

const ContactIdentifierType = builder.objectRef<Identifier>('ContactIdentifier').implement({
  description:
    'An identifier of the external user whom a contact is. Seen with the conversation participant it belongs to.',
  fields: (t) => ({
    identifierKey: t.expose('key', { type: IdentifierKeyType, description: 'What kind of identifier it is.' }),
    identifierValue: t.exposeString('value', { description: 'The identifier.' }),
  }),
});

/** A contact by one of its identifiers. */
export const ContactIdentifierInput = builder.inputType('ContactIdentifierInput', {
  description: 'An external user by one of its identifiers.',
  fields: (t) => ({
    identifierKey: t.field({ type: IdentifierKeyType, required: true, description: 'What kind of identifier it is.' }),
    identifierValue: t.string({ required: true, description: 'The identifier; in any spelling that means the same.' }),
  }),
});

const SubjectType = builder.unionType('ConversationSubject', {
  description: 'Whom a conversation participant is.',
  types: [ParticipantType, ExternalUserType, AgentType],
  resolveType: (subject: Subject) => {
    if ('kind' in subject) return ParticipantType;
    return 'fkId' in subject ? ExternalUserType : AgentType;
  },
});

/** Every statement that reads memberships reads what they are about with them, where a field that was selected reads it. */
const whole = <Row extends object>(member: Row) => member as Row & Pick<Member, 'subject'>;

/** A membership in the graph. */
export const ConversationParticipantType = builder.prismaObject('ConversationMember', {
  name: 'ConversationParticipant',
  description: 'That somebody, or something, takes part in a conversation. Seen with `conversations:read`.',
  fields: (t) => ({
    id: t.exposeID('id', {
      description:
        'The UUID of this membership: whoever takes part in two conversations has two, each with its own status.',
    }),
    participantId: t.exposeID('participantId', {
      description: 'Who takes part. What it means depends on `type`. Unique in the conversation together with it.',
    }),
    type: t.expose('type', { type: TypeType, description: 'What takes part.' }),
    status: t.expose('status', { type: StatusType, description: 'How far in it is.' }),
    displayName: t.string({
      nullable: true,
      description:
        'What it is called: by its own name in this conversation, or else as the participant, external user or agent that it is; null when it has no name.',
      ...ofConversationMember(['displayName', 'subject'], (member) => nameOf(whole(member))),
    }),
    avatarUrl: t.field({
      type: 'URL',
      nullable: true,
      description:
        'Where its avatar can be had: its own in this conversation, or else, for a `USER`, the participant’s in 128 pixels, good for at least an hour; null when there is none.',
      ...ofConversationMember(['avatarUrl', 'subject'], (member, _, { services }) => {
        if (member.avatarUrl !== null) return member.avatarUrl;
        const fileId = avatarFileOf(whole(member));
        return fileId === null ? null : services.fileUrls.sign(fileId, 128);
      }),
    }),
    contact: t.field({
      type: ContactIdentifierType,
      nullable: true,
      description:
        'For a `CONTACT`: the identifier by which it was added while the user still has that, else the first of e-mail, telephone number and foreign key that the user has; null for every other type.',
      ...ofConversationMember(['contactKey', 'subject'], (member) => contactOf(whole(member))),
    }),
    conversation: t.field({
      type: ConversationType,
      description: 'The conversation.',
      ...ofConversationMember(['conversationId'], ({ conversationId: id }, _, context) =>
        still(context.load(conversationById, id), () => conversationNotFound(id)),
      ),
    }),
    subject: t.field({
      type: SubjectType,
      nullable: true,
      description:
        'Whom it is: the participant of a `USER` and the agent of an `AGENT` (these need `participants:read`), the external user of a `CONTACT` (this needs `users:read`); null for every other type.',
      ...ofConversationMember(['type'], (member, _, { viewer }) => {
        const scope = scopeOfSubject[member.type];
        if (scope) demand(viewer, scope);
        return whole(member).subject;
      }),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was added to the conversation.' }),
    modifiedAt: t.expose('modifiedAt', { type: 'DateTime', description: 'When the membership was last changed.' }),
  }),
});

const ConversationParticipantConnection = builder.connectionObject(
  {
    type: ConversationParticipantType,
    name: 'ConversationParticipantConnection',
    description: 'A page of those who take part in a conversation, in the order in which they were added.',
  },
  { description: 'A conversation participant in a page.' },
);

builder.objectFields(ConversationType, (t) => ({
  participants: t.field({
    type: [ConversationParticipantType],
    description:
      'Who takes part, in the order in which they were added. Not paged: over 10,000, in all conversations of one level together, it is `RESULT_TOO_LARGE`.',
    ...ofConversation(
      ['id', 'participants'],
      ({ id, participants }, _, context) => participants ?? context.load(membersByConversation, id),
    ),
  }),
  participantsConnection: t.field({
    type: ConversationParticipantConnection,
    description: 'Who takes part, page by page, in the order in which they were added.',
    args: t.arg.connectionArgs(),
    ...ofConversation(['id'], ({ id }, args: PageArguments, context) =>
      connectionTo(context, membersOfConversation, id, args),
    ),
  }),
}));

builder.queryField('conversationParticipant', (t) =>
  t.field({
    type: ConversationParticipantType,
    nullable: true,
    description:
      'One who takes part in a conversation, by exactly one of `participantId` and `contact`; null when nobody of that identity does, or the viewer does not see the conversation. Needs `conversations:read`.',
    authScopes: { scope: 'conversations:read' },
    args: {
      conversationId: t.arg.id({ required: true, description: 'The conversation’s UUID.' }),
      participantId: t.arg.id({
        description:
          'Its `participantId`, of whatever type; where several types share it, the `USER`. Null when `contact` is given.',
      }),
      contact: t.arg({
        type: ContactIdentifierInput,
        description: 'An identifier of the external user whom a contact is. Null when `participantId` is given.',
      }),
    },
    resolve: async (_, { conversationId, ...name }, { db }) => {
      const key = memberKey(name, []);
      const id = asUuid(conversationId);
      return id ? findMember(db, id, key) : null;
    },
  }),
);
