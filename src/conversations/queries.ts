import type { Value } from '../database/connection.ts';
import type { TenantDatabase } from '../database/database.ts';
import type { Conversation } from '../database/generated/client.ts';
import { asUuid } from '../database/ids.ts';
import { oneByUuid } from '../database/loaders.ts';
import { connectionOf, firstOf, type PageArguments } from '../database/pages.ts';
import { columns, tenantStatement } from '../database/statement.ts';
import { type Bind, keyset, pageById } from './edges.ts';
import { visible, visibleInOrder } from './visible.ts';

const row = columns('Conversation', 'c');

/** Conversations by their ids, as far as the viewer sees them. */
export const conversationById = oneByUuid(
  tenantStatement<Conversation>(`select ${row} from conversation c where ${visible('c', '$3')} and c.id = any($2::uuid[])`),
  'id',
  ({ agentId }) => [agentId],
);

/** Whether a conversation takes new participants. */
export type ConversationStatus = 'OPEN' | 'CLOSED';

/** What a page of conversations may be narrowed to; each that is given must hold. */
export type ConversationFilter = {
  agentId?: string | null | undefined;
  status?: ConversationStatus | null | undefined;
  participantId?: string | null | undefined;
  externalUserId?: string | null | undefined;
};

/** One page of the conversations that the viewer sees, the newest first. Throws VALIDATION_FAILED for a page that can't be. */
export async function pageOfConversations(db: TenantDatabase, filter: ConversationFilter, args: PageArguments) {
  const page = pageById(args);
  const values: Value[] = [];
  const bind: Bind = (value) => `$${values.push(value) + 1}`;

  let from = 'conversation c';
  let where = visibleInOrder('c', db, bind);
  if (filter.agentId != null) where += ` and c.agent_id = ${bind(filter.agentId)}`;
  if (filter.status != null) where += ` and c.closed_at is ${filter.status === 'OPEN' ? '' : 'not '}null`;
  for (const [alias, column, id] of [
    ['p', 'user_id', filter.participantId],
    ['u', 'contact_id', filter.externalUserId],
  ] as const) {
    if (id == null) continue;
    from += ` join conversation_member ${alias} on ${alias}.tenant_id = c.tenant_id and ${alias}.conversation_id = c.id`;
    where += ` and ${alias}.${column} = ${bind(asUuid(id))}::uuid`;
  }
  const counted = tenantStatement<{ count: number }>(`select count(*)::int as count from ${from} where ${where}`);
  const countedValues = [...values];

  const { where: within, direction } = keyset(page, 'c.id', true, bind);
  const statement = tenantStatement<Conversation>(
    firstOf(`select ${row} from ${from} where ${where}${within} order by c.id ${direction}`, bind(page.size + 1)),
  );
  return connectionOf(
    page,
    await db.query(statement, ...values),
    ({ id }) => [id],
    async () => (await db.query(counted, ...countedValues))[0]?.count ?? 0,
  );
}
