import type { TenantTransaction } from '../database/database.ts';
import { nothing, rows } from '../database/sql/columns.ts';
import { parameter, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { array, assured, boolean, nullable, text, timestamptz, uuid } from '../database/sql/types.ts';
import { announceConfig } from '../directory/participants/announce.ts';
import { jsonb } from './merges.ts';
import type { MergeConflict, MergedParticipant, StoredRow } from './record.ts';
import { again } from './stored-rows.ts';

const ids = parameter('ids', array(uuid));
const fromId = parameter('fromId', uuid);
const intoId = parameter('intoId', uuid);
const keptId = parameter('keptId', uuid);

const shared = statement(rows({ row: jsonb<StoredRow>(), id: uuid, keptId: uuid }))`
  select to_jsonb(b) as row, b.id, k.id as "keptId"
  from binding b join binding k on k.tenant_id = b.tenant_id and k.agent_id = b.agent_id and k.participant_id = ${intoId}
  where b.tenant_id = ${tenant} and b.participant_id = ${fromId} order by b.id for update of b, k`;
const remove = statement(nothing)`delete from binding b where b.tenant_id = ${tenant} and b.id = any(${ids})`;
const move = statement(rows({ id: uuid, agentId: text }))`
  update binding b set participant_id = ${intoId}
  where b.tenant_id = ${tenant} and b.participant_id = ${fromId} returning b.id, b.agent_id as "agentId"`;
const moveBack = statement(rows({ agentId: text }))`
  update binding b set participant_id = ${fromId}
  where b.tenant_id = ${tenant} and b.participant_id = ${intoId} and b.id = any(${ids}) returning b.agent_id as "agentId"`;
const presentAgents = statement(rows({ id: text }))`
  select a.id from agent a where a.tenant_id = ${tenant} and a.id = any(${parameter('agentIds', array(text))}) order by a.id for key share`;
const restore = again('binding');

const keysOf = statement(
  rows({ id: uuid, prefix: text, bindingId: assured(uuid), integrationConfigId: uuid, works: boolean }),
)`
  select k.id, k.prefix, k.binding_id as "bindingId", k.integration_config_id as "integrationConfigId", k.revoked_at is null as works
  from webhook_key k where k.tenant_id = ${tenant} and k.binding_id = any(${ids}) order by k.id for no key update`;
const endKeys = statement(nothing)`
  update webhook_key k set revoked_at = coalesce(${parameter('at', nullable(timestamptz))}, now()) where k.tenant_id = ${tenant} and k.id = any(${ids})`;
const moveKeys = statement(nothing)`
  update webhook_key k set binding_id = ${keptId} where k.tenant_id = ${tenant} and k.id = any(${ids})`;
// The key works again unless the survivor has made another of its own for the binding that is there again.
const keysBack = statement(rows({ id: uuid, integrationConfigId: uuid }))`
  update webhook_key k set binding_id = ${parameter('bindingId', uuid)},
    revoked_at = case when k.id = any(${parameter('ended', array(uuid))}) and k.revoked_at = ${parameter('mergedAt', timestamptz)} then null else k.revoked_at end
  where k.tenant_id = ${tenant} and k.id = any(${ids}) and k.binding_id = ${keptId}
  returning k.id, k.integration_config_id as "integrationConfigId"`;

/**
 * Moves a participant's bindings. Of two to the same agent the survivor's stays, with the webhook keys of both; a key
 * ends where the survivor has one that works for the same webhook, and is told as a conflict. `agentIds` are those that
 * the participant was bound to. Keys end at `at`, or now where it is null.
 */
export async function moveBindings(
  tx: TenantTransaction,
  { fromId, intoId, at }: { fromId: string; intoId: string; at: Date | null },
  conflicts: MergeConflict[],
): Promise<MergedParticipant['bindings'] & { agentIds: string[] }> {
  const both = await tx.query(shared, { fromId, intoId });
  const dropped: MergedParticipant['bindings']['dropped'][number][] = [];
  for (const { row, id, keptId } of both)
    dropped.push({ row, keptId, ...(await takeKeys(tx, { bindingId: id, keptId, at }, conflicts)) });
  await tx.query(remove, { ids: both.map(({ id }) => id) });
  const moved = await tx.query(move, { fromId, intoId });
  const agentIds = [...moved.map(({ agentId }) => agentId), ...both.map(({ row }) => String(row['agent_id']))];
  return { moved: moved.map(({ id }) => id), dropped, agentIds };
}

async function takeKeys(
  tx: TenantTransaction,
  { bindingId, keptId, at }: { bindingId: string; keptId: string; at: Date | null },
  conflicts: MergeConflict[],
) {
  const keys = await tx.query(keysOf, { ids: [bindingId, keptId] });
  const kept = new Map(
    keys.filter((key) => key.bindingId === keptId && key.works).map((key) => [key.integrationConfigId, key]),
  );
  const theirs = keys.filter((key) => key.bindingId === bindingId);
  if (theirs.length === 0) return { keys: [], ended: [] };
  const ended = theirs.filter((key) => key.works && kept.has(key.integrationConfigId));
  if (ended.length > 0) await tx.query(endKeys, { ids: ended.map(({ id }) => id), at });
  await tx.query(moveKeys, { keptId, ids: theirs.map(({ id }) => id) });
  for (const { id, prefix, integrationConfigId } of ended) {
    conflicts.push({ field: 'webhookKey', kept: kept.get(integrationConfigId)?.prefix ?? '', dropped: prefix });
    tx.announce('keyRevoked', { keyId: id });
  }
  for (const configId of new Set(theirs.map(({ integrationConfigId }) => integrationConfigId)))
    announceConfig(tx, configId);
  return { keys: theirs.map(({ id }) => id), ended: ended.map(({ id }) => id) };
}

/**
 * Gives a participant that is there again its bindings back. `missing` is told what is not there any more. Returns the
 * agents that the survivor is not bound to any more.
 */
export async function giveBackBindings(
  tx: TenantTransaction,
  { fromId, intoId, mergedAt }: { fromId: string; intoId: string; mergedAt: Date },
  { moved, dropped }: MergedParticipant['bindings'],
  missing: (field: string, detail: string) => void,
): Promise<string[]> {
  const back = await tx.query(moveBack, { fromId, intoId, ids: [...moved] });
  for (let lost = moved.length - back.length; lost > 0; lost -= 1)
    missing('bindings', 'A binding was removed since the merge.');
  const agentIds = [...new Set(dropped.map(({ row }) => String(row['agent_id'])))];
  const present = new Set((await tx.query(presentAgents, { agentIds })).map(({ id }) => id));
  for (const { row, keptId, keys, ended } of dropped) {
    const isPresent = present.has(String(row['agent_id']));
    const restored = isPresent ? await tx.query(restore, { row: JSON.stringify(row) }) : [];
    if (restored.length === 0) {
      missing('bindings', `The binding to the agent ${row['agent_id']} cannot be there again.`);
      continue;
    }
    if (keys.length === 0) continue;
    const bindingId = String(row['id']);
    const given = await tx.query(keysBack, { bindingId, keptId, ids: [...keys], ended: [...ended], mergedAt });
    for (const { id } of given) tx.announce('keyRevoked', { keyId: id });
    for (const configId of new Set(given.map(({ integrationConfigId }) => integrationConfigId)))
      announceConfig(tx, configId);
    for (let lost = keys.length - given.length; lost > 0; lost -= 1)
      missing('bindings', 'A webhook key was removed since the merge.');
  }
  return back.map(({ agentId }) => agentId);
}
