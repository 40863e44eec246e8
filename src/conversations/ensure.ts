import type { TenantDatabase, TenantTransaction } from '../database/database.ts';
import { sqlState } from '../database/failures.ts';
import type { IdentifierKey, MemberStatus } from '../database/generated/client.ts';
import { asUuid, newId } from '../database/ids.ts';
import { rows } from '../database/sql/columns.ts';
import { join, literal, parameter, sql } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { assured, integer, json } from '../database/sql/types.ts';
import { parseTimestamps } from '../database/statement.ts';
import { agentNotFound } from '../directory/agents/agents.ts';
import { participantNotFound } from '../directory/participants/lock.ts';
import { Problem } from '../errors/catalogue.ts';
import { externalUserNotFound } from '../external-users/external-users.ts';
import {
  fieldOf,
  type Identifier,
  idByIdentifier,
  identifier,
  identifierKeys,
  phoneColumns,
} from '../external-users/identifiers.ts';
import type { KeepIds } from '../idempotency/once.ts';
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
export type Wanted = { ensuring: Ensuring; value: string; unknown?: () => Problem; identifier?: Identifier };

const flowId = text(1, 255);

/**
 * Reads which participant is to be added; `path` says where in the arguments it stands. Throws VALIDATION_FAILED, or a
 * 404 for an id that can be nobody's.
 */
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
  keepIds?: KeepIds,
): Promise<Ensured> {
  const conversationId = asUuid(input.conversationId);
  if (!conversationId) throw conversationNotFound(input.conversationId);
  const subject = wanted(input.participant);
  const status = input.status ?? 'ACTIVE';
  const place: Place = { conversationId, status };
  // A write that others share is no transaction of the caller's own, which a key has to be in.
  const shared = keepIds ? null : await withOthers(db, subject, place, parts);
  const ensured =
    shared && shared !== 'nobody' ? shared : await alone(db, subject, place, shared === 'nobody', keepIds);
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
  keepIds?: KeepIds,
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
      await createContacts(tx, [{ key, value }]);
      return attempt(tx);
    });

  /** All of it in one transaction, with what a repeat is to be told. */
  const kept = (keep: KeepIds) =>
    queue.transaction(async (tx) => {
      let found = await attempt(tx);
      if (!found && identifier) {
        await createContacts(tx, [identifier]);
        found = await attempt(tx);
      }
      if (!found) throw isUnsettled;
      await keep(tx, [found.participant.id, ...(found.created ? ['created'] : [])]);
      return found;
    });

  const { identifier } = subject;
  const inSteps = async (nobodyKnown: boolean) => {
    // Lock the conversation before creating the user. Otherwise others who use the same identifier would wait for this
    // wait too.
    const found = nobodyKnown ? null : await unlessDeleted(attempt(queue));
    return found ?? (identifier ? unlessDeleted(create(identifier)) : null);
  };
  for (let attempts = 0; attempts < 10; attempts++) {
    const ensured = keepIds ? await unlessDeleted(kept(keepIds)) : await inSteps(attempts === 0 && nobodyKnown);
    if (ensured) return ensured;
  }
  throw new Problem('UNAVAILABLE', 'Others keep changing the same participant.', { retryAfter: 1 });
}

/**
 * Creates external users for identifiers that no user has, always in the same order, so that two calls cannot wait for
 * each other. One that a user got meanwhile as its primary one is left to it. One that a user got beside it is an error
 * of uniqueness, which ends the transaction: the caller begins anew.
 */
export async function createContacts(tx: TenantTransaction, identifiers: readonly Identifier[]): Promise<void> {
  const inOrder = [...identifiers].sort((a, b) => (`${a.key} ${a.value}` < `${b.key} ${b.value}` ? -1 : 1));
  const data = inOrder.map(({ key, value }) => ({
    tenantId: tx.tenantId,
    id: newId(),
    ...(key === 'phonenumber' ? phoneColumns(value) : { [fieldOf(key)]: value }),
  }));
  if (data.length > 0) await tx.externalUser.createMany({ data, skipDuplicates: true });
}

const known = statement(rows({ n: integer }))`
  select g.n from json_to_recordset(${parameter('rows', assured(json<string>()))}) as g (n int, key text, value text) where ${join(
    identifierKeys.map((key) => sql`(g.key = ${literal(key)} and ${idByIdentifier(key, sql`g.value`)} is not null)`),
    ' or ',
  )}`;

/** Returns those of the identifiers that no external user has, neither as its primary one nor beside it. */
export async function unknownIdentifiers(
  { query }: Pick<TenantTransaction, 'query'>,
  identifiers: readonly Identifier[],
): Promise<Identifier[]> {
  if (identifiers.length === 0) return [];
  const asked = JSON.stringify(identifiers.map(({ key, value }, n) => ({ n, key, value })));
  const found = new Set((await query(known, { rows: asked })).map(({ n }) => n));
  return identifiers.filter((_, n) => !found.has(n));
}

/** Ends a transaction in which others changed the same participant. */
const isUnsettled = new Error('Another transaction adds or deletes the same participant.');

/**
 * Null when the subject was deleted before the membership was written, or when another user got the identifier beside
 * its primary one meanwhile.
 */
async function unlessDeleted<Result>(attempt: Promise<Result>): Promise<Result | null> {
  try {
    return await attempt;
  } catch (error) {
    const state = sqlState(error);
    if (state === '23503' || state === '23505' || error === isUnsettled) return null;
    throw error;
  }
}
