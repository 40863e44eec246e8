import { demand } from '../../auth/viewer.ts';
import { conversationNotFound } from '../../conversations/conversations.ts';
import { membersOfConversation, membersWithDeleted } from '../../conversations/edges.ts';
import {
  findMember,
  memberKey,
  membersByConversation,
  membersWithDeletedByConversation,
} from '../../conversations/memberships.ts';
import { conversationById, type ListedConversation } from '../../conversations/queries.ts';
import {
  avatarFileOf,
  contactOf,
  type Member,
  nameOf,
  type Subject,
  scopeOfSubject,
} from '../../conversations/subject.ts';
import { connectionTo } from '../../database/edges.ts';
import type { ConversationMember } from '../../database/generated/client.ts';
import { asUuid } from '../../database/ids.ts';
import type { PageArguments } from '../../database/pages.ts';
import type { Identifier } from '../../external-users/identifiers.ts';
import { builder } from '../builder.ts';
import { AgentType } from '../directory/agents.ts';
import { ParticipantType } from '../directory/participants.ts';
import { ExternalUserType } from '../external-users/external-users.ts';
import { HistorySubjectType } from '../history/subject.ts';
import { still } from '../mutation.ts';
import { NodeType } from '../node-interface.ts';
import { reading } from '../selection.ts';
import { ConversationType } from './conversations.ts';
import { unpagedMemberParts } from './parts.ts';

const ofConversation = reading<ListedConversation>();
const ofConversationMember = reading<ConversationMember & Partial<Pick<Member, 'subject'>>>();

