import type { GraphQLSchema } from 'graphql';
import type { MemberParts } from '../../conversations/memberships.ts';
import type { ConversationParts } from '../../conversations/queries.ts';
import type { Fields } from '../../database/sql/columns.ts';
import { participantAlone } from '../../directory/participants/queries.ts';
import { listedUser } from '../../external-users/queries.ts';
import { participantParts } from '../directory/participants.ts';
import { columnsRead, fromOperation, nodesOf, type Selection } from '../selection.ts';

// What tells one kind of subject from another; and what those fields of a membership that say they read the `subject`
// take from it: its name, its avatar and its identifiers.
const identifying = { participant: ['id', 'kind'], externalUser: ['id', 'fkId'], agent: ['id'] };
const forItsName = {
  participant: [...identifying.participant, 'displayName', 'avatarFileId'],
  externalUser: [...identifying.externalUser, 'firstName', 'lastName', 'email', 'phoneNumber'],
  agent: [...identifying.agent, 'name'],
};
const wholeSubject = { externalUser: listedUser, agent: null };

// The members of a page can have 16 MB of metadata. Its loader reads it, after it has been counted.
const withoutMetadata = (fields: Fields): Fields =>
  fields ? new Set([...fields].filter((field) => field !== 'metadata')) : listedUser;

/** What a selection reads of memberships, besides their columns that are `always` read, and of their subjects. */
export function memberParts(
  selection: Selection,
  schema: GraphQLSchema,
  always: readonly string[] = ['id', 'type'],
): MemberParts {
  const subject = selection.below('subject');
  // What is below a subject is counted by its id.
  const isDeep = [...subject.names].some((name) => [...subject.below(name).names].length > 0);
  const own = columnsRead(
    schema,
    'ConversationParticipant',
    selection,
    isDeep ? [...always, 'userId', 'contactId'] : always,
  );
  // What may be any column may be any of the subject's.
  if (!own)
    return { own, subject: { ...wholeSubject, participant: { ...participantParts(subject, schema, []), own: null } } };
  const isNamed = own.has('subject');
  if (!isNamed && !selection.has('subject')) return { own, subject: 'nothing' };
  const named = isNamed ? forItsName : identifying;
  return {
    own,
    subject: {
      participant: participantParts(subject, schema, named.participant),
      externalUser: withoutMetadata(columnsRead(schema, 'ExternalUser', subject, named.externalUser)),
      agent: columnsRead(schema, 'Agent', subject, named.agent),
    },
  };
}

// What the rows are grouped by, and what is counted below their subjects by.
const ofUnpaged = ['id', 'type', 'conversationId', 'userId', 'contactId'];

/**
 * What an operation reads of the unpaged lists of memberships, on any level. What belongs to participants is left to
 * their loaders: the list may be long, and has to be counted first.
 */
export const unpagedMemberParts = fromOperation('participants', (selection, schema): MemberParts => {
  const { own, subject } = memberParts(selection, schema, ofUnpaged);
  if (subject === null || subject === 'nothing') return { own, subject };
  return { own, subject: { ...subject, participant: { ...participantAlone, own: subject.participant.own } } };
});

/** What a selection reads of the conversations of a connection, and of those who take part in them. */
export function conversationParts(connection: Selection, schema: GraphQLSchema): ConversationParts {
  const rows = nodesOf(connection);
  return {
    own: columnsRead(schema, 'Conversation', rows, ['id']),
    members: rows.has('participants') ? memberParts(rows.below('participants'), schema) : null,
  };
}
