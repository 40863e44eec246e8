import { nothing, rows } from './sql/columns.ts';
import { type Fragment, name, parameter, sql, tenant } from './sql/fragment.ts';
import { statement } from './sql/statement.ts';
import { array, uuid } from './sql/types.ts';

const ids = parameter('ids', array(uuid));
type Takes = { readonly tenantId: string } & { readonly ids: readonly string[] };

// Who was merged into them took part in merges of their own before.
const withLed: Fragment<Takes> = sql`(${ids} || array(
    select r.id from merged_id r where r.tenant_id = ${tenant} and r.into_id = any(${ids})))`;

/**
 * SQL for the ids of the merges that some of these users or participants took part in, undone ones too: the record of a
 * merge has the rows of who was merged away.
 */
export const mergesOf: Fragment<Takes> = sql`
    select m.id from merge m where m.tenant_id = ${tenant} and m.into_id = any(${withLed})
    union select r.merge_id from merged_id r where r.tenant_id = ${tenant} and r.into_id = any(${ids})
    union select m.id from merge m where m.tenant_id = ${tenant} and jsonb_path_query_array(m.record, '$.from[*].row.id') ?| ${withLed}::text[]`;

/** The ids that lead to these users or participants, since they were merged into them. */
export const mergedIdsOf = statement(rows({ id: uuid }))`
  select r.id from merged_id r where r.tenant_id = ${tenant} and r.into_id = any(${ids}) order by r.id`;

// The people of a merge.
const peopleOf = (merge: Fragment): Fragment =>
  sql`array[${merge}.into_id] || array(select (f.one #>> '{row,id}')::uuid from jsonb_array_elements(${merge}.record -> 'from') f (one))`;

/**
 * SQL for a recursive table `shared` of the undone merges by which others had what is theirs for a time: those that
 * they took part in, and, from each, those that share somebody with it and held at the same time. Its people are
 * `people`, and it held from `merged_at` to `undone_at`.
 */
export const sharedMerges: Fragment<Takes> = sql`
  shared (id, people, merged_at, undone_at) as (
    select m.id, ${peopleOf(name('m'))}, m.merged_at, m.undone_at
    from merge m where m.tenant_id = ${tenant} and m.undone_at is not null and m.id in (${mergesOf})
    union
    select o.id, ${peopleOf(name('o'))}, o.merged_at, o.undone_at
    from shared s cross join lateral (
      select i.id from merge i where i.tenant_id = ${tenant} and i.into_id = any(s.people)
      union select i.id from merge i where i.tenant_id = ${tenant} and jsonb_path_query_array(i.record, '$.from[*].row.id') ?| s.people::text[]
    ) of_them join merge o on o.tenant_id = ${tenant} and o.id = of_them.id
    where o.undone_at >= s.merged_at and o.merged_at <= s.undone_at
  )`;

/**
 * Forgets the merges of users or participants who are deleted, and the undone ones by which others had what is theirs.
 * Of a merge by which somebody still leads to another, only what is theirs is forgotten. The merges are locked in the
 * order of their ids, since others who were in them may be deleted at the same time.
 */
export const forgetMerges = statement(nothing)`
  with recursive ${sharedMerges}, theirs as materialized (
    select m.id, exists (
      select from merged_id r where r.tenant_id = ${tenant} and r.merge_id = m.id and r.into_id <> all(${ids}) offset 0) as stays
    from merge m where m.tenant_id = ${tenant} and m.id in (${mergesOf} union select s.id from shared s)
    order by m.id for update of m
  ), lost as (
    delete from merged_id r where r.tenant_id = ${tenant} and r.id = any(${withLed})
  ), gone as (
    delete from merge m using theirs t where m.tenant_id = ${tenant} and m.id = t.id and not t.stays
  )
  update merge m set record = m.record || jsonb_build_object('filled', '[]'::jsonb, 'conflicts', '[]'::jsonb, 'lost', '[]'::jsonb, 'from', (
    select coalesce(jsonb_agg(case when m.undone_at is null then f.one
        else jsonb_build_object('row', jsonb_build_object('id', f.one #> '{row,id}'), 'displayName', f.one -> 'displayName') end order by f.place), '[]')
    from jsonb_array_elements(m.record -> 'from') with ordinality f (one, place)
    where (f.one #>> '{row,id}')::uuid <> all(${withLed})))
  from theirs t where m.tenant_id = ${tenant} and m.id = t.id and t.stays`;
