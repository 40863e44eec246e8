import type { TenantDatabase } from '../../database/database.ts';
import { maxInner, maxRows } from '../../database/loaders.ts';
import { orderByName, orderByParticipant } from '../../database/names.ts';
import { rows } from '../../database/sql/columns.ts';
import { none, parameter, sql, tenant } from '../../database/sql/fragment.ts';
import { statement } from '../../database/sql/statement.ts';
import { json, nullable, text } from '../../database/sql/types.ts';
import { oncePerShape } from '../../database/statement.ts';
import { Problem } from '../../errors/catalogue.ts';

/** The agents and participants in the order of their names, and the bindings between them. */
export type Network = {
  agents: { id: string; name: string }[];
  participants: { id: string; displayName: string; avatarFileId: string | null }[];
  bindings: { id: string; participantId: string; agentId: string }[];
};

const network = rows({
  agents: json<Network['agents']>(),
  participants: json<Network['participants']>(),
  bindings: json<Network['bindings']>(),
});
const agentId = parameter('agentId', nullable(text));

// Each list is read to one more than its bound.
const networkOf = oncePerShape(
  String,
  (_: object, isOfOne: boolean) => statement(network)`
    select (select coalesce(json_agg(a), '[]') from (
        select a.id, a.name from agent a where a.tenant_id = ${tenant}${isOfOne ? sql` and a.id = ${agentId}` : none}
        order by ${orderByName('a.name')}, a.id limit ${maxRows + 1}) a) as agents,
      (select coalesce(json_agg(p), '[]') from (
        select p.id, p.display_name as "displayName", p.avatar_file_id as "avatarFileId" from participant p
        where p.tenant_id = ${tenant}${
          isOfOne
            ? sql` and p.id in (select b.participant_id from binding b where b.tenant_id = ${tenant} and b.agent_id = ${agentId})`
            : none
        } order by ${orderByParticipant('p')}, p.id limit ${maxRows + 1}) p) as participants,
      (select coalesce(json_agg(b), '[]') from (
        select b.id, b.participant_id as "participantId", b.agent_id as "agentId" from binding b
        where b.tenant_id = ${tenant}${isOfOne ? sql` and b.agent_id = ${agentId}` : none}
        order by b.participant_id, b.agent_id limit ${maxInner + 1}) b) as bindings`,
);
const key = {};

const bounds = { agents: maxRows, participants: maxRows, bindings: maxInner } as const;

/** The network of the tenant, or of one agent, in one statement. Throws RESULT_TOO_LARGE. */
export async function wholeNetwork(db: TenantDatabase, agentId: string | null): Promise<Network> {
  const nothing: Network = { agents: [], participants: [], bindings: [] };
  const [found = nothing] = await db.query(networkOf(key, agentId !== null), { agentId });
  for (const list of ['agents', 'participants', 'bindings'] as const)
    if (found[list].length > bounds[list])
      throw new Problem('RESULT_TOO_LARGE', `There are more than ${bounds[list]} ${list}: ask for those of one agent.`);
  return found;
}
