import { z } from 'zod';
import { visibleToAny } from '../auth/visible-conversations.ts';
import type { TenantDatabase } from '../database/database.ts';
import type { Conversation } from '../database/generated/client.ts';
import { asUuid } from '../database/ids.ts';
import { columns } from '../database/sql/columns.ts';
import { parameter } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { uuid } from '../database/sql/types.ts';
import { demandAgents } from '../directory/agents/agents.ts';
import { checked } from '../values/checked.ts';
import { jsonObject } from '../values/json-object.ts';
import { demandOneOf, patched } from '../values/patched.ts';
import { demandUnmodified, type IfModifiedAt } from '../values/unmodified.ts';
import { announceConversation, conversationNotFound, demandOwnAgent } from './conversations.ts';
import { addAll, conversationDetails, jsonColumn } from './create.ts';
import { wanted } from './ensure.ts';

const changes = z.object({
  ...conversationDetails,
  attributesPatch: jsonObject.optional(),
  agentId: z.string().nullish(),
  status: z.enum(['OPEN', 'CLOSED']).optional(),
});

/** What updateConversation takes: what is absent stays as it is, and null clears it; the status cannot be cleared. */
export type ConversationChanges = { conversationId: string } & IfModifiedAt & {
    [Field in keyof z.input<typeof changes>]?: z.input<typeof changes>[Field] | null;
  };

const whole = columns('Conversation', 'c');
const lockWhole = statement(whole)`
  select ${whole} from conversation c where ${visibleToAny('c')} and c.id = ${parameter('id', uuid)} for no key update`;

/**
 * Changes a conversation; `status` closes it, or opens it again. What changes nothing is no change. A new agent takes
 * part in it from then on, if it is open; the one before stays a participant. Throws CONVERSATION_NOT_FOUND,
 * AGENT_NOT_FOUND, CONFLICT when somebody was faster, and FORBIDDEN where an agent's key would give it away.
 */
export async function updateConversation(
  db: TenantDatabase,
  { conversationId, ifModifiedAt, ...input }: ConversationChanges,
): Promise<Conversation> {
  demandOneOf(input, 'attributes', 'attributesPatch');
  const { status, attributes, attributesPatch, ...given } = checked(changes, input);
  const id = asUuid(conversationId);
  if (!id) throw conversationNotFound(conversationId);
  if (given.agentId !== undefined) demandOwnAgent(db, given.agentId);
  return db.queueFor(id).transaction(async (tx) => {
    const [before] = await tx.query(lockWhole, { id });
    if (!before) throw conversationNotFound(id);
    demandUnmodified(before, { ifModifiedAt });
    const agentId = given.agentId === undefined ? before.agentId : given.agentId;
    const newAgent = agentId !== before.agentId ? agentId : null;
    if (newAgent !== null) await demandAgents(tx, [newAgent]);
    const isClosed = status === undefined ? before.closedAt !== null : status === 'CLOSED';
    const named = patched(before.attributes, attributes, attributesPatch, 'attributesPatch');
    const data = {
      ...(given.name !== undefined && given.name !== before.name && { name: given.name }),
      ...(given.description !== undefined &&
        given.description !== before.description && { description: given.description }),
      ...(agentId !== before.agentId && { agentId }),
      ...(isClosed !== (before.closedAt !== null) && { closedAt: isClosed ? tx.now() : null }),
      ...(named !== undefined && { attributes: jsonColumn(named) }),
    };
    if (Object.keys(data).length === 0) return before;
    const changed = await tx.conversation.update({ where: { tenantId_id: { tenantId: db.tenantId, id } }, data });
    if (newAgent !== null && !isClosed)
      await addAll(tx, id, [
        { wanted: wanted({ agent: { id: newAgent } }), status: 'ACTIVE', path: ['input', 'agentId'] },
      ]);
    announceConversation(tx, id, [before.agentId, agentId], 'UPDATED');
    return changed;
  });
}