const TypeType = builder.enumType('ConversationParticipantType', {
  description: 'The kind of a conversation participant. It decides what `participantId` means.',
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

/** The status of a membership. */
export const StatusType = builder.enumType('ConversationParticipantStatus', {
  description: 'The status of a conversation participant.',
  values: {
    PENDING: { description: 'Awaits approval. Can become `ACTIVE` or `INVITED`.' },
    INVITED: { description: 'Awaits the participant’s own acceptance. Can become `ACTIVE`.' },
    ACTIVE: { description: 'Can send and receive messages. Stays so.' },
  },
});

/** The kinds of identifiers. */
export const IdentifierKeyType = builder.enumType('IdentifierKey', {
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
    'An identifier of a contact’s external user. Shown with the conversation participant that it belongs to.',
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
  description: 'What a conversation participant stands for.',
  types: [ParticipantType, ExternalUserType, AgentType],
  resolveType: (subject: Subject) => {
    if ('kind' in subject) return ParticipantType;
    return 'fkId' in subject ? ExternalUserType : AgentType;
  },
});

/** Each statement that reads memberships also reads their subjects, if a selected field reads them. */
const whole = <Row extends object>(member: Row) => member as Row & Pick<Member, 'subject'>;

/** A membership in the graph. */
export const ConversationParticipantType = builder.prismaObject('ConversationMember', {
  interfaces: [NodeType, HistorySubjectType],
  name: 'ConversationParticipant',
  description:
    'A participant’s membership in one conversation, or what is left of it when its external user was deleted (`deletedAt`). Seen with `conversations:read`.',
  fields: (t) => ({
    id: t.exposeID('id', {
      description:
        'The UUID of this membership. A participant of two conversations has two memberships, each with its own status.',
    }),
    participantId: t.exposeID('participantId', {
      description:
        'The participant’s id. Its meaning depends on `type`; the two are unique in the conversation among those that are not deleted.',
    }),
    type: t.expose('type', { type: TypeType, description: 'The kind of participant.' }),
    status: t.expose('status', { type: StatusType, description: 'The status.' }),
    displayName: t.string({
      nullable: true,
      description:
        'The name: the one set for this conversation, else that of the participant, external user or agent; null without a name.',
      ...ofConversationMember(['displayName', 'subject'], (member) => nameOf(whole(member))),
    }),
    avatarUrl: t.field({
      type: 'URL',
      nullable: true,
      description:
        'The URL of the avatar: the one set for this conversation, else, for a `USER`, the participant’s in 128 pixels, valid for at least an hour; null without an avatar.',
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
        'For a `CONTACT`: the identifier that it was added by, if the user still has it, else the first of e-mail, telephone number and foreign key that the user has; null for every other type.',
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
        'What it stands for: the participant of a `USER` and the agent of an `AGENT` (these need `participants:read`), the external user of a `CONTACT` (this needs `users:read`); null for every other type, and when it was deleted.',
      ...ofConversationMember(['type', 'deletedAt'], (member, _, { viewer }) => {
        if (member.deletedAt) return null;
        const scope = scopeOfSubject[member.type];
        if (scope) demand(viewer, scope);
        return whole(member).subject;
      }),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was added to the conversation.' }),
    modifiedAt: t.expose('modifiedAt', { type: 'DateTime', description: 'When the membership was last changed.' }),
    deletedAt: t.expose('deletedAt', {
      type: 'DateTime',
      nullable: true,
      description:
        'When the external user of a `CONTACT` was deleted. Then this is no membership any more: it says that somebody took part, and nothing about the person. Null for every membership.',
    }),
  }),
});

const ConversationParticipantConnection = builder.connectionObject(
  {
    type: ConversationParticipantType,
    name: 'ConversationParticipantConnection',
    description: 'A page of conversation participants, in the order in which they were added.',
  },
  { description: 'A conversation participant in a page.' },
);

const includeDeleted = {
  defaultValue: false,
  description: 'Whether contacts that were deleted are listed too, by what is left of them; null is false.',
};

builder.objectFields(ConversationType, (t) => ({
  participants: t.field({
    type: [ConversationParticipantType],
    description:
      'The participants, in the order in which they were added. Not paged: over 10,000 in all conversations of one level is `RESULT_TOO_LARGE`.',
    args: { includeDeleted: t.arg.boolean(includeDeleted) },
    ...ofConversation(
      ['id', 'participants'],
      ({ id, participants }, args: { includeDeleted?: boolean | null | undefined }, context, info) =>
        args.includeDeleted
          ? context.load(membersWithDeletedByConversation(unpagedMemberParts(info)), id)
          : (participants ?? context.load(membersByConversation(unpagedMemberParts(info)), id)),
    ),
  }),
  participantsConnection: t.field({
    type: ConversationParticipantConnection,
    description: 'The participants, page by page, in the order in which they were added.',
    args: { includeDeleted: t.arg.boolean(includeDeleted), ...t.arg.connectionArgs() },
    ...ofConversation(
      ['id'],
      ({ id }, args: PageArguments & { includeDeleted?: boolean | null | undefined }, context) =>
        connectionTo(context, args.includeDeleted ? membersWithDeleted : membersOfConversation, id, args),
    ),
  }),
}));

builder.queryField('conversationParticipant', (t) =>
  t.field({
    type: ConversationParticipantType,
    nullable: true,
    description:
      'A conversation participant, named by exactly one of `conversationParticipantId`, `participantId` and `contact`; null when there is none, or when the viewer does not see the conversation. Needs `conversations:read`.',
    authScopes: { scope: 'conversations:read' },
    args: {
      conversationId: t.arg.id({ required: true, description: 'The conversation’s UUID.' }),
      conversationParticipantId: t.arg.id({
        description:
          'The membership’s own UUID: the `id` of the conversation participant. Null when it is named otherwise.',
      }),
      participantId: t.arg.id({
        description:
          'The `participantId`, of any type. If several types share it, the `USER` is meant. Null when `contact` is given.',
      }),
      contact: t.arg({
        type: ContactIdentifierInput,
        description: 'An identifier of the contact’s external user. Null when `participantId` is given.',
      }),
    },
    resolve: async (_, { conversationId, ...name }, { db }) => {
      const key = memberKey(name, []);
      const id = asUuid(conversationId);
      return id ? findMember(db, id, key) : null;
    },
  }),
);
