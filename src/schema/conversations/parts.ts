import type { GraphQLSchema } from 'graphql';
import type { MemberParts } from '../../conversations/memberships.ts';
import type { ConversationParts } from '../../conversations/queries.ts';
import { participantParts } from '../directory/participants.ts';
import { columnsRead, nodesOf, type Selection } from '../selection.ts';

// What tells one kind of subject from another; and what those fields of a membership that say they read the `subject`
// take from it: its name, its avatar and its identifiers.
const identifying = { participant: ['id', 'kind'], externalUser: ['id', 'fkId'], agent: ['id'] };
const forItsName = {
  participant: [...identifying.participant, 'displayName', 'avatarFileId'],
  externalUser: [...identifying.externalUser, 'firstName', 'lastName', 'email', 'phoneNumber'],
  agent: [...identifying.agent, 'name'],
};
const wholeSubject = { externalUser: null, agent: null };

/** What a selection reads of memberships and of their subjects. */
export function memberParts(selection: Selection, schema: GraphQLSchema): MemberParts {
  const own = columnsRead(schema, 'ConversationParticipant', selection, ['id', 'type']);
  const subject = selection.below('subject');
  // What may be any column may be any of the subject's.
  if (!own)
    return { own, subject: { ...wholeSubject, participant: { ...participantParts(subject, schema, []), own: null } } };
  const named = own.has('subject');
  if (!named && !selection.has('subject')) return { own, subject: 'nothing' };
  const always = named ? forItsName : identifying;
  return {
    own,
    subject: {
      participant: participantParts(subject, schema, always.participant),
      externalUser: columnsRead(schema, 'ExternalUser', subject, always.externalUser),
      agent: columnsRead(schema, 'Agent', subject, always.agent),
    },
  };
}

/** What a selection reads of the conversations of a connection, and of those who take part in them. */
export function conversationParts(connection: Selection, schema: GraphQLSchema): ConversationParts {
  const rows = nodesOf(connection);
  return {
    own: columnsRead(schema, 'Conversation', rows, ['id']),
    members: rows.has('participants') ? memberParts(rows.below('participants'), schema) : null,
  };
}
