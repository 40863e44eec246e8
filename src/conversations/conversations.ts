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

/** The error for a conversation that the viewer doesn't see, whether or not it exists. */
export const conversationNotFound = (id: string) =>
  new Problem('CONVERSATION_NOT_FOUND', `There is no conversation ${id}.`);

/** The error for a change to who takes part in a closed conversation. */
export const conversationClosed = (id: string) =>
  new Problem('PARTICIPANT_STATE_CONFLICT', `Conversation ${id} is closed.`);

const newConversation = z.object({ name: displayName.nullish(), agentId: z.string().nullish() });

/** A conversation as createConversation takes it; unknown until its rules have been checked. */
export type NewConversation = z.input<typeof newConversation>;

/** Opens a conversation; under an agent's key it is that agent's. Throws AGENT_NOT_FOUND, FORBIDDEN for another agent's. */
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

/** Closes a conversation; to do so again changes nothing. Throws CONVERSATION_NOT_FOUND. */
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

/** Lets no other transaction close the conversation, or change who takes part in it, until this one ends. Throws CONVERSATION_NOT_FOUND. */
export async function lockConversation(
  tx: TenantTransaction,
  id: string,
): Promise<Pick<Conversation, 'id' | 'closedAt'>> {
  const known = asUuid(id);
  const [conversation] = known ? await tx.query(lock, { id: known }) : [];
  if (!conversation) throw conversationNotFound(id);
  return conversation;
}
