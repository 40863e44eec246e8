import { nothing, rows } from './sql/columns.ts';
import { type Fragment, parameter, sql, tenant } from './sql/fragment.ts';
import { statement } from './sql/statement.ts';
import { array, uuid } from './sql/types.ts';

const ids = parameter('ids', array(uuid));
type Takes = { readonly tenantId: string } & { readonly ids: readonly string[] };

/**
 * SQL for the ids of the merges that some of these users or participants took part in, undone ones too: the record of a
 * merge has the rows of who was merged away.
 */
export const mergesOf: Fragment<Takes> = sql`
    select m.id from merge m where m.tenant_id = ${tenant} and m.into_id = any(${ids})
    union select r.merge_id from merged_id r where r.tenant_id = ${tenant} and r.into_id = any(${ids})
    union select m.id from merge m where m.tenant_id = ${tenant} and jsonb_path_query_array(m.record, '$.from[*].row.id') ?| ${ids}::text[]`;

/** The ids that lead to these users or participants, since they were merged into them. */
export const mergedIdsOf = statement(rows({ id: uuid }))`
  select r.id from merged_id r where r.tenant_id = ${tenant} and r.into_id = any(${ids}) order by r.id`;

/**
 * Forgets the merges of users or participants who are deleted. Of a merge by which somebody still leads to another,
 * only what is theirs is forgotten.
 */
export const forgetMerges = statement(nothing)`
  with theirs as materialized (
    select m.id, exists (
      select from merged_id r where r.tenant_id = ${tenant} and r.merge_id = m.id and r.into_id <> all(${ids}) offset 0) as stays
    from merge m where m.tenant_id = ${tenant} and m.id in (${mergesOf})
  ), lost as (
    delete from merged_id r where r.tenant_id = ${tenant} and r.id = any(${ids})
  ), gone as (
    delete from merge m using theirs t where m.tenant_id = ${tenant} and m.id = t.id and not t.stays
  )
  update merge m set record = m.record || jsonb_build_object('filled', '[]'::jsonb, 'conflicts', '[]'::jsonb, 'lost', '[]'::jsonb, 'from', (
    select coalesce(jsonb_agg(f.one order by f.place), '[]') from jsonb_array_elements(m.record -> 'from') with ordinality f (one, place)
    where f.one #>> '{row,id}' <> all(${ids}::text[])))
  from theirs t where m.tenant_id = ${tenant} and m.id = t.id and t.stays`;
