import type { MemberStatus } from '../database/generated/client.ts';
import { columns, nothing, rows } from '../database/sql/columns.ts';
import { anyKey, type Fragment, name, parameter, sql, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { array, enumeration, nullable, type SqlType, text, timestamptz, uuid } from '../database/sql/types.ts';
import type { MergeRecord, StoredRow } from './record.ts';

const jsonb = <Value>(): SqlType<Value> => ({ name: 'jsonb', isNullable: false });
const id = parameter('id', uuid);
const ids = parameter('ids', array(uuid));
const fromId = parameter('fromId', uuid);
const intoId = parameter('intoId', uuid);
const status = enumeration<MemberStatus>('MemberStatus');
const user = columns('ExternalUser', 'u');
const stored = rows({ row: jsonb<StoredRow>() });

export const lockUsers = statement(user)`
  select ${user} from external_user u where u.tenant_id = ${tenant} and u.id = any(${ids}) order by u.id for update`;
export const redirect = statement(rows({ intoId: uuid, mergeId: uuid }))`
  select r.into_id as "intoId", r.merge_id as "mergeId" from merged_id r where r.tenant_id = ${tenant} and r.id = ${id}`;
export const leadingTo = statement(rows({ id: uuid }))`
  select r.id from merged_id r where r.tenant_id = ${tenant} and r.into_id = ${id} order by r.id`;
export const storedUser = statement(stored)`
  select to_jsonb(u) as row from external_user u where u.tenant_id = ${tenant} and u.id = ${id}`;
export const storedIdentifiers = statement(stored)`
  select to_jsonb(i) as row from external_user_identifier i where i.tenant_id = ${tenant} and i.external_user_id = ${id} order by i.id`;
export const moveIdentifiers = statement(nothing)`
  update external_user_identifier i set external_user_id = ${intoId}, is_primary = false
  where i.tenant_id = ${tenant} and i.external_user_id = ${fromId}`;
export const deleteUser = statement(
  nothing,
)`delete from external_user u where u.tenant_id = ${tenant} and u.id = ${id}`;

/** The memberships of two users in the same conversations. */
export const sharedMemberships = statement(
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
  from conversation_member m join conversation_member k on k.tenant_id = m.tenant_id and k.conversation_id = m.conversation_id and k.contact_id = ${intoId}
  where m.tenant_id = ${tenant} and m.contact_id = ${fromId} order by m.id for update of k, m`;
export const deleteMemberships = statement(nothing)`
  delete from conversation_member m where m.tenant_id = ${tenant} and m.id = any(${ids})`;
export const setStatuses = statement(nothing)`
  update conversation_member m set status = g.status::"MemberStatus" from unnest(${ids}, ${parameter('statuses', array(text))}) g (id, status)
  where m.tenant_id = ${tenant} and m.id = g.id`;
export const moveMemberships = statement(rows({ id: uuid, conversationId: uuid }))`
  update conversation_member m set contact_id = ${intoId}, participant_id = ${intoId}::text
  where m.tenant_id = ${tenant} and m.contact_id = ${fromId} returning m.id, m.conversation_id as "conversationId"`;

/** A stored merge. */
export type MergeRow = {
  id: string;
  intoId: string;
  mergedAt: Date;
  actorKind: string;
  actorId: string;
  record: MergeRecord;
  undoneAt: Date | null;
};
const mergeRow = rows({
  id: uuid,
  intoId: uuid,
  mergedAt: timestamptz,
  actorKind: text,
  actorId: text,
  record: jsonb<MergeRecord>(),
  undoneAt: nullable(timestamptz),
});
const mergeList: Fragment = sql`m.id, m.into_id as "intoId", m.merged_at as "mergedAt", m.actor_kind as "actorKind", m.actor_id as "actorId", m.record, m.undone_at as "undoneAt"`;

export const insertMerge = statement(mergeRow)`
  insert into merge as m (tenant_id, id, into_id, actor_kind, actor_id, record)
  select u.tenant_id, ${id}, u.id, ${parameter('actorKind', text)}, ${parameter('actorId', text)}, ${parameter('record', text)}::jsonb
  from external_user u where u.tenant_id = ${tenant} and u.id = ${intoId}
  returning ${mergeList}`;
export const mergesById = statement(mergeRow)`
  select ${mergeList} from merge m where m.tenant_id = ${tenant} and m.id = ${anyKey(uuid)}`;
export const lockMerge = statement(mergeRow)`
  select ${mergeList} from merge m where m.tenant_id = ${tenant} and m.id = ${id} for update`;
export const markUndone = statement(mergeRow)`
  update merge m set undone_at = now() where m.tenant_id = ${tenant} and m.id = ${id} returning ${mergeList}`;

/** Makes ids lead to a user, and what led to them lead there too. */
export const redirectAll = statement(nothing)`
  with before as (
    update merged_id r set into_id = ${intoId} where r.tenant_id = ${tenant} and r.into_id = any(${ids})
  ) insert into merged_id (tenant_id, id, into_id, merge_id)
  select ${tenant}, g.id, ${intoId}, ${parameter('mergeId', uuid)} from unnest(${ids}) g (id)`;
export const deleteRedirects = statement(nothing)`
  delete from merged_id r where r.tenant_id = ${tenant} and r.merge_id = ${id} and r.id = any(${ids})`;
export const leadAgain = statement(nothing)`
  update merged_id r set into_id = ${id} where r.tenant_id = ${tenant} and r.id = any(${ids}) and r.into_id = ${intoId}`;

const record = parameter('row', text);
/** The row of a table again, as it was stored. */
const again = (table: 'external_user' | 'external_user_identifier' | 'conversation_member') =>
  statement(nothing)`
    insert into ${name(table)} select x.* from jsonb_populate_record(null::${name(table)}, ${record}::jsonb) x where x.tenant_id = ${tenant}`;
export const restoreUser = again('external_user');
export const restoreIdentifier = again('external_user_identifier');
export const restoreMembership = again('conversation_member');

export const presentIdentifiers = statement(
  columns('ExternalUserIdentifier', 'i', ['id', 'identifierKey', 'isPrimary']),
)`
  select ${columns('ExternalUserIdentifier', 'i', ['id', 'identifierKey', 'isPrimary'])} from external_user_identifier i
  where i.tenant_id = ${tenant} and i.external_user_id = ${intoId} and i.id = any(${ids})`;
export const deleteIdentifiers = statement(nothing)`
  delete from external_user_identifier i where i.tenant_id = ${tenant} and i.id = any(${ids})`;
export const deleteIdentifiersOf = statement(nothing)`
  delete from external_user_identifier i where i.tenant_id = ${tenant} and i.external_user_id = ${id}`;
export const moveBack = statement(rows({ id: uuid, conversationId: uuid }))`
  update conversation_member m set contact_id = ${fromId}, participant_id = ${fromId}::text
  where m.tenant_id = ${tenant} and m.contact_id = ${intoId} and m.id = any(${ids})
  returning m.id, m.conversation_id as "conversationId"`;
export const presentConversations = statement(rows({ id: uuid }))`
  select c.id from conversation c where c.tenant_id = ${tenant} and c.id = any(${ids}) order by c.id for share`;
export const lowerStatus = statement(rows({ id: uuid, conversationId: uuid }))`
  update conversation_member m set status = ${parameter('before', status)}
  where m.tenant_id = ${tenant} and m.id = ${id} and m.contact_id = ${intoId} and m.status = ${parameter('after', status)}
  returning m.id, m.conversation_id as "conversationId"`;
