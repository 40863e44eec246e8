/**
 * Which conversations a viewer sees: the tenant's, and under an agent's key only that agent's. The condition on `conversation`
 * under an alias, with the parameter that carries the viewer's agent (null for a viewer who sees all) and, where it is not $1, what
 * carries the tenant; every statement that reads or changes conversations has this or one of the two below.
 */
export const visible = (alias: string, agent: string | null, tenant = '$1'): string =>
  `${alias}.tenant_id = ${tenant}${agent === null ? '' : ` and ${alias}.agent_id = ${agent}`}`;

/**
 * The same condition on `conversation_member`: which memberships a viewer sees. Each membership's conversation is looked at by itself: of
 * `exists` PostgreSQL makes a join, for which it may read all of the agent's conversations, and there can be many.
 */
export const visibleMembership = (alias: string, agent: string | null): string =>
  `${alias}.tenant_id = $1${
    agent === null
      ? ''
      : ` and (select v.agent_id from conversation v where v.tenant_id = $1 and v.id = ${alias}.conversation_id) = ${agent}`
  }`;

/**
 * The first condition where one statement serves all viewers: what carries the agent may be null. For conversations that are found by
 * their ids: there it costs nothing, where an index could serve it does not.
 */
export const visibleToAny = (alias: string, agent: string, tenant = '$1'): string =>
  `${alias}.tenant_id = ${tenant} and (${agent}::text is null or ${alias}.agent_id = ${agent})`;
