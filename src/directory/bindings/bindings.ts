import type { TenantDatabase, TenantTransaction } from '../../database/database.ts';
import type { Binding } from '../../database/generated/client.ts';
import { newId } from '../../database/ids.ts';
import { bounded, manyBy, mostInner } from '../../database/loaders.ts';
import { columns, tenantStatement } from '../../database/statement.ts';
import { demandAgents } from '../agents/agents.ts';
import { announceParticipant } from '../participants/announce.ts';
import { lockParticipant } from '../participants/lock.ts';

const bindingsCounted = tenantStatement<{ count: number }>(
  `select count(*)::int as count from (
     select from binding x where x.tenant_id = $1 and x.participant_id = any($2::uuid[]) limit ${mostInner + 1}) x`,
);

/** How many bindings these participants have in all; of very many, that they are more than may be listed. */
export async function countBindings(db: TenantDatabase, participantIds: readonly string[]): Promise<number> {
  const [row] = await db.query(bindingsCounted, participantIds);
  return row?.count ?? 0;
}

/** The bindings of participants, ordered by agent. */
export const bindingsByParticipant = bounded(
  manyBy(
    tenantStatement<Binding>(
      `select ${columns('Binding', 'b')} from binding b
     where b.tenant_id = $1 and b.participant_id = any($2::uuid[]) order by b.participant_id, b.agent_id limit ${mostInner + 1}`,
    ),
    'participantId',
  ),
  'bindings: ask for fewer participants',
  mostInner,
);

/** The ids of the agents that participants are bound to, in order: less to read than the bindings, where nothing else is asked for. */
export const agentIdsByParticipant = bounded(
  manyBy(
    tenantStatement<Pick<Binding, 'participantId' | 'agentId'>>(
      `select b.participant_id as "participantId", b.agent_id as "agentId" from binding b
     where b.tenant_id = $1 and b.participant_id = any($2::uuid[]) order by b.participant_id, b.agent_id limit ${mostInner + 1}`,
    ),
    'participantId',
  ),
  'bindings: ask for fewer participants',
  mostInner,
);

const one = tenantStatement<Binding>(
  `select ${columns('Binding', 'b')} from binding b where b.tenant_id = $1 and b.participant_id = $2::uuid and b.agent_id = $3`,
);

/** Binds a participant to an agent, or finds that it is: `created` says which. Throws PARTICIPANT_NOT_FOUND, AGENT_NOT_FOUND. */
export async function bindParticipant(
  db: TenantDatabase,
  input: { participantId: string; agentId: string },
): Promise<{ binding: Binding; created: boolean }> {
  const { tenantId } = db;
  const { agentId } = input;
  return db.transaction(async (tx) => {
    const participantId = await lockParticipant(tx, input.participantId);
    await demandAgents(tx, [agentId]);
    const { count } = await tx.binding.createMany({
      data: [{ tenantId, id: newId(), participantId, agentId }],
      skipDuplicates: true,
    });
    const [binding] = await tx.query(one, participantId, agentId);
    if (count === 1) announceParticipant(tx, participantId);
    return { binding: binding as Binding, created: count === 1 };
  });
}

/** Ends a binding if there is one: `removed` says whether there was. Throws PARTICIPANT_NOT_FOUND. */
export async function unbindParticipant(
  db: TenantDatabase,
  input: { participantId: string; agentId: string },
): Promise<{ participantId: string; removed: boolean }> {
  const { tenantId } = db;
  return db.transaction(async (tx) => {
    const participantId = await lockParticipant(tx, input.participantId);
    const { count } = await tx.binding.deleteMany({ where: { tenantId, participantId, agentId: input.agentId } });
    if (count > 0) announceParticipant(tx, participantId, [input.agentId]);
    return { participantId, removed: count > 0 };
  });
}

const agentsOf = tenantStatement<Pick<Binding, 'agentId'>>(
  'select b.agent_id as "agentId" from binding b where b.tenant_id = $1::uuid and b.participant_id = $2::uuid',
);

/** The agents that a participant is bound to, as its transaction sees them. */
export const agentIdsOf = async (tx: TenantTransaction, participantId: string): Promise<string[]> =>
  (await tx.query(agentsOf, participantId)).map(({ agentId }) => agentId);

/**
 * Gives a participant exactly these bindings, in the participant's transaction; those it has already stay as they are.
 * Returns the agents that it is not bound to any more. Throws AGENT_NOT_FOUND.
 */
export async function replaceBindings(
  tx: TenantTransaction,
  participantId: string,
  agentIds: readonly string[],
): Promise<string[]> {
  await demandAgents(tx, agentIds);
  const removed = await tx.query(removeOthers, participantId, agentIds);
  if (agentIds.length > 0) await tx.query(addAll, participantId, agentIds.map(newId), agentIds);
  return removed.map(({ agentId }) => agentId);
}

// Arrays rather than a parameter each: one statement to prepare, however many agents there are.
const removeOthers = tenantStatement<Pick<Binding, 'agentId'>>(
  `delete from binding b where b.tenant_id = $1::uuid and b.participant_id = $2::uuid and b.agent_id <> all($3::text[])
   returning b.agent_id as "agentId"`,
);
const addAll = tenantStatement<never>(
  `insert into binding (tenant_id, id, participant_id, agent_id)
   select a.tenant_id, i.id, $2::uuid, a.id from unnest($3::uuid[], $4::text[]) i (id, agent_id) join agent a on a.id = i.agent_id
   where a.tenant_id = $1::uuid on conflict do nothing`,
);
