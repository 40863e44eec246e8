import { may } from '../../auth/viewer.ts';
import { externalUsersOf, type Identity, identityOf, membersOf, participantsOf } from '../../identity/who-is.ts';
import type { FieldCost } from '../../operations/field-cost.ts';
import { builder } from '../builder.ts';
import type { GraphContext } from '../context.ts';
import { ConversationParticipantType } from '../conversations/memberships.ts';
import { ParticipantType } from '../directory/participants.ts';
import { ExternalUserType } from '../external-users/external-users.ts';

const ChannelInput = builder.inputType('IdentityChannelInput', {
  description: 'An address at a messaging provider.',
  fields: (t) => ({
    provider: t.string({ required: true, description: 'The provider, like `slack`, in any case.' }),
    address: t.string({
      required: true,
      description:
        'The address there, in any of its spellings: white space around it does not count; e-mail addresses, Telegram’s names, and Teams’ object ids and principal names are compared without case, telephone numbers by the telephone. A number without a plus is one of the countries that the provider’s configs name (`defaultRegion`).',
    }),
  }),
});

/** An identifier in the graph's inputs. */
export const IdentityInputType = builder.inputType('IdentityInput', {
  description: 'The identifier to ask about: exactly one of these.',
  isOneOf: true,
  fields: (t) => ({
    email: t.string({ description: 'An e-mail address, in any case; its domain in any script.' }),
    phoneNumber: t.string({ description: 'A telephone number, in any international spelling.' }),
    fkId: t.string({ description: 'An external user’s key in the caller’s own system, exactly as it was given.' }),
    channel: t.field({ type: ChannelInput, description: 'A channel’s address.' }),
  }),
});

/** The step to the other side shows what is stored there: it is for those who may read both. */
const across = ({ viewer }: GraphContext) => may(viewer, 'participants:read') && may(viewer, 'users:read');

const IdentityType = builder.objectRef<Identity>('Identity').implement({
  description:
    'Everything in the tenant that an identifier leads to: those who have it, and, if the viewer may read both kinds, the participants and external users who are the same person by e-mail or telephone number.',
  fields: (t) => ({
    participants: t.field({
      type: [ParticipantType],
      description:
        'The participants, ordered by id. Over 10,000 it is `RESULT_TOO_LARGE`. Empty when there are none, and without `participants:read`.',
      resolve: (by, _, context) =>
        may(context.viewer, 'participants:read') ? participantsOf(context.db, by, across(context)) : [],
    }),
    externalUsers: t.field({
      type: [ExternalUserType],
      description:
        'The external users, ordered by id. Over 10,000 it is `RESULT_TOO_LARGE`. Empty when there are none, and without `users:read`.',
      resolve: (by, _, context) =>
        may(context.viewer, 'users:read') ? externalUsersOf(context.db, by, across(context)) : [],
    }),
    conversationParticipants: t.field({
      type: [ConversationParticipantType],
      description:
        'The memberships of all of these in conversations, the newest first. Over 10,000 it is `RESULT_TOO_LARGE`. Under an agent’s key only in that agent’s conversations. Empty when there are none, and without `conversations:read`.',
      resolve: (by, _, context) =>
        may(context.viewer, 'conversations:read') ? membersOf(context.db, by, across(context)) : [],
    }),
  }),
});

/** An identifier can lead to thousands of rows, in four statements: thirty may be asked about in a request. */
const asking: FieldCost = { cost: 5_000 };

builder.queryField('whoIs', (t) =>
  t.field({
    type: IdentityType,
    description:
      'Who is on the other end? Everything in the tenant that an identifier leads to, in one statement a list. Every credential may ask: what it may not read is empty.',
    args: { by: t.arg({ type: IdentityInputType, required: true, description: 'The identifier to ask about.' }) },
    extensions: asking,
    resolve: (_, { by }, { db }): Promise<Identity> => identityOf(db, by),
  }),
);
