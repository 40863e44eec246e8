import { z } from 'zod';
import { countRows } from '../../database/counted.ts';
import type { TenantDatabase, TenantTransaction } from '../../database/database.ts';
import type { Binding } from '../../database/generated/client.ts';
import { asUuid, newId } from '../../database/ids.ts';
import { bounded, countedFirst, manyBy, maxInner, oneByUuid } from '../../database/loaders.ts';
import { followed } from '../../database/redirects.ts';
import { columns, nothing, rows } from '../../database/sql/columns.ts';
import { anyKey, parameter, sql, tenant } from '../../database/sql/fragment.ts';
import { statement } from '../../database/sql/statement.ts';
import { array, text, uuid } from '../../database/sql/types.ts';
import { Problem } from '../../errors/catalogue.ts';
import type { KeepIds } from '../../idempotency/once.ts';
import { checked } from '../../values/checked.ts';
import { demandAgents } from '../agents/agents.ts';
import { announceParticipant, announceParticipants } from '../participants/announce.ts';
import { lockParticipant } from '../participants/lock.ts';

const whole = columns('Binding', 'b');
const ends = columns('Binding', 'b', ['participantId', 'agentId']);
const agent = columns('Binding', 'b', ['agentId']);

/** Bindings by their ids. */
export const bindingById = oneByUuid(
  statement(whole)`select ${whole} from binding b where b.tenant_id = ${tenant} and b.id = ${anyKey(uuid)}`,
  'id',
);

/**
 * Counts the bindings of these participants, as often as each is given. Counting stops above the most that may be
 * listed.
 */
export const countBindings = countRows(sql`x.participant_id`, sql`binding x where x.tenant_id = ${tenant}`, maxInner);

/** The bindings of participants, ordered by agent. */
export const bindingsByParticipant = countedFirst(
  (max) =>
    manyBy(
      statement(
        whole,
      )`select ${whole} from binding b where b.tenant_id = ${tenant} and b.participant_id = ${anyKey(uuid)}
      order by b.participant_id, b.agent_id limit ${max + 1}`,
      'participantId',
    ),
  'bindings: ask for fewer participants',
  countBindings,
);

/**
 * The ids of the agents that participants are bound to, in order. Less to read than the bindings, where nothing else is
 * selected.
 */
export const agentIdsByParticipant = bounded(
  manyBy(
    statement(ends)`select ${ends} from binding b where b.tenant_id = ${tenant} and b.participant_id = ${anyKey(uuid)}
      order by b.participant_id, b.agent_id limit ${maxInner + 1}`,
    'participantId',
  ),
  'bindings: ask for fewer participants',
  maxInner,
);

/** Returns BINDING_NOT_FOUND for a binding that the tenant does not have. */
export const bindingNotFound = (id: string) => new Problem('BINDING_NOT_FOUND', `There is no binding ${id}.`);

const one = statement(whole)`select ${whole} from binding b
  where b.tenant_id = ${tenant} and b.participant_id = ${parameter('participantId', uuid)} and b.agent_id = ${parameter('agentId', text)}`;

/**
 * Binds a participant to an agent. `created` is false when the binding exists already. Throws PARTICIPANT_NOT_FOUND,
 * AGENT_NOT_FOUND.
 */
export async function bindParticipant(
  db: TenantDatabase,
  input: { participantId: string; agentId: string },
  keepIds?: KeepIds,
): Promise<{ binding: Binding; created: boolean }> {
  const { tenantId } = db;
  const { agentId } = input;
  return db.queueFor(input.participantId).transaction(async (tx) => {
    const participantId = await lockParticipant(tx, input.participantId);
    await demandAgents(tx, [agentId]);
    const { count } = await tx.binding.createMany({
      data: [{ tenantId, id: newId(), participantId, agentId }],
      skipDuplicates: true,
    });
    const [binding] = (await tx.query(one, { participantId, agentId })) as [Binding];
    if (count === 1) announceParticipant(tx, participantId);
    await keepIds?.(tx, [binding.id, ...(count === 1 ? ['created'] : [])]);
    return { binding, created: count === 1 };
  });
}

const lockAll = statement(rows({ id: uuid }))`
  select p.id from participant p where p.tenant_id = ${tenant} and p.id = any(${parameter('ids', array(uuid))}) order by p.id
  for no key update`;

/** Locks participants and returns the id of each, or of the survivor where it was merged away. Null for nobody. */
async function present(tx: TenantTransaction, wanted: readonly string[]): Promise<(string | null)[]> {
  const uuids = [...new Set(wanted.filter((id) => asUuid(id) !== null))];
  const found = new Map((await tx.query(lockAll, { ids: uuids })).map(({ id }) => [id, id]));
  for (const id of uuids) {
    if (found.has(id)) continue;
    const lock = async (survivor: string) => (await tx.query(lockAll, { ids: [survivor] }))[0];
    const survivor = await followed(tx, 'PARTICIPANT', id, lock);
    if (survivor) found.set(id, survivor.id);
  }
  return wanted.map((id) => found.get(id) ?? null);
}

