import { z } from 'zod';
import { visibleToAny } from '../auth/visible-conversations.ts';
import type { TenantDatabase, TenantTransaction } from '../database/database.ts';
import type { Conversation } from '../database/generated/client.ts';
import { asUuid, newId } from '../database/ids.ts';
import { columns } from '../database/sql/columns.ts';
import { parameter } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { uuid } from '../database/sql/types.ts';
import { demandAgents } from '../directory/agents/agents.ts';
import { Problem } from '../errors/catalogue.ts';
import { checked } from '../values/checked.ts';
import { displayName } from '../values/text.ts';
import { conversationById } from './queries.ts';

/** Returns CONVERSATION_NOT_FOUND for a conversation that the viewer does not see, whether or not it exists. */
export const conversationNotFound = (id: string) =>
  new Problem('CONVERSATION_NOT_FOUND', `There is no conversation ${id}.`);

/** Returns PARTICIPANT_STATE_CONFLICT for a change of memberships in a closed conversation. */
export const conversationClosed = (id: string) =>
  new Problem('PARTICIPANT_STATE_CONFLICT', `Conversation ${id} is closed.`);

const newConversation = z.object({ name: displayName.nullish(), agentId: z.string().nullish() });

/** The unchecked input of createConversation. */
export type NewConversation = z.input<typeof newConversation>;

/**
 * Opens a conversation. With an agent's key it belongs to that agent. Throws AGENT_NOT_FOUND, and FORBIDDEN for another
 * agent.
 */
export async function createConversation(
  db: TenantDatabase,
  input: NewConversation,
  id = newId(),
): Promise<Conversation> {
  const conversation = checked(newConversation, input);
  const agentId = conversation.agentId ?? db.agentId;
  if (db.agentId !== null && agentId !== db.agentId)
    throw new Problem('FORBIDDEN', `The key of ${db.agentId} opens no conversations of other agents.`);
  return db.transaction(async (tx) => {
    if (agentId !== null) await demandAgents(tx, [agentId]);
    return tx.conversation.create({
      data: { tenantId: db.tenantId, id, name: conversation.name ?? null, agentId },
    });
  });
}

const whole = columns('Conversation', 'c');
const close = statement(whole)`
  update conversation c set closed_at = now() where ${visibleToAny('c')} and c.id = ${parameter('id', uuid)} and c.closed_at is null
  returning ${whole}`;

/** Closes a conversation. A second call changes nothing. Throws CONVERSATION_NOT_FOUND. */
export async function closeConversation(db: TenantDatabase, input: { conversationId: string }): Promise<Conversation> {
  const id = asUuid(input.conversationId);
  if (!id) throw conversationNotFound(input.conversationId);
  const [closed] = await db.query(close, { id });
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
