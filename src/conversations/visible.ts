import type { Value } from '../database/connection.ts';

/** Who asks, as far as conversations are concerned: `null` sees all of the tenant's, an agent only its own. */
type Asking = { readonly agentId: string | null };

/**
 * Which conversations a viewer sees: the tenant's, and under an agent's key only that agent's. The
 * condition on `conversation` under an alias, with what carries `db.agentId` and, where it is not $1, the tenant; every
 * statement that reads or changes conversations has this or one of the two below.
 */
export const visible = (alias: string, agent: string, tenant = '$1'): string =>
  `${alias}.tenant_id = ${tenant} and (${agent}::text is null or ${alias}.agent_id = ${agent})`;

/** The same condition on `conversation_member`: which memberships a viewer sees. */
export const visibleMembership = (alias: string, agent: string): string =>
  `${alias}.tenant_id = $1 and (${agent}::text is null or exists (
     select from conversation v where ${visible('v', agent)} and v.id = ${alias}.conversation_id))`;

/** The same condition for lists that an index gives in order: it names the agent only where there is one, so that the index on it serves. */
export const visibleInOrder = (alias: string, { agentId }: Asking, bind: (value: Value) => string): string =>
  `${alias}.tenant_id = $1${agentId === null ? '' : ` and ${alias}.agent_id = ${bind(agentId)}`}`;
