import type { TenantDatabase } from '../database/database.ts';
import type { ExternalUser } from '../database/generated/client.ts';
import { columns, rows } from '../database/sql/columns.ts';
import { none, ofAgent, parameter, sql, tenant, viewerAgent } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { bigint, integer, nullable, text } from '../database/sql/types.ts';
import { oncePerShape } from '../database/statement.ts';
import { ofConversations } from './lists.ts';

const users = (isOfOne: boolean) =>
  sql`external_user u where u.tenant_id = ${tenant}${
    isOfOne ? sql` and ${ofConversations('u', parameter('agentId', nullable(text)))}` : none
  }${ofAgent(sql` and ${ofConversations('u', viewerAgent)}`)}`;

const user = columns('ExternalUser', 'u');
const shape = (...parts: boolean[]) => parts.join();
const pageOf = oncePerShape(shape, (_: object, isOfOne: boolean, isDescending: boolean) => {
  const direction = isDescending ? sql`desc` : sql`asc`;
  // Ids alone are skipped, which an index has in order.
  return statement(user)`
    select ${user} from (select u.id from ${users(isOfOne)} order by u.id ${direction}
      limit ${parameter('size', bigint)} offset ${parameter('skipped', bigint)}) page
    join external_user u on u.tenant_id = ${tenant} and u.id = page.id order by u.id ${direction}`;
});
const countOf = oncePerShape(
  shape,
  (_: object, isOfOne: boolean) =>
    statement(rows({ count: integer }))`select count(*)::int as count from ${users(isOfOne)}`,
);
const key = {};

/** Which page of users is wanted. Pages count from 1. */
export type NumberedPage = { page: number; pageSize: number; newestFirst: boolean; agentId: string | null };

/**
 * Returns a page of the tenant's external users by its number, in the order of their ids, and how many there are: of
 * those in an agent's conversations where one is named, and, for an agent's key, in its own. It costs more the later
 * the page is: for clients that know no other pages.
 */
export async function numberedPageOfUsers(
  db: TenantDatabase,
  { page, pageSize, newestFirst, agentId }: NumberedPage,
): Promise<{ users: ExternalUser[]; total: number }> {
  const isOfOne = agentId !== null;
  const [users, [counted]] = await Promise.all([
    db.slowQuery(pageOf(key, isOfOne, newestFirst), { agentId, size: pageSize, skipped: (page - 1) * pageSize }),
    db.slowQuery(countOf(key, isOfOne), { agentId }),
  ]);
  return { users, total: counted?.count ?? 0 };
}