const ofAgent = statement(whole)`
  select ${whole} from binding b where b.tenant_id = ${tenant} and b.agent_id = ${parameter('agentId', text)}
    and b.participant_id = any(${parameter('participantIds', array(uuid))})`;
const manyIds = z.object({
  participantIds: z.array(z.string()).min(1, 'must not be empty').max(100, 'must be at most 100 participants'),
});

/**
 * Binds up to 100 participants to an agent, all or none. Those that are bound already stay bound. Returns a binding for
 * each given id, and how many are new. Throws AGENT_NOT_FOUND, and PARTICIPANT_NOT_FOUND with each index of an unknown
 * one in `errors`.
 */
export async function bindParticipants(
  db: TenantDatabase,
  input: { agentId: string; participantIds: readonly string[] },
  keepIds?: KeepIds,
): Promise<{ bindings: Binding[]; createdCount: number }> {
  const { tenantId } = db;
  const { agentId } = input;
  const wanted = checked(manyIds, { participantIds: input.participantIds }).participantIds.map(
    (id) => asUuid(id) ?? id,
  );
  return db.transaction(async (tx) => {
    const given = await present(tx, wanted);
    const errors = given.flatMap((id, index) =>
      id ? [] : [{ path: ['input', 'participantIds', index], message: 'is no participant of the tenant' }],
    );
    const missing = wanted.find((_, index) => !given[index]);
    if (missing !== undefined)
      throw new Problem('PARTICIPANT_NOT_FOUND', `There is no participant ${missing}.`, { errors });
    await demandAgents(tx, [agentId]);
    const ids = [...new Set(given.filter((id) => id !== null))];
    const created = await tx.binding.createManyAndReturn({
      data: ids.map((participantId) => ({ tenantId, id: newId(), participantId, agentId })),
      skipDuplicates: true,
    });
    const bindings = new Map<string, Binding>();
    for (const binding of await tx.query(ofAgent, { agentId, participantIds: ids }))
      bindings.set(binding.participantId, binding);
    announceParticipants(
      tx,
      created.map(({ participantId }) => participantId),
    );
    const inOrder = given.flatMap((id) => bindings.get(id ?? '') ?? []);
    await keepIds?.(tx, [String(created.length), ...inOrder.map(({ id }) => id)]);
    return { bindings: inOrder, createdCount: created.length };
  });
}

/** Deletes a binding. `removed` is false when there was none. Throws PARTICIPANT_NOT_FOUND. */
export async function unbindParticipant(
  db: TenantDatabase,
  input: { participantId: string; agentId: string },
): Promise<{ participantId: string; removed: boolean }> {
  const { tenantId } = db;
  return db.queueFor(input.participantId).transaction(async (tx) => {
    const participantId = await lockParticipant(tx, input.participantId);
    const { count } = await tx.binding.deleteMany({ where: { tenantId, participantId, agentId: input.agentId } });
    if (count > 0) announceParticipant(tx, participantId, [input.agentId]);
    return { participantId, removed: count > 0 };
  });
}

const agentsOf = statement(agent)`
  select ${agent} from binding b where b.tenant_id = ${tenant} and b.participant_id = ${parameter('participantId', uuid)}`;

/** Returns the agents that a participant is bound to, as its transaction sees them. */
export const agentIdsOf = async (tx: TenantTransaction, participantId: string): Promise<string[]> =>
  (await tx.query(agentsOf, { participantId })).map(({ agentId }) => agentId);

/**
 * Gives a participant exactly these bindings, in its transaction. Existing ones stay as they are. Returns the agents
 * that it is no longer bound to. Throws AGENT_NOT_FOUND.
 */
export async function replaceBindings(
  tx: TenantTransaction,
  participantId: string,
  agentIds: readonly string[],
): Promise<string[]> {
  await demandAgents(tx, agentIds);
  const removed = await tx.query(removeOthers, { participantId, agentIds });
  if (agentIds.length > 0) await tx.query(addAll, { participantId, ids: agentIds.map(newId), agentIds });
  return removed.map(({ agentId }) => agentId);
}

/** Adds bindings in the participant's transaction, where there are none yet. Throws AGENT_NOT_FOUND. */
export async function addBindings(
  tx: TenantTransaction,
  participantId: string,
  agentIds: readonly string[],
): Promise<void> {
  if (agentIds.length === 0) return;
  await demandAgents(tx, agentIds);
  await tx.query(addAll, { participantId, ids: agentIds.map(newId), agentIds });
}

// Arrays instead of a parameter each: one statement to prepare for any number of agents.
const removeOthers = statement(agent)`
  delete from binding b where b.tenant_id = ${tenant} and b.participant_id = ${parameter('participantId', uuid)}
    and b.agent_id <> all(${parameter('agentIds', array(text))})
  returning ${agent}`;
const addAll = statement(nothing)`
  insert into binding (tenant_id, id, participant_id, agent_id)
  select a.tenant_id, i.id, ${parameter('participantId', uuid)}, a.id
  from unnest(${parameter('ids', array(uuid))}, ${parameter('agentIds', array(text))}) i (id, agent_id) join agent a on a.id = i.agent_id
  where a.tenant_id = ${tenant} on conflict do nothing`;
