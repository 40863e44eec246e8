import { z } from 'zod';
import { agentNotFound } from '../agents/agents.ts';
import type { TenantDatabase } from '../database/database.ts';
import { sqlState } from '../database/failures.ts';
import type { IdentifierKey, MemberStatus, MemberType } from '../database/generated/client.ts';
import { asUuid, newId } from '../database/ids.ts';
import { narrowStatement, oncePer, type Statement } from '../database/statement.ts';
import { Problem } from '../errors/catalogue.ts';
import { externalUserNotFound } from '../external-users/external-users.ts';
import { fieldOf, hasIdentifier, type Identifier, identifier, identifierKeys } from '../external-users/identifiers.ts';
import { participantNotFound } from '../participants/lock.ts';
import { checked } from '../values/checked.ts';
import { text } from '../values/text.ts';
import { conversationClosed, conversationNotFound } from './conversations.ts';
import { asMembers, type MemberParts, type MemberRow, memberRowOf, wholeMember } from './members.ts';
import type { Member } from './subject.ts';
import { visible } from './visible.ts';

/** Whom to add: exactly one of these. */
export type EnsureParticipant = {
  user?: { id: string } | null | undefined;
  flow?: { id: string } | null | undefined;
  agent?: { id: string } | null | undefined;
  contact?: { id: string } | null | undefined;
  contactByIdentifier?: { identifierKey: IdentifierKey; identifierValue: string } | null | undefined;
};

/** What ensureConversationParticipant takes. */
export type EnsureInput = {
  conversationId: string;
  participant: EnsureParticipant;
  status?: MemberStatus | null | undefined;
};

/** What one try found: whether there is a conversation to add to (null), whether it is closed, and the membership, if there is one now. */
type Tried = { closed: boolean | null; subjectKnown: boolean; created: boolean | null } & (MemberRow | { id: null });

/** A statement that finds a membership or adds it, and reads these parts of it. */
type Ensuring = (parts: MemberParts) => Statement<Tried>;

/**
 * Finds the membership or adds it, in one statement. The conversation is locked only to add to it, so
 * that it cannot be closed in between; where the membership exists, nothing is locked or written.
 * `subject` selects the `key` and the `column`'s value by $4.
 */
function ensuring(type: MemberType, subject: string, column: string, contactKey: IdentifierKey | null): Ensuring {
  const text = oncePer(
    (parts: MemberParts) => `with subject as (${subject}), existing as (
       select m.* from conversation_member m join conversation c on c.tenant_id = m.tenant_id and c.id = m.conversation_id
       where ${visible('c', '$2')} and m.conversation_id = $3::uuid
         and m.type = '${type}' and m.participant_id = (select s.key from subject s)
     ), held as (
       select c.id, c.closed_at is not null as closed from conversation c
       where ${visible('c', '$2')} and c.id = $3::uuid and not exists (select from existing) for share
     ), added as (
       insert into conversation_member (tenant_id, id, conversation_id, type, participant_id, ${column}, contact_key, status)
       select $1, $5::uuid, h.id, '${type}', s.key, s.id, ${contactKey ? `'${contactKey}'::"IdentifierKey"` : 'null'}, $6::"MemberStatus"
       from held h, subject s where not h.closed
       on conflict (tenant_id, conversation_id, type, participant_id) do nothing returning *
     )
     select (select h.closed from held h) as closed, exists (select from subject) as "subjectKnown", m.created, ${memberRowOf(parts)}
     from (select) one left join (
       select *, true as created from added union all select *, false from existing
     ) m on true`,
  );
  return (parts) => narrowStatement(text(parts), () => text(wholeMember(parts)));
}

const user = ensuring(
  'USER',
  'select p.id::text as key, p.id from participant p where p.tenant_id = $1 and p.id = $4::uuid',
  'user_id',
  null,
);
const agent = ensuring('AGENT', 'select a.id as key, a.id from agent a where a.tenant_id = $1 and a.id = $4', 'agent_id', null);
const contact = ensuring(
  'CONTACT',
  'select u.id::text as key, u.id from external_user u where u.tenant_id = $1 and u.id = $4::uuid',
  'contact_id',
  null,
);
const flow = ensuring('FLOW', 'select $4::text as key, null::text as id', 'agent_id', null);
const contactBy = Object.fromEntries(
  identifierKeys.map((key) => [
    key,
    ensuring(
      'CONTACT',
      `select u.id::text as key, u.id from external_user u where u.tenant_id = $1 and ${hasIdentifier(key, 'u', '$4')}`,
      'contact_id',
      key,
    ),
  ]),
) as Record<IdentifierKey, Ensuring>;

