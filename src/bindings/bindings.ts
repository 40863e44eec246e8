import { demandAgents } from '../agents/agents.ts';
import type { TenantDatabase, TenantTransaction } from '../database/database.ts';
import type { Binding } from '../database/generated/client.ts';
import { newId } from '../database/ids.ts';
import { manyBy } from '../database/loaders.ts';
import { columns, tenantStatement } from '../database/statement.ts';
import { lockParticipant } from '../participants/lock.ts';

/** The bindings of participants, ordered by agent. */
export const bindingsByParticipant = manyBy(
  tenantStatement<Binding>(
    `select ${columns('Binding', 'b')} from binding b
     where b.tenant_id = $1 and b.participant_id = any($2::uuid[]) order by b.participant_id, b.agent_id`,
  ),
  'participantId',
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
    return { participantId, removed: count > 0 };
  });
}

/** Gives a participant exactly these bindings, in the participant's transaction; those it has already stay as they are. Throws AGENT_NOT_FOUND. */
export async function replaceBindings(tx: TenantTransaction, participantId: string, agentIds: readonly string[]): Promise<void> {
  const { tenantId } = tx;
  await demandAgents(tx, agentIds);
  await tx.binding.deleteMany({ where: { tenantId, participantId, agentId: { notIn: [...agentIds] } } });
  if (agentIds.length === 0) return;
  const data = agentIds.map((agentId) => ({ tenantId, id: newId(), participantId, agentId }));
  await tx.binding.createMany({ data, skipDuplicates: true });
}
