import { type Fragment, name, ofAgent, sql, tenant, viewerAgent } from '../database/sql/fragment.ts';

/**
 * Which conversations a viewer sees: the tenant's, and under an agent's key only that agent's. The condition on `conversation`
 * under an alias; every statement that reads or changes conversations has this or one of the two below.
 */
export const visible = (alias: string) =>
  sql`${name(alias)}.tenant_id = ${tenant}${ofAgent(sql` and ${name(alias)}.agent_id = ${viewerAgent}`)}`;

/**
 * The same condition on `conversation_member`: which memberships a viewer sees. Each membership's conversation is looked at by itself: of
 * `exists` PostgreSQL makes a join, for which it may read all of the agent's conversations, and there can be many.
 */
export const visibleMembership = (alias: string) => {
  const m = name(alias);
  const agent = sql`(select v.agent_id from conversation v where v.tenant_id = ${tenant} and v.id = ${m}.conversation_id)`;
  return sql`${m}.tenant_id = ${tenant}${ofAgent(sql` and ${agent} = ${viewerAgent}`)}`;
};

/**
 * The first condition where one statement serves all viewers. For conversations that are found by their ids: there it costs nothing, where an
 * index could serve it does not. In a statement for several callers, what carries each one's agent and tenant is given.
 */
export function visibleToAny(
  alias: string,
): Fragment<{ readonly tenantId: string } & { readonly viewerAgentId: string | null }>;
export function visibleToAny(alias: string, agent: Fragment, ofTenant: Fragment): Fragment;
export function visibleToAny(alias: string, agent: Fragment<never> = viewerAgent, ofTenant: Fragment<never> = tenant) {
  const c = name(alias);
  return sql`${c}.tenant_id = ${ofTenant} and (${agent}::text is null or ${c}.agent_id = ${agent})`;
}
