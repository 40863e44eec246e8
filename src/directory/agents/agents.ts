import { z } from 'zod';
import type { TenantDatabase, TenantTransaction } from '../../database/database.ts';
import type { Agent } from '../../database/generated/client.ts';
import { boundedRows, maxRows, oneByText } from '../../database/loaders.ts';
import { orderByName } from '../../database/names.ts';
import { columns } from '../../database/sql/columns.ts';
import { anyKey, parameter, tenant } from '../../database/sql/fragment.ts';
import { batchedRead, statement } from '../../database/sql/statement.ts';
import { array, text } from '../../database/sql/types.ts';
import { Problem } from '../../errors/catalogue.ts';
import type { RowChange } from '../../events/events.ts';
import { checked } from '../../values/checked.ts';
import { agentId, displayName } from '../../values/text.ts';
import { demandUnmodified, type IfModifiedAt } from '../../values/unmodified.ts';

const whole = columns('Agent', 'a');

/** Agents by their ids. */
export const agentById = oneByText(
  batchedRead(whole)`select ${whole} from agent a where a.tenant_id = ${tenant} and a.id = ${anyKey(text)}`,
  'id',
);

const everyAgent = statement(whole)`
  select ${whole} from agent a where a.tenant_id = ${tenant} order by ${orderByName('a.name')}, a.id limit ${maxRows + 1}`;

/** Returns every agent of the tenant in the order of their names. Throws RESULT_TOO_LARGE over 10,000. */
export const listAgents = async (db: TenantDatabase): Promise<Agent[]> =>
  boundedRows(await db.query(everyAgent), 'agents');

const id = columns('Agent', 'a', ['id']);
const present = statement(id)`
  select ${id} from agent a where a.tenant_id = ${tenant} and a.id = any(${parameter('ids', array(text))})`;

/** Throws AGENT_NOT_FOUND unless the tenant has each of these agents. */
export async function demandAgents(tx: TenantTransaction, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const found = new Set((await tx.query(present, { ids })).map(({ id }) => id));
  const missing = ids.find((id) => !found.has(id));
  if (missing !== undefined) throw agentNotFound(missing);
}

/** Returns AGENT_NOT_FOUND for an agent that the tenant does not have. */
export const agentNotFound = (id: string) => new Problem('AGENT_NOT_FOUND', `There is no agent ${id}.`);

/** Announces, after the commit, that an agent was created, changed or deleted. */
export const announceAgent = (tx: TenantTransaction, agentId: string, change: RowChange): void =>
  tx.announce('agentChanged', { agentId, change, occurredAt: tx.now().toISOString() });

const newAgent = z.object({ id: agentId, name: displayName });

/** Creates an agent under the id that the tenant chose and returns the id. Throws CONFLICT when it is taken. */
export async function createAgent(db: TenantDatabase, input: { id: string; name: string }): Promise<string> {
  const { id, name } = checked(newAgent, input);
  const { tenantId } = db;
  await db.transaction(async (tx) => {
    const { count } = await tx.agent.createMany({ data: [{ tenantId, id, name }], skipDuplicates: true });
    if (count === 0)
      throw new Problem('CONFLICT', `There is an agent ${id} already.`, {
        errors: [{ path: ['input', 'id'], message: 'is taken' }],
      });
    announceAgent(tx, id, 'CREATED');
  });
  return id;
}

const changes = z.object({ name: displayName.optional() });
const lock = statement(whole)`
  select ${whole} from agent a where a.tenant_id = ${tenant} and a.id = ${parameter('id', text)} for no key update`;

/**
 * Changes an agent; returns the id. What is absent stays as it is. Throws AGENT_NOT_FOUND, and CONFLICT when somebody
 * was faster.
 */
export async function updateAgent(
  db: TenantDatabase,
  { agentId: id, ifModifiedAt, ...input }: { agentId: string; name?: string | null | undefined } & IfModifiedAt,
): Promise<string> {
  const { name } = checked(changes, input);
  return db.transaction(async (tx) => {
    const [agent] = await tx.query(lock, { id });
    if (!agent) throw agentNotFound(id);
    demandUnmodified(agent, { ifModifiedAt });
    if (name === undefined || name === agent.name) return id;
    await tx.agent.update({ where: { tenantId_id: { tenantId: tx.tenantId, id } }, data: { name } });
    announceAgent(tx, id, 'UPDATED');
    return id;
  });
}
