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

/** Whom a membership is about. */
export type Subject = Participant | ExternalUser | Agent;

/** A membership together with whom it is about, which nearly every field of it needs; null for the types that stand for themselves. */
export type Member = ConversationMember & { subject: Subject | null };

/** The scope that reading a subject needs; the types that are not here have no subject. */
export const scopeOfSubject: Readonly<Partial<Record<MemberType, Scope>>> = {
  USER: 'participants:read',
  AGENT: 'participants:read',
  CONTACT: 'users:read',
};

/** What somebody is called in a conversation: by the membership's own name, or as whom it is about. */
export function nameOf({ displayName, subject }: Pick<Member, 'displayName' | 'subject'>): string | null {
  if (displayName !== null || subject === null) return displayName;
  if ('kind' in subject) return subject.displayName;
  return 'fkId' in subject ? displayNameOf(subject) : subject.name;
}

/** The stored avatar of the participant whom a membership is about; null for everybody else. */
export const avatarFileOf = ({ subject }: Pick<Member, 'subject'>): string | null =>
  subject !== null && 'kind' in subject ? subject.avatarFileId : null;

/** By which identifier a contact is known in a conversation: the one it was added by while its user has it, else the first the user has. */
export function contactOf({ contactKey, subject }: Pick<Member, 'contactKey' | 'subject'>): Identifier | null {
  if (subject === null || !('fkId' in subject)) return null;
  const has = (key: IdentifierKey) => subject[fieldOf(key)] !== null;
  const key = contactKey !== null && has(contactKey) ? contactKey : identifierKeys.find(has);
  return key ? { key, value: subject[fieldOf(key)] as string } : null;
}
