import { z } from 'zod';
import type { TenantDatabase } from '../database/database.ts';
import { sqlState } from '../database/failures.ts';
import type { IdentifierKey, MemberStatus } from '../database/generated/client.ts';
import { asUuid, newId } from '../database/ids.ts';
import { parseTimestamps } from '../database/statement.ts';
import { agentNotFound } from '../directory/agents/agents.ts';
import { participantNotFound } from '../directory/participants/lock.ts';
import { Problem } from '../errors/catalogue.ts';
import { externalUserNotFound } from '../external-users/external-users.ts';
import { fieldOf, type Identifier, identifier, phoneColumns } from '../external-users/identifiers.ts';
import { checked } from '../values/checked.ts';
import { agentId, text } from '../values/text.ts';
import { conversationClosed, conversationNotFound } from './conversations.ts';
import { type Asked, agent, contact, contactBy, type Ensuring, flow, type Tried, user } from './ensure-statements.ts';
import { asMembers, type MemberParts } from './memberships.ts';
import type { Member } from './subject.ts';

/** Names the participant to add: exactly one of these. */
export type EnsureParticipant = {
  user?: { id: string } | null | undefined;
  flow?: { id: string } | null | undefined;
  agent?: { id: string } | null | undefined;
  contact?: { id: string } | null | undefined;
  contactByIdentifier?: { identifierKey: IdentifierKey; identifierValue: string } | null | undefined;
};

/** The unchecked input of ensureConversationParticipant. */
export type EnsureInput = {
  conversationId: string;
  participant: EnsureParticipant;
  status?: MemberStatus | null | undefined;
};

/**
 * What to add, as a statement takes it, and what to throw or to create when the tenant does not have it. Flows are not
 * stored here.
 */
type Wanted = { ensuring: Ensuring; value: string; unknown?: () => Problem; identifier?: Identifier };

const flowRule = z.object({ participant: z.object({ flow: z.object({ id: text(1, 255) }) }) });

function wanted(participant: EnsureParticipant): Wanted {
  const byUuid = (ensuring: Ensuring, id: string, notFound: (id: string) => Problem): Wanted => {
    const value = asUuid(id);
    if (!value) throw notFound(id);
    return { ensuring, value, unknown: () => notFound(value) };
  };
  if (participant.user) return byUuid(user, participant.user.id, participantNotFound);
  if (participant.contact) return byUuid(contact, participant.contact.id, externalUserNotFound);
  if (participant.contactByIdentifier) {
    const { identifierKey, identifierValue } = participant.contactByIdentifier;
    const path = ['input', 'participant', 'contactByIdentifier', 'identifierValue'];
    const named = identifier(identifierKey, identifierValue, path);
    return { ensuring: contactBy[identifierKey], value: named.value, identifier: named };
  }
  if (participant.agent) {
    const { id } = participant.agent;
    if (!agentId.safeParse(id).success) throw agentNotFound(id);
    return { ensuring: agent, value: id, unknown: () => agentNotFound(id) };
  }
  const { id } = checked(flowRule, { participant }).participant.flow;
  return { ensuring: flow, value: id };
}

/** A membership, and whether this call created it. */
export type Ensured = { participant: Member; created: boolean };

/**
 * Adds a membership to a conversation, or finds the one that exists. An existing one stays as it is, and `status` is
 * ignored. A contact with an identifier that no external user has is created in the same transaction. Of concurrent
 * callers one adds. Reads at least `parts` of the membership. Throws CONVERSATION_NOT_FOUND, PARTICIPANT_STATE_CONFLICT
 * when the conversation is closed, and a 404 code for a missing subject.
 */
export async function ensureConversationParticipant(
  db: TenantDatabase,
  input: EnsureInput,
  parts: MemberParts,
): Promise<Ensured> {
  const conversationId = asUuid(input.conversationId);
  if (!conversationId) throw conversationNotFound(input.conversationId);
  const subject = wanted(input.participant);
  const status = input.status ?? 'ACTIVE';
  const place: Place = { conversationId, status };
  const shared = await withOthers(db, subject, place, parts);
  const ensured = shared && shared !== 'nobody' ? shared : await alone(db, subject, place, shared === 'nobody');
  const { id: membershipId } = ensured.participant;
  const occurredAt = db.now().toISOString();
  if (ensured.created)
    db.announce('conversationParticipantChanged', { conversationId, membershipId, change: 'ADDED', occurredAt });
  return ensured;
}

type Place = { conversationId: string; status: MemberStatus };

/**
 * Tries a batched write, which shares one statement with concurrent callers. Returns `nobody` when only the external
 * user is missing, and null when it was not done for another reason.
 */
async function withOthers(
  db: TenantDatabase,
  { ensuring, value }: Wanted,
  { conversationId, status }: Place,
  parts: MemberParts,
): Promise<Ensured | 'nobody' | null> {
  const asked: Asked = { agent_id: db.agentId, conversation_id: conversationId, value, id: newId(), status };
  const row = await db.batchedWrite(ensuring.batchedWrite(parts), asked);
  if (!row) return null;
  if (row.id === null) return 'nobody';
  parseTimestamps([row]);
  return { participant: asMembers([row])[0] as Member, created: row.created };
}

/**
 * Adds the membership in a statement of its own. It waits for locks, creates a missing external user, and finds out
 * what is wrong.
 */
async function alone(
  db: TenantDatabase,
  subject: Wanted,
  { conversationId, status }: Place,
  nobodyKnown: boolean,
): Promise<Ensured> {
  const values = { conversationId, value: subject.value, id: newId(), status };
  const queue = db.queueFor(conversationId);

  /** Null when the identifier has no external user yet, or when another transaction adds or deletes the same row. */
  async function attempt({ query }: Pick<TenantDatabase, 'query'>): Promise<Ensured | null> {
    const [row] = (await query(subject.ensuring.alone, values)) as [Tried];
    const { closed, subjectKnown, created, ...member } = row;
    if (member.id !== null) return { participant: asMembers([member])[0] as Member, created: created === true };
    if (closed === null) throw conversationNotFound(conversationId);
    if (closed) throw conversationClosed(conversationId);
    if (!subjectKnown && subject.unknown) throw subject.unknown();
    return null;
  }

  /**
   * Creates the external user and the membership in one transaction. If the membership cannot be added, the user is not
   * created.
   */
  const create = ({ key, value }: Identifier) =>
    queue.transaction(async (tx) => {
      const named = key === 'phonenumber' ? phoneColumns(value) : { [fieldOf(key)]: value };
      const data = { tenantId: db.tenantId, id: newId(), ...named };
      await tx.externalUser.createMany({ data: [data], skipDuplicates: true });
      return attempt(tx);
    });

  const { identifier } = subject;
  for (let attempts = 0; attempts < 10; attempts++) {
    // Lock the conversation before creating the user. Otherwise others who use the same identifier would wait for this
    // wait too.
    const found = nobodyKnown && attempts === 0 ? null : await unlessDeleted(attempt(queue));
    const ensured = found ?? (identifier ? await unlessDeleted(create(identifier)) : null);
    if (ensured) return ensured;
  }
  throw new Problem('UNAVAILABLE', 'Others keep changing the same participant.', { retryAfter: 1 });
}

/** Null when the subject was deleted before the membership was written. */
async function unlessDeleted<Result>(attempt: Promise<Result>): Promise<Result | null> {
  try {
    return await attempt;
  } catch (error) {
    if (sqlState(error) === '23503') return null;
    throw error;
  }
}
