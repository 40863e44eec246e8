import { visibleToAny } from '../auth/visible-conversations.ts';
import type { TenantDatabase, TenantTransaction } from '../database/database.ts';
import type { Conversation } from '../database/generated/client.ts';
import { asUuid } from '../database/ids.ts';
import { columns } from '../database/sql/columns.ts';
import { parameter } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { uuid } from '../database/sql/types.ts';
import { Problem } from '../errors/catalogue.ts';
import type { Events } from '../events/events.ts';
import { announceMembershipsIn } from './ended-memberships.ts';
import { conversationById, listedConversation } from './queries.ts';

/** Returns CONVERSATION_NOT_FOUND for a conversation that the viewer does not see, whether or not it exists. */
export const conversationNotFound = (id: string) =>
  new Problem('CONVERSATION_NOT_FOUND', `There is no conversation ${id}.`);

/** Returns PARTICIPANT_STATE_CONFLICT for a change of memberships in a closed conversation. */
export const conversationClosed = (id: string) =>
  new Problem('PARTICIPANT_STATE_CONFLICT', `Conversation ${id} is closed.`);

/**
 * Announces a change of a conversation: at once, or once the transaction has committed. `agentIds` are the agents that
 * it belonged to before and belongs to now.
 */
export function announceConversation(
  db: Pick<TenantDatabase | TenantTransaction, 'announce' | 'now'>,
  conversationId: string,
  agentIds: readonly (string | null)[],
  change: Events['conversationChanged']['change'],
): void {
  const known = new Set(agentIds.filter((id) => id !== null));
  const occurredAt = db.now().toISOString();
  db.announce('conversationChanged', { conversationId, agentIds: [...known], change, occurredAt });
}

/** Throws FORBIDDEN where an agent's key would give a conversation to another agent, or to none. */
export function demandOwnAgent(db: Pick<TenantDatabase, 'agentId'>, agentId: string | null): void {
  if (db.agentId !== null && agentId !== db.agentId)
    throw new Problem('FORBIDDEN', `The key of ${db.agentId} has no conversations of other agents.`);
}

const closed = columns('Conversation', 'c', listedConversation);
const close = statement(closed)`
  update conversation c set closed_at = now() where ${visibleToAny('c')} and c.id = ${parameter('id', uuid)} and c.closed_at is null
  returning ${closed}`;

/** Closes a conversation. A second call changes nothing. Throws CONVERSATION_NOT_FOUND. */
export async function closeConversation(db: TenantDatabase, input: { conversationId: string }): Promise<Conversation> {
  const id = asUuid(input.conversationId);
  if (!id) throw conversationNotFound(input.conversationId);
  const [closed] = await db.query(close, { id });
  if (closed) announceConversation(db, id, [closed.agentId], 'UPDATED');
  const conversation = closed ?? (await conversationById.load(db, [id]))[0];
  if (!conversation) throw conversationNotFound(id);
  return conversation;
}

const state = columns('Conversation', 'c', ['id', 'closedAt']);
const lock = statement(state)`
  select ${state} from conversation c where ${visibleToAny('c')} and c.id = ${parameter('id', uuid)} for no key update`;

/**
 * Locks a conversation: no other transaction can close it or change its memberships until this one ends. Throws
 * CONVERSATION_NOT_FOUND.
 */
export async function lockConversation(
  tx: TenantTransaction,
  id: string,
): Promise<Pick<Conversation, 'id' | 'closedAt'>> {
  const known = asUuid(id);
  const [conversation] = known ? await tx.query(lock, { id: known }) : [];
  if (!conversation) throw conversationNotFound(id);
  return conversation;
}

const named = columns('Conversation', 'c', ['id', 'agentId']);
const lockForGood = statement(named)`
  select ${named} from conversation c where ${visibleToAny('c')} and c.id = ${parameter('id', uuid)} for update`;

/**
 * Deletes a conversation, open or closed, with the memberships in it; returns its id. Throws CONVERSATION_NOT_FOUND.
 */
export async function deleteConversation(db: TenantDatabase, input: { conversationId: string }): Promise<string> {
  const id = asUuid(input.conversationId);
  if (!id) throw conversationNotFound(input.conversationId);
  await db.queueFor(id).transaction(async (tx) => {
    const [conversation] = await tx.query(lockForGood, { id });
    if (!conversation) throw conversationNotFound(id);
    await announceMembershipsIn(tx, conversation);
    await tx.conversation.deleteMany({ where: { tenantId: tx.tenantId, id } });
    announceConversation(tx, id, [conversation.agentId], 'DELETED');
  });
  return id;
}
