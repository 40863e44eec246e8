import type { TenantTransaction } from '../database/database.ts';
import type { MemberStatus } from '../database/generated/client.ts';
import { nothing, rows } from '../database/sql/columns.ts';
import { name, parameter, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { array, enumeration, text, uuid } from '../database/sql/types.ts';
import { jsonb } from './merges.ts';
import type { Merge, MergedMemberships, StoredRow } from './record.ts';
import { again } from './stored-rows.ts';

const id = parameter('id', uuid);
const ids = parameter('ids', array(uuid));
const fromId = parameter('fromId', uuid);
const intoId = parameter('intoId', uuid);
const status = enumeration<MemberStatus>('MemberStatus');
const touched = rows({ id: uuid, conversationId: uuid });

const statementsOf = (column: 'contact_id' | 'user_id') => ({
  /** The memberships of two in the same conversations. */
  shared: statement(
    rows({
      droppedId: uuid,
      dropped: jsonb<StoredRow>(),
      keptId: uuid,
      conversationId: uuid,
      keptStatus: status,
      droppedStatus: status,
    }),
  )`
    select m.id as "droppedId", to_jsonb(m) as dropped, k.id as "keptId", k.conversation_id as "conversationId",
      k.status as "keptStatus", m.status as "droppedStatus"
    from conversation_member m join conversation_member k
      on k.tenant_id = m.tenant_id and k.conversation_id = m.conversation_id and k.${name(column)} = ${intoId}
    where m.tenant_id = ${tenant} and m.${name(column)} = ${fromId} order by m.id for update of k, m`,
  move: statement(touched)`
    update conversation_member m set ${name(column)} = ${intoId}, participant_id = ${intoId}::text
    where m.tenant_id = ${tenant} and m.${name(column)} = ${fromId} returning m.id, m.conversation_id as "conversationId"`,
  moveBack: statement(touched)`
    update conversation_member m set ${name(column)} = ${fromId}, participant_id = ${fromId}::text
    where m.tenant_id = ${tenant} and m.${name(column)} = ${intoId} and m.id = any(${ids})
    returning m.id, m.conversation_id as "conversationId"`,
  lower: statement(touched)`
    update conversation_member m set status = ${parameter('before', status)}
    where m.tenant_id = ${tenant} and m.id = ${id} and m.${name(column)} = ${intoId} and m.status = ${parameter('after', status)}
    returning m.id, m.conversation_id as "conversationId"`,
});
const statements: Readonly<Record<Merge['kind'], ReturnType<typeof statementsOf>>> = {
  EXTERNAL_USER: statementsOf('contact_id'),
  PARTICIPANT: statementsOf('user_id'),
};

const remove = statement(nothing)`
  delete from conversation_member m where m.tenant_id = ${tenant} and m.id = any(${ids})`;
const setStatuses = statement(nothing)`
  update conversation_member m set status = g.status::"MemberStatus" from unnest(${ids}, ${parameter('statuses', array(text))}) g (id, status)
  where m.tenant_id = ${tenant} and m.id = g.id`;
const presentConversations = statement(rows({ id: uuid }))`
  select c.id from conversation c where c.tenant_id = ${tenant} and c.id = any(${ids}) order by c.id for share`;
const restore = again('conversation_member');

const announcer = (tx: TenantTransaction) => {
  const occurredAt = tx.now().toISOString();
  return (conversationId: string, membershipId: string, change: 'ADDED' | 'UPDATED' | 'REMOVED') =>
    tx.announce('conversationParticipantChanged', { conversationId, membershipId, change, occurredAt });
};

const order: readonly MemberStatus[] = ['PENDING', 'INVITED', 'ACTIVE'];

/** Moves the memberships of somebody. In the same conversation the survivor's stays, with the more advanced status. */
export async function moveMemberships(
  tx: TenantTransaction,
  kind: Merge['kind'],
  fromId: string,
  intoId: string,
): Promise<MergedMemberships> {
  const told = announcer(tx);
  const both = await tx.query(statements[kind].shared, { fromId, intoId });
  const dropped = both.map(({ dropped, keptId, keptStatus, droppedStatus }) => ({
    row: dropped,
    keptId,
    before: keptStatus,
    after: order.indexOf(droppedStatus) > order.indexOf(keptStatus) ? droppedStatus : keptStatus,
  }));
  await tx.query(remove, { ids: both.map(({ droppedId }) => droppedId) });
  const raised = dropped.filter(({ before, after }) => before !== after);
  await tx.query(setStatuses, {
    ids: raised.map(({ keptId }) => keptId),
    statuses: raised.map(({ after }) => after),
  });
  const moved = await tx.query(statements[kind].move, { fromId, intoId });
  for (const { conversationId, droppedId } of both) told(conversationId, droppedId, 'REMOVED');
  for (const { conversationId, keptId } of both)
    if (raised.some((its) => its.keptId === keptId)) told(conversationId, keptId, 'UPDATED');
  for (const { conversationId, id } of moved) told(conversationId, id, 'UPDATED');
  return { dropped, moved: moved.map(({ id }) => id) };
}

/**
 * Gives somebody who is there again the memberships back that they had. `missing` is told what is not there any more.
 */
export async function giveBackMemberships(
  tx: TenantTransaction,
  kind: Merge['kind'],
  { fromId, intoId }: { fromId: string; intoId: string },
  memberships: MergedMemberships,
  missing: (field: string, detail: string) => void,
): Promise<void> {
  const told = announcer(tx);
  const moved = await tx.query(statements[kind].moveBack, { fromId, intoId, ids: [...memberships.moved] });
  for (const { id, conversationId } of moved) told(conversationId, id, 'UPDATED');
  for (let lost = memberships.moved.length - moved.length; lost > 0; lost -= 1)
    missing('conversations', 'A membership was removed since the merge.');
  const wanted = [...new Set(memberships.dropped.map(({ row }) => String(row['conversation_id'])))];
  const present = new Set((await tx.query(presentConversations, { ids: wanted })).map(({ id }) => id));
  for (const { row, keptId, before, after } of memberships.dropped) {
    const conversationId = String(row['conversation_id']);
    if (!present.has(conversationId)) {
      missing('conversations', `The conversation ${conversationId} was deleted since the merge.`);
      continue;
    }
    await tx.query(restore, { row: JSON.stringify(row) });
    told(conversationId, String(row['id']), 'ADDED');
    if (before === after) continue;
    const [lowered] = await tx.query(statements[kind].lower, { id: keptId, intoId, before, after });
    if (lowered) told(conversationId, keptId, 'UPDATED');
  }
}
