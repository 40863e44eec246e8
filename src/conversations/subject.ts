import type { Scope } from '../auth/scopes.ts';
import type {
  Agent,
  ConversationMember,
  ExternalUser,
  IdentifierKey,
  MemberType,
  Participant,
} from '../database/generated/client.ts';
import { displayNameOf } from '../external-users/external-users.ts';
import { fieldOf, type Identifier, identifierKeys } from '../external-users/identifiers.ts';

/** What a membership is about. */
export type Subject = Participant | ExternalUser | Agent;

/** A membership with its subject, which nearly every field of it needs. Null for types without a table. */
export type Member = ConversationMember & { subject: Subject | null };

/** The scope that reading a subject needs. Types that are not listed have no subject. */
export const scopeOfSubject: Readonly<Partial<Record<MemberType, Scope>>> = {
  USER: 'participants:read',
  AGENT: 'participants:read',
  CONTACT: 'users:read',
};

/** Returns the name in a conversation: the membership's own, else its subject's. */
export function nameOf({ displayName, subject }: Pick<Member, 'displayName' | 'subject'>): string | null {
  if (displayName !== null || subject === null) return displayName;
  if ('kind' in subject) return subject.displayName;
  return 'fkId' in subject ? displayNameOf(subject) : subject.name;
}

/** Returns the stored avatar of the membership's participant. Null for every other type. */
export const avatarFileOf = ({ subject }: Pick<Member, 'subject'>): string | null =>
  subject !== null && 'kind' in subject ? subject.avatarFileId : null;

/**
 * Returns the identifier that a contact is known by in a conversation: the one it was added by while its user still has
 * it, else the user's first.
 */
export function contactOf({ contactKey, subject }: Pick<Member, 'contactKey' | 'subject'>): Identifier | null {
  if (subject === null || !('fkId' in subject)) return null;
  const has = (key: IdentifierKey) => subject[fieldOf(key)] !== null;
  const key = contactKey !== null && has(contactKey) ? contactKey : identifierKeys.find(has);
  return key ? { key, value: subject[fieldOf(key)] as string } : null;
}
