import type { TenantDatabase } from '../../database/database.ts';
import type { Agent } from '../../database/generated/client.ts';
import { columns, rows } from '../../database/sql/columns.ts';
import { parameter, sql, tenant } from '../../database/sql/fragment.ts';
import { statement } from '../../database/sql/statement.ts';
import { integer, nullable, text } from '../../database/sql/types.ts';
import { placedParticipants, type UnreachableReason, unreachableReasons } from './health.ts';

/** How many participants cannot be reached for a reason. */
export type ReasonCount = { reason: UnreachableReason; count: number };
/** How many participants have a channel of a provider. */
export type ProviderCount = { provider: string; count: number };
/** How many participants are bound to an agent, and how many of them cannot be reached. */
export type AgentCount = { agent: Agent; total: number; unreachable: number };

const agentId = parameter('agentId', nullable(text));
const isBound = sql`(${agentId} is null or exists (
  select from binding o where o.tenant_id = ${tenant} and o.participant_id = p.id and o.agent_id = ${agentId}))`;

const byPlace = statement(rows({ place: integer, count: integer }))`
  select h.place, count(*)::int as count from (${placedParticipants}) h join participant p on p.tenant_id = ${tenant} and p.id = h.id
  where ${isBound} group by h.place`;

const byProvider = statement(rows({ provider: text, count: integer }))`
  select c.provider, count(distinct c.participant_id)::int as count from channel c
  join participant p on p.tenant_id = c.tenant_id and p.id = c.participant_id
  where c.tenant_id = ${tenant} and ${isBound} group by c.provider order by 2 desc, 1`;

const agent = columns('Agent', 'a');
const byAgent = statement(rows({ total: integer, unreachable: integer }, agent))`
  select ${agent}, n.total, n.unreachable from (
    select b.agent_id, count(*)::int as total, count(*) filter (where h.place > 0)::int as unreachable
    from binding b join (${placedParticipants}) h on h.id = b.participant_id
    where b.tenant_id = ${tenant} and (${agentId} is null or b.agent_id = ${agentId})
    group by b.agent_id order by 2 desc, 1 limit ${parameter('first', integer)}
  ) n join agent a on a.tenant_id = ${tenant} and a.id = n.agent_id order by n.total desc, a.id`;

/** Counts the tenant's participants, or an agent's, by their health: reachable, or why not. One statement. */
export async function countByHealth(db: TenantDatabase, agentId: string | null) {
  const found = await db.slowQuery(byPlace, { agentId });
  const counts = new Map(found.map(({ place, count }) => [place, count]));
  const byReason = unreachableReasons.flatMap((reason, index): ReasonCount[] => {
    const count = counts.get(index + 1) ?? 0;
    return count === 0 ? [] : [{ reason, count }];
  });
  const reachable = counts.get(0) ?? 0;
  const unreachable = byReason.reduce((sum, { count }) => sum + count, 0);
  return { total: reachable + unreachable, reachable, unreachable, byReason };
}

/** Counts the participants with a channel of each provider, the most first. One statement. */
export const countByProvider = (db: TenantDatabase, agentId: string | null): Promise<ProviderCount[]> =>
  db.slowQuery(byProvider, { agentId });

/** Counts the participants that are bound to each agent, the most first. One statement. */
export async function countByAgent(db: TenantDatabase, agentId: string | null, first: number): Promise<AgentCount[]> {
  const found = await db.slowQuery(byAgent, { agentId, first });
  return found.map(({ total, unreachable, ...agent }) => ({ agent, total, unreachable }));
}
