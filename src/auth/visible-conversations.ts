import { type Fragment, name, ofAgent, sql, tenant, viewerAgent } from '../database/sql/fragment.ts';

/**
 * The condition on `conversation` under an alias that a viewer sees it: in the tenant, and with an agent's key only
 * that agent's. Every statement that reads or changes conversations has this condition or one of the two below.
 */
export const visible = (alias: string) =>
  sql`${name(alias)}.tenant_id = ${tenant}${ofAgent(sql` and ${name(alias)}.agent_id = ${viewerAgent}`)}`;

/**
 * The same condition on `conversation_member`. It checks each membership's conversation on its own. PostgreSQL turns
 * `exists` into a join, which may read all conversations of the agent.
 */
export const visibleMembership = (alias: string) => {
  const m = name(alias);
  const agent = sql`(select v.agent_id from conversation v where v.tenant_id = ${tenant} and v.id = ${m}.conversation_id)`;
  return sql`${m}.tenant_id = ${tenant}${ofAgent(sql` and ${agent} = ${viewerAgent}`)}`;
};

/**
 * The first condition for one statement that serves all viewers. Use it for conversations that are found by id: it
 * prevents the use of an index on the agent. A statement for several callers passes the column that holds each caller's
 * agent and tenant.
 */
export function visibleToAny(
  alias: string,
): Fragment<{ readonly tenantId: string } & { readonly viewerAgentId: string | null }>;
export function visibleToAny(alias: string, agent: Fragment, ofTenant: Fragment): Fragment;
export function visibleToAny(alias: string, agent: Fragment<never> = viewerAgent, ofTenant: Fragment<never> = tenant) {
  const c = name(alias);
  return sql`${c}.tenant_id = ${ofTenant} and (${agent}::text is null or ${c}.agent_id = ${agent})`;
}
