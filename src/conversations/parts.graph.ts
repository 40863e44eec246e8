import type { GraphQLSchema } from 'graphql';
import { columnsRead, rowsOf, type Selection } from '../graph/selection.ts';
import { participantParts } from '../participants/participants.graph.ts';
import type { MemberParts } from './members.ts';
import type { ConversationParts } from './queries.ts';

// What the fields of a membership read of whom it is about, and whatever tells one kind of subject from another.
const told = { participant: ['id', 'kind'], externalUser: ['id', 'fkId'], agent: ['id'] };
const named = {
  participant: [...told.participant, 'displayName', 'avatarFileId'],
  externalUser: [...told.externalUser, 'firstName', 'lastName', 'email', 'phoneNumber'],
  agent: [...told.agent, 'name'],
};

/** What a selection reads of memberships, and of whom they are about. */
export function memberParts(selection: Selection, schema: GraphQLSchema): MemberParts {
  const own = columnsRead(schema, 'ConversationParticipant', selection, ['id', 'type']);
  const asSuch = ['displayName', 'avatarUrl', 'contact'].some(selection.has);
  if (!asSuch && !selection.has('subject')) return { own, subject: 'nothing' };
  const subject = selection.below('subject');
  const always = asSuch ? named : told;
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
  const rows = rowsOf(connection);
  return {
    own: columnsRead(schema, 'Conversation', rows, ['id']),
    members: rows.has('participants') ? memberParts(rows.below('participants'), schema) : null,
  };
}
