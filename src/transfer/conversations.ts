import { isDeepStrictEqual } from 'node:util';
import { announceConversation } from '../conversations/conversations.ts';
import { createConversation } from '../conversations/create.ts';
import { updateConversation } from '../conversations/update.ts';
import type { TenantTransaction } from '../database/database.ts';
import { compareKey, identifier } from '../external-users/identifiers.ts';
import { checked } from '../values/checked.ts';
import { blockedText } from './blocked.ts';
import { addMembers } from './members.ts';
import { type ConversationRow, conversationRow } from './rows.ts';
import type { Fields, RowRule } from './rule.ts';

/** The texts of the identifiers by which a row names contacts, as far as they can be read. */
function textsOf({ participants }: Fields): string[] {
  if (!Array.isArray(participants)) return [];
  return participants.flatMap((member): string[] => {
    const named = conversationRow.shape.participants.safeParse([member]).data?.[0]?.participant.contactByIdentifier;
    if (!named) return [];
    try {
      const { key, value } = identifier(named.identifierKey, named.identifierValue, []);
      return [blockedText(key, compareKey(key, value))];
    } catch {
      // The row is refused for it.
      return [];
    }
  });
}

/** Closes a conversation at that time, or opens it again. */
async function setClosed(tx: TenantTransaction, id: string, closedAt: Date | null, agentId: string | null) {
  await tx.conversation.updateMany({ where: { tenantId: tx.tenantId, id }, data: { closedAt } });
  announceConversation(tx, id, [agentId], 'UPDATED');
}

/** What of a row is not what is stored. A member of the attributes that the row does not have stays. */
function changesOf({ name, description, agentId, attributes }: ConversationRow, before: Fields) {
  const stored = before['attributes'] as Record<string, unknown> | null;
  const merged = attributes ? { ...stored, ...attributes } : stored;
  return {
    ...(name != null && name !== before['name'] && { name }),
    ...(description != null && description !== before['description'] && { description }),
    ...(agentId !== undefined && agentId !== before['agentId'] && { agentId }),
    ...(merged && !isDeepStrictEqual(merged, stored) && { attributes: merged }),
  };
}

/** Conversations as rows of files. */
export const conversations: RowRule = {
  texts: async (_, batch) => batch.map(({ fields }) => textsOf(fields)),
  async create(db, tx, id, { fields, createdAt }) {
    const { status, closedAt, participants = [], agentId, ...row } = checked(conversationRow, fields);
    // Its agent always takes part: as the row says.
    const own = participants.filter(({ participant }) => agentId !== undefined && participant.agent?.id === agentId);
    const first = own.slice(0, 1).map(({ participant: { agent }, status }) => ({ participant: { agent }, status }));
    await createConversation(db, { ...row, agentId, participants: first }, id, createdAt);
    await addMembers(tx, id, participants);
    if (status === 'CLOSED' || closedAt) await setClosed(tx, id, closedAt ?? tx.now(), agentId ?? null);
  },
  async update(db, tx, id, fields, { row: before }) {
    const { status, closedAt, participants = [], ...row } = checked(conversationRow, fields);
    const changes = changesOf(row, before);
    const agentId = row.agentId ?? (before['agentId'] as string | null);
    const wasClosed = typeof before['closedAt'] === 'string' ? new Date(before['closedAt']) : null;
    const isClosed =
      status === undefined
        ? (wasClosed ?? closedAt ?? null)
        : status === 'CLOSED'
          ? (wasClosed ?? closedAt ?? tx.now())
          : null;
    // Nobody is added to one that is closed. It is opened for it, which is undone where nobody was.
    if (wasClosed && participants.length > 0) await setClosed(tx, id, null, agentId);
    if (Object.keys(changes).length > 0) await updateConversation(db, { conversationId: id, ...changes });
    const added = await addMembers(tx, id, participants);
    if (isClosed ? !wasClosed || participants.length > 0 : wasClosed) await setClosed(tx, id, isClosed, agentId);
    return Object.keys(changes).length > 0 || added > 0 || (isClosed === null) !== (wasClosed === null);
  },
};
