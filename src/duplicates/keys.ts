import type { TenantTransaction } from '../database/database.ts';
import type { MergedKind } from '../database/generated/client.ts';
import { rows } from '../database/sql/columns.ts';
import { type Fragment, literal, parameter, sql, tenant } from '../database/sql/fragment.ts';
import { sameEmail } from '../database/sql/same-email.ts';
import { statement } from '../database/sql/statement.ts';
import { array, uuid } from '../database/sql/types.ts';
import { comparedBy } from '../providers/address.ts';

const key = rows({ digest: uuid });
const ids = parameter('ids', array(uuid));

// Lateral joins with `offset 0`, so that each row is found by its whole key: without statistics PostgreSQL would rather
// read everything of the tenant.
const each = sql`unnest(${ids}) x (id) cross join lateral`;

/**
 * Makes the stored keys of those with these `ids` what `fresh` says: rows of `subject_id`, `reason`, `text` and
 * `via_id`. It returns the digests of every key that they had or have.
 */
const keep = (kind: MergedKind, fresh: Fragment<{ readonly tenantId: string } & { readonly ids: readonly string[] }>) =>
  statement(key)`
    with fresh as materialized (
      select distinct on (f.subject_id, digest) f.subject_id, f.reason::"DuplicateReason" as reason,
        md5(f.reason || ' ' || ${literal(kind)} || ' ' || f.text)::uuid as digest, f.via_id
      from (${fresh}) f where f.text is not null
    ), old as materialized (
      select k.digest, k.subject_id from ${each} (
        select k.digest, k.subject_id from duplicate_key k
        where k.tenant_id = ${tenant} and k.subject_id = x.id and k.kind = ${literal(kind)} offset 0) k
    ), gone as (
      delete from duplicate_key k using (select o.digest, o.subject_id from old o except select f.digest, f.subject_id from fresh f) g
      where k.tenant_id = ${tenant} and k.digest = g.digest and k.subject_id = g.subject_id
    ), added as (
      insert into duplicate_key (tenant_id, digest, reason, kind, subject_id, via_id)
      select ${tenant}, f.digest, f.reason, ${literal(kind)}::"MergedKind", f.subject_id, f.via_id from fresh f
      order by f.digest, f.subject_id on conflict do nothing
    )
    select o.digest from old o union select f.digest from fresh f`;

const isAddress = sql`v.text ~ '^[^@ ]+@[^@ ]+$'`;
const domainOf = (address: Fragment) => sql`split_part(mailbox_key(${address}), '@', -1)`;

// A foreign key that is an e-mail address or a telephone number is one. A name counts with both of its parts.
const keysOfUsers = keep(
  'EXTERNAL_USER',
  sql`
  with v as materialized (
    select x.id, i.name, i.kind, case i.kind when 'emailaddress' then lower(i.text) else i.text end as text from ${each} (
      select u.first_name || ' ' || u.last_name as name, i.compare_key as text,
        case when i.identifier_key <> 'fkid' then i.identifier_key::text when i.compare_key ~ '^[+][1-9][0-9]{6,14}$' then 'phonenumber'
          when i.compare_key ~ '^[^@ ]+@[^@ ]+$' then 'emailaddress' end as kind
      from external_user_identifier i join external_user u on u.tenant_id = i.tenant_id and u.id = i.external_user_id
      where i.tenant_id = ${tenant} and i.external_user_id = x.id offset 0) i where i.kind is not null
  )
  select v.id as subject_id, 'SAME_PHONE' as reason, v.text, null::uuid as via_id from v where v.kind = 'phonenumber'
  union all
  select v.id, 'SAME_EMAIL_IGNORING_CASE_AND_DOTS', mailbox_key(v.text), null from v where v.kind = 'emailaddress'
  union all
  select v.id, 'SAME_NAME_AND_DOMAIN', name_key(v.name) || '@' || ${domainOf(sql`v.text`)}, null
  from v where v.kind = 'emailaddress' and ${isAddress}
  union all
  select v.id, 'LINKED_BY_CHANNEL', p.id::text, p.id from v cross join lateral (
    select p.id from channel c join participant p on p.tenant_id = c.tenant_id and p.id = c.participant_id
    where c.tenant_id = ${tenant} and c.identity_key = v.text and p.kind = 'PERSON' offset 0) p
  union all
  select v.id, 'LINKED_BY_CHANNEL', p.id::text, p.id from v cross join lateral (
    select p.id from participant p where p.tenant_id = ${tenant} and ${sameEmail(sql`p.email`, sql`v.text`)} and p.kind = 'PERSON' offset 0) p
  where v.kind = 'emailaddress'`,
);

