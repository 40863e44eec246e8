import type { TenantTransaction } from '../database/database.ts';
import { newId } from '../database/ids.ts';
import { nothing, rows } from '../database/sql/columns.ts';
import { parameter, sql, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { array, list, text, textOf, uuid } from '../database/sql/types.ts';

/** The most that a candidate has: as many as can be merged at once. What more have in common says nothing. */
export const maxMembers = 20;

const ids = parameter('ids', array(uuid));
const found = {
  kind: textOf<'EXTERNAL_USER' | 'PARTICIPANT'>(),
  memberIds: list(uuid),
  viaIds: list(uuid),
  reasons: list(text),
};
type Found = { kind: string; memberIds: string[]; viaIds: string[]; reasons: string[] };

const membersOf = sql`select k.kind, k.reason, k.subject_id, k.via_id from duplicate_key k
    where k.tenant_id = ${tenant} and k.digest = g.digest limit ${maxMembers + 1}`;

// Those who have a key in common, by all keys of those who have one of the given keys, or are given themselves. So a
// set has all its reasons, by any of its keys.
const groups = statement(rows(found))`
  with near as (
    select k.subject_id from unnest(${parameter('digests', array(uuid))}) g (digest)
    cross join lateral (${membersOf}) k union select i.id from unnest(${ids}) i (id)
  ), keys as (
    select distinct k.digest from near n cross join lateral (
      select k.digest from duplicate_key k where k.tenant_id = ${tenant} and k.subject_id = n.subject_id offset 0) k
  ), sets as (
    select s.* from keys g cross join lateral (
      select min(k.kind::text) as kind, min(k.reason::text) as reason, array_agg(distinct k.subject_id order by k.subject_id) as members, min(k.via_id::text)::uuid as via_id
      from (${membersOf}) k having count(*) between 2 and ${maxMembers}
    ) s
  )
  select s.kind, s.members as "memberIds", array_agg(distinct s.reason order by s.reason) as reasons,
    coalesce(array_agg(distinct s.via_id) filter (where s.via_id is not null), '{}') as "viaIds"
  from sets s group by s.kind, s.members`;

const near = statement(rows({ ids: list(uuid) }))`
  select coalesce(array_agg(distinct n.subject_id), '{}') as ids from (
    select k.subject_id from unnest(${parameter('digests', array(uuid))}) g (digest)
    cross join lateral (${membersOf}) k union select i.id from unnest(${ids}) i (id)) n`;

const digest = sql`md5(f.kind || ' ' || array_to_string(f."memberIds", ' '))::uuid`;
const given = sql`jsonb_to_recordset(${parameter('found', text)}::jsonb) as f (id uuid, kind text, "memberIds" uuid[], "viaIds" uuid[], reasons text[])`;

// By each id by itself, so that the index is used also without statistics.
const around = sql`unnest(${ids}) x (id) cross join lateral (
      select c.id, c.member_ids, c.reasons, c.dismissed_at, c.members_digest
      from duplicate_member m join duplicate_candidate c on c.tenant_id = m.tenant_id and c.id = m.candidate_id
      where m.tenant_id = ${tenant} and m.subject_id = x.id offset 0) a`;

const removeStale = statement(rows({ id: uuid }))`
  delete from duplicate_candidate c where c.tenant_id = ${tenant} and c.id in (
    select a.id from ${around} where a.dismissed_at is null and a.members_digest not in (select ${digest} from ${given})) returning c.id`;

// What was dismissed stays so, with fewer members too, until there is another reason.
const store = statement(nothing)`
  with dismissed as materialized (
    select distinct a.id, a.member_ids, a.reasons from ${around} where a.dismissed_at is not null
  ), stored as (
    insert into duplicate_candidate as c (tenant_id, id, kind, member_ids, members_digest, via_ids, reasons, confidence)
    select ${tenant}, f.id, f.kind::"MergedKind", f."memberIds", ${digest}, f."viaIds", f.reasons::"DuplicateReason"[], (
      select round(100 * (1 - exp(sum(ln(1 - case r when 'SAME_PHONE' then 0.9 when 'SAME_EMAIL_IGNORING_CASE_AND_DOTS' then 0.8
        when 'LINKED_BY_CHANNEL' then 0.7 else 0.5 end)))))::int from unnest(f.reasons) r)
      / case when (
        select count(distinct u.fk_id) from unnest(f."memberIds") x (id) cross join lateral (
          select u.fk_id from external_user u where u.tenant_id = ${tenant} and u.id = x.id offset 0) u) > 1 then 2 else 1 end
    from ${given}
    where not exists (
      select from dismissed d where d.member_ids @> f."memberIds" and d.reasons @> f.reasons::"DuplicateReason"[])
    order by 1, 5
    on conflict (tenant_id, members_digest) do update set via_ids = excluded.via_ids, reasons = excluded.reasons,
      confidence = excluded.confidence, dismissed_at = null
    where c.tenant_id = ${tenant} and (c.reasons, c.via_ids, c.confidence) is distinct from (excluded.reasons, excluded.via_ids, excluded.confidence)
    returning c.id, c.member_ids
  )
  insert into duplicate_member (tenant_id, subject_id, candidate_id)
  select ${tenant}, m.id, s.id from stored s cross join lateral unnest(s.member_ids) m (id) on conflict do nothing`;

/** Finds anew who may be the same among those who have keys of these digests, and among `subjectIds`. */
export async function findCandidates(
  tx: TenantTransaction,
  digests: readonly string[],
  subjectIds: readonly string[],
): Promise<void> {
  const of = { digests, ids: subjectIds };
  const [{ ids } = { ids: [] }] = await tx.query(near, of);
  const sets: Found[] = await tx.query(groups, of);
  const given = JSON.stringify(sets.map((set) => ({ id: newId(), ...set })));
  await tx.query(removeStale, { ids, found: given });
  if (sets.length > 0) await tx.query(store, { ids, found: given });
}
