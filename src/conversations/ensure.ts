import type { TenantDatabase, TenantTransaction } from '../database/database.ts';
import { sqlState } from '../database/failures.ts';
import type { IdentifierKey, MemberStatus } from '../database/generated/client.ts';
import { asUuid, newId } from '../database/ids.ts';
import { parseTimestamps } from '../database/statement.ts';
import { agentNotFound } from '../directory/agents/agents.ts';
import { participantNotFound } from '../directory/participants/lock.ts';
import { Problem } from '../errors/catalogue.ts';
import { externalUserNotFound } from '../external-users/external-users.ts';
import { fieldOf, type Identifier, identifier, phoneColumns } from '../external-users/identifiers.ts';
import { agentId, text } from '../values/text.ts';
import { conversationClosed, conversationNotFound } from './conversations.ts';
import { type Asked, agent, contact, contactBy, type Ensuring, flow, type Tried, user } from './ensuring.ts';
import { asMembers, type MemberParts } from './members.ts';
import type { Member } from './subject.ts';

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

/** The participant to add, as a statement takes it, and what to say, or to make, when the tenant does not have it. Flows are not kept here. */
export type Wanted = { ensuring: Ensuring; value: string; unknown?: () => Problem; identifier?: Identifier };

const flowId = text(1, 255);

/** Reads which participant is to be added; `path` says where in the arguments it stands. Throws VALIDATION_FAILED, or a 404 for an id that can be nobody's. */
export function wanted(
  participant: EnsureParticipant,
  path: readonly (string | number)[] = ['input', 'participant'],
): Wanted {
  const byUuid = (ensuring: Ensuring, id: string, notFound: (id: string) => Problem): Wanted => {
    const value = asUuid(id);
    if (!value) throw notFound(id);
    return { ensuring, value, unknown: () => notFound(value) };
  };
  if (participant.user) return byUuid(user, participant.user.id, participantNotFound);
  if (participant.contact) return byUuid(contact, participant.contact.id, externalUserNotFound);
  if (participant.contactByIdentifier) {
    const { identifierKey, identifierValue } = participant.contactByIdentifier;
    const named = identifier(identifierKey, identifierValue, [...path, 'contactByIdentifier', 'identifierValue']);
    return { ensuring: contactBy[identifierKey], value: named.value, identifier: named };
  }
  if (participant.agent) {
    const { id } = participant.agent;
    if (!agentId.safeParse(id).success) throw agentNotFound(id);
    return { ensuring: agent, value: id, unknown: () => agentNotFound(id) };
  }
  const id = participant.flow?.id ?? '';
  const result = flowId.safeParse(id);
  if (result.success) return { ensuring: flow, value: id };
  const errors = result.error.issues.map(({ message }) => ({ path: [...path, 'flow', 'id'], message }));
  throw new Problem('VALIDATION_FAILED', `participant.flow.id ${errors[0]?.message}`, { errors });
}

/** A membership, and whether this call made it. */
export type Ensured = { participant: Member; created: boolean };

/**
 * Adds somebody to a conversation, or finds that they are in it already: then nothing changes, and
 * `status` is not looked at. A contact named by an identifier that no external user has is created,
 * in the same transaction. However many callers race, one adds. Throws CONVERSATION_NOT_FOUND,
 * PARTICIPANT_STATE_CONFLICT when it is closed, and a 404 for whoever is to be added. Of the membership, the parts are read, or more.
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
 * Together with whoever else adds somebody somewhere at this moment, which costs each a part only. `nobody` when only a user with the
 * identifier is missing, null when it was not done for another reason.
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

/** By itself: waits for whoever holds the conversation, makes whom nobody knows, and finds out what is wrong. */
async function alone(
  db: TenantDatabase,
  subject: Wanted,
  { conversationId, status }: Place,
  nobodyKnown: boolean,
): Promise<Ensured> {
  const values = { conversationId, value: subject.value, id: newId(), status };
  const queue = db.queueFor(conversationId);

  /** Null when the identifier is nobody's yet, or when somebody else adds or deletes the same one at this moment. */
  async function attempt({ query }: Pick<TenantDatabase, 'query'>): Promise<Ensured | null> {
    const [row] = (await query(subject.ensuring.alone, values)) as [Tried];
    const { closed, subjectKnown, created, ...member } = row;
    if (member.id !== null) return { participant: asMembers([member])[0] as Member, created: created === true };
    if (closed === null) throw conversationNotFound(conversationId);
    if (closed) throw conversationClosed(conversationId);
    if (!subjectKnown && subject.unknown) throw subject.unknown();
    return null;
  }

  /** The same with a user made for the identifier; where it cannot be added, the user is not made either. */
  const create = ({ key, value }: Identifier) =>
    queue.transaction(async (tx) => {
      await createContacts(tx, [{ key, value }]);
      return attempt(tx);
    });

  const { identifier } = subject;
  for (let attempts = 0; attempts < 10; attempts++) {
    // To make a user and only then wait for the conversation would hold up whoever names the same one elsewhere.
    const found = nobodyKnown && attempts === 0 ? null : await unlessDeleted(attempt(queue));
    const ensured = found ?? (identifier ? await unlessDeleted(create(identifier)) : null);
    if (ensured) return ensured;
  }
  throw new Problem('UNAVAILABLE', 'Others keep changing the same participant.', { retryAfter: 1 });
}

/** Creates external users for those of the identifiers that no user has. Of several always in the same order, so that two calls cannot wait for each other. */
export async function createContacts(tx: TenantTransaction, identifiers: readonly Identifier[]): Promise<void> {
  const inOrder = [...identifiers].sort((a, b) => (`${a.key} ${a.value}` < `${b.key} ${b.value}` ? -1 : 1));
  const data = inOrder.map(({ key, value }) => ({
    tenantId: tx.tenantId,
    id: newId(),
    ...(key === 'phonenumber' ? phoneColumns(value) : { [fieldOf(key)]: value }),
  }));
  if (data.length > 0) await tx.externalUser.createMany({ data, skipDuplicates: true });
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