// Only participants of one kind may be merged. An agent's participant is nobody else.
const keysOfParticipants = keep(
  'PARTICIPANT',
  sql`
  with p as materialized (
    select p.* from ${each} (
      select p.id, p.kind::text as kind, p.display_name, p.email from participant p
      where p.tenant_id = ${tenant} and p.id = x.id and p.kind <> 'AI_AGENT' offset 0) p
  ), c as materialized (
    select p.id, p.kind, p.display_name, c.* from p cross join lateral (
      select c.identity_key, c.integration_config_id, ${comparedBy('c')} as address
      from channel c where c.tenant_id = ${tenant} and c.participant_id = p.id offset 0) c
  ), v as (
    select p.id, p.kind, p.display_name, lower(p.email) as text from p where p.email is not null
    union select c.id, c.kind, c.display_name, c.identity_key from c where c.identity_key like '%@%'
  ), made as (
    select c.id as subject_id, 'SAME_PHONE' as reason, c.kind || ' ' || c.identity_key as text from c where c.identity_key like '+%'
    union all
    select v.id, 'SAME_EMAIL_IGNORING_CASE_AND_DOTS', v.kind || ' ' || mailbox_key(v.text) from v
    union all
    select v.id, 'SAME_NAME_AND_DOMAIN', v.kind || ' ' || name_key(v.display_name) || '@' || ${domainOf(sql`v.text`)}
    from v where ${isAddress} and v.display_name like '% %'
    union all
    select c.id, 'LINKED_BY_CHANNEL', c.kind || ' ' || c.integration_config_id || ' ' || c.address from c where c.identity_key is null
  )
  select m.subject_id, m.reason, m.text, null::uuid as via_id from made m`,
);

/**
 * Finds the keys of external users, and returns the digests of those that they had or have. Somebody who is gone has
 * none.
 */
export const findKeysOfUsers = async (tx: TenantTransaction, userIds: readonly string[]): Promise<string[]> =>
  (await tx.query(keysOfUsers, { ids: userIds })).map(({ digest }) => digest);

/** The same of participants. */
export const findKeysOfParticipants = async (tx: TenantTransaction, ids: readonly string[]): Promise<string[]> =>
  (await tx.query(keysOfParticipants, { ids })).map(({ digest }) => digest);

const usersVia = statement(rows({ id: uuid }))`
  with known as (
    select c.text from ${each} (
      select c.identity_key as text from channel c where c.tenant_id = ${tenant} and c.participant_id = x.id and c.identity_key is not null
      union select lower(p.email) from participant p where p.tenant_id = ${tenant} and p.id = x.id and p.email is not null offset 0) c
  )
  select k.subject_id as id from ${each} (
    select k.subject_id from duplicate_key k
    where k.tenant_id = ${tenant} and k.digest = md5('LINKED_BY_CHANNEL EXTERNAL_USER ' || x.id)::uuid offset 0) k
  union
  select i.external_user_id from known v cross join lateral (
    select i.external_user_id from external_user_identifier i where i.tenant_id = ${tenant}
      and i.identifier_key in ('emailaddress', 'phonenumber') and md5(i.compare_key) = md5(v.text) and i.compare_key = v.text offset 0) i`;

/** Returns the external users that these participants lead to, or have led to. */
export const usersLedToBy = async (tx: TenantTransaction, participantIds: readonly string[]): Promise<string[]> =>
  (await tx.query(usersVia, { ids: participantIds })).map(({ id }) => id);