/** Whom to add, as a statement takes it, and what to say, or to make, when the tenant doesn't have it. Flows are not kept here. */
type Wanted = { statement: Ensuring; value: string; unknown?: () => Problem; identifier?: Identifier };

const flowRule = z.object({ participant: z.object({ flow: z.object({ id: text(1, 255) }) }) });

function wanted(participant: EnsureParticipant): Wanted {
  const byUuid = (statement: Ensuring, id: string, notFound: (id: string) => Problem): Wanted => {
    const value = asUuid(id);
    if (!value) throw notFound(id);
    return { statement, value, unknown: () => notFound(value) };
  };
  if (participant.user) return byUuid(user, participant.user.id, participantNotFound);
  if (participant.contact) return byUuid(contact, participant.contact.id, externalUserNotFound);
  if (participant.contactByIdentifier) {
    const { identifierKey, identifierValue } = participant.contactByIdentifier;
    const path = ['input', 'participant', 'contactByIdentifier', 'identifierValue'];
    const named = identifier(identifierKey, identifierValue, path);
    return { statement: contactBy[identifierKey], value: named.value, identifier: named };
  }
  if (participant.agent) {
    const { id } = participant.agent;
    return { statement: agent, value: id, unknown: () => agentNotFound(id) };
  }
  const { id } = checked(flowRule, { participant }).participant.flow;
  return { statement: flow, value: id };
}

/** A membership, and whether this call made it. */
export type Ensured = { participant: Member; created: boolean };

/**
 * Adds somebody to a conversation, or finds that they are in it already: then nothing changes, and
 * `status` is not looked at. A contact named by an identifier that no external user has is created,
 * in the same transaction. However many callers race, one adds. Throws CONVERSATION_NOT_FOUND,
 * PARTICIPANT_STATE_CONFLICT when it is closed, and a 404 for whoever is to be added. Of the membership, the parts are read.
 */
export async function ensureConversationParticipant(
  db: TenantDatabase,
  input: EnsureInput,
  parts: MemberParts,
): Promise<Ensured> {
  const conversationId = asUuid(input.conversationId);
  if (!conversationId) throw conversationNotFound(input.conversationId);
  const subject = wanted(input.participant);
  const statement = subject.statement(parts);
  const values = [db.agentId, conversationId, subject.value, newId(), input.status ?? 'ACTIVE'];

  /** Null when the identifier is nobody's yet, or when somebody else adds or deletes the same one at this moment. */
  async function attempt({ query }: Pick<TenantDatabase, 'query'>): Promise<Ensured | null> {
    const [row] = (await query(statement, ...values)) as [Tried];
    const { closed, subjectKnown, created, ...member } = row;
    if (member.id !== null) return { participant: asMembers([member])[0] as Member, created: created === true };
    if (closed === null) throw conversationNotFound(conversationId as string);
    if (closed) throw conversationClosed(conversationId as string);
    if (!subjectKnown && subject.unknown) throw subject.unknown();
    return null;
  }

  /** The same with a user made for the identifier; where it cannot be added, the user is not made either. */
  const create = ({ key, value }: Identifier) =>
    db.transaction(async (tx) => {
      const data = { tenantId: db.tenantId, id: newId(), [fieldOf(key)]: value };
      await tx.externalUser.createMany({ data: [data], skipDuplicates: true });
      return attempt(tx);
    });

  for (let attempts = 0; attempts < 10; attempts++) {
    const ensured =
      (await unlessDeleted(attempt(db))) ?? (subject.identifier ? await unlessDeleted(create(subject.identifier)) : null);
    if (!ensured) continue;
    const { id: membershipId } = ensured.participant;
    const occurredAt = new Date().toISOString();
    if (ensured.created)
      db.announce('conversationParticipantChanged', { conversationId, membershipId, change: 'ADDED', occurredAt });
    return ensured;
  }
  throw new Problem('UNAVAILABLE', 'Others keep changing the same participant.', { retryAfter: 1 });
}

/** Null when whoever was to be added was deleted before the membership stood. */
async function unlessDeleted<Result>(attempt: Promise<Result>): Promise<Result | null> {
  try {
    return await attempt;
  } catch (error) {
    if (sqlState(error) === '23503') return null;
    throw error;
  }
}
