import type { TenantDatabase } from '../database/database.ts';
import type { ExternalUser } from '../database/generated/client.ts';
import { columns, rows } from '../database/sql/columns.ts';
import { none, ofAgent, parameter, sql, tenant, viewerAgent } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { bigint, boolean, integer, json, nullable, text } from '../database/sql/types.ts';
import { oncePerShape, parseTimestamps } from '../database/statement.ts';
import { agentNotFound } from '../directory/agents/agents.ts';
import { ofConversations } from './lists.ts';

const users = (isOfOne: boolean) =>
  sql`external_user u where u.tenant_id = ${tenant}${
    isOfOne ? sql` and ${ofConversations('u', parameter('agentId', nullable(text)))}` : none
  }${ofAgent(sql` and ${ofConversations('u', viewerAgent)}`)}`;

const user = columns('ExternalUser', 'u');
const shape = (...parts: boolean[]) => parts.join();
const page = rows({ isKnown: boolean, total: integer, users: json<ExternalUser[]>() });
const pageOf = oncePerShape(shape, (_: object, isOfOne: boolean, isDescending: boolean) => {
  const direction = isDescending ? sql`desc` : sql`asc`;
  const order = sql`order by u.created_at ${direction}, u.id ${direction}`;
  const known = isOfOne
    ? sql`exists (select from agent a where a.tenant_id = ${tenant} and a.id = ${parameter('agentId', nullable(text))})`
    : sql`true`;
  // What is skipped is read from the index in order. The metadata is read of the page alone.
  return statement(page)`
    select ${known} as "isKnown", (select count(*)::int from ${users(isOfOne)}) as total,
      (select coalesce(json_agg(u), '[]') from (
        select ${user} from (select u.id, u.created_at from ${users(isOfOne)} ${order}
          limit ${parameter('size', bigint)} offset ${parameter('skipped', bigint)}) page
        join external_user u on u.tenant_id = ${tenant} and u.id = page.id ${order}) u) as users`;
});
const key = {};

/** Which page of users is wanted. Pages count from 1. */
export type NumberedPage = { page: number; pageSize: number; newestFirst: boolean; agentId: string | null };

/**
 * Returns a page of the tenant's external users by its number, in the order of their creation, and how many there are:
 * of those in an agent's conversations where one is named, and, for an agent's key, in its own. It costs more the later
 * the page is: for clients that know no other pages. Throws AGENT_NOT_FOUND.
 */
export async function numberedPageOfUsers(
  db: TenantDatabase,
  { page, pageSize, newestFirst, agentId }: NumberedPage,
): Promise<{ users: ExternalUser[]; total: number }> {
  const isOfOne = agentId !== null;
  // Another agent than the key's own does not exist for it.
  if (isOfOne && db.agentId !== null && db.agentId !== agentId) throw agentNotFound(agentId);
  const values = { agentId, size: pageSize, skipped: (page - 1) * pageSize };
  const [found] = await db.slowQuery(pageOf(key, isOfOne, newestFirst), values);
  if (isOfOne && found?.isKnown === false) throw agentNotFound(agentId);
  const { users, total } = found ?? { users: [], total: 0 };
  parseTimestamps(users);
  return { users, total };
}
