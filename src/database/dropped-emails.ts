import { nothing, rows } from './sql/columns.ts';
import { type Fragment, parameter, sql, tenant } from './sql/fragment.ts';
import { statement } from './sql/statement.ts';
import { array, assured, text, uuid } from './sql/types.ts';

/*
 * Where two participants who are merged both have an e-mail address, the survivor's stays. The record of the merge
 * remembers the other, by which the person is still found where their data is exported or erased.
 */

// In the form in which history has them (src/erasure/digests.ts), so that they have an index.
const keyOf = (email: Fragment<never>): Fragment<{ readonly tenantId: string }> => ({
  nodes: sql`md5(${tenant}::text || ' identity ' || lower(${email}))::uuid`.nodes,
});

/** Selects the ids of the participants whose merges have dropped an e-mail address. */
export const participantsWhoLost = <Parameters>(
  email: Fragment<Parameters>,
): Fragment<Parameters & { readonly tenantId: string }> => ({
  nodes: sql`select r.into_id as id from merge m
      join merged_id r on r.tenant_id = m.tenant_id and r.merge_id = m.id and r.kind = 'PARTICIPANT'
      where m.tenant_id = ${tenant} and merge_dropped_keys(m.tenant_id, m.record) && array[${keyOf(email)}]`.nodes,
});

/** Selects as `email` the lower case of the e-mail addresses that merges into a participant have dropped. */
export const emailsLostBy = (participantId: Fragment): Fragment<{ readonly tenantId: string }> =>
  sql`select lower(c.one ->> 'dropped') as email from merged_id r
      join merge m on m.tenant_id = r.tenant_id and m.id = r.merge_id
      cross join jsonb_array_elements(m.record -> 'conflicts') c (one)
      where r.tenant_id = ${tenant} and r.into_id = ${participantId} and r.kind = 'PARTICIPANT' and c.one ->> 'field' = 'email'`;

/** The e-mail addresses that merges into participants have dropped, in lower case. */
export const droppedEmailsOf = statement(rows({ email: assured(text) }))`
  select distinct d.email from unnest(${parameter('participantIds', array(uuid))}) p (id)
  cross join lateral (${emailsLostBy(sql`p.id`)}) d where ${tenant} = ${tenant} order by d.email`;

/**
 * Gives the entries of the removal of participants who are one person the keys of all of them, and those of their
 * dropped e-mail addresses. Who was deleted has no merges any more: what of them the history has is found by these.
 */
export const keepTogether = statement(nothing)`
  with theirs as (
    select h.id, h.keys from history_entry h where h.tenant_id = ${tenant} and h.about_id = any(${parameter('ids', array(uuid))})
      and h.subject_type = 'Participant' and h.before is not null and h.after is null
  ), together as (
    select array_agg(distinct k.key) as keys from (
      select unnest(t.keys) as key from theirs t
      union all select ${keyOf(sql`d.email`)} from unnest(${parameter('emails', array(text))}) d (email)
    ) k
  )
  update history_entry h set keys = g.keys from theirs t, together g where h.tenant_id = ${tenant} and h.id = t.id and g.keys is not null`;
