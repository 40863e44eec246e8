import type { ExternalUser, IdentifierKey } from '../database/generated/client.ts';
import { columns, nothing, rows } from '../database/sql/columns.ts';
import { literal, parameter, sql, tenant } from '../database/sql/fragment.ts';
import { sameEmail } from '../database/sql/same-email.ts';
import { statement } from '../database/sql/statement.ts';
import { assured, integer, list, type SqlType, text, uuid } from '../database/sql/types.ts';
import { phoneColumns, phoneKeyOf } from '../external-users/identifiers.ts';

const jsonText: SqlType<string> = { name: 'json', isNullable: false };
const ids = sql`json_to_recordset(${parameter('ids', jsonText)}) as g (n int, id uuid)`;
const keys = sql`json_to_recordset(${parameter('keys', jsonText)}) as g (n int, key "IdentifierKey", compared text)`;
const ofKey = (key: IdentifierKey) => sql`join external_user u on u.tenant_id = ${tenant} and g.key = ${literal(key)}`;

const user = columns('ExternalUser', 'u');

/** What a user is found by: its id, or the kind of an identifier and what that is compared by. */
export const viaOf = (key: IdentifierKey, compared: string): string => `${key} ${compared}`;

/** What a user is found by where the id of a row was merged into it. */
export const wasMerged = 'merged';

/**
 * Finds the users that rows name, and by what: by their ids, also those that were merged into another user, and by any
 * identifier. Each way has an index of its own. Users are locked in one order by every import.
 */
export const matching = statement(rows({ n: integer, via: assured(list(text)) }, user))`
  with found as (
    select g.n, u.id, 'id' as via from ${ids} join external_user u on u.tenant_id = ${tenant} and u.id = g.id
    union select g.n, r.into_id, ${literal(wasMerged)} from ${ids} join merged_id r on r.tenant_id = ${tenant} and r.kind = 'EXTERNAL_USER' and r.id = g.id
    union select g.n, u.id, g.key || ' ' || g.compared from ${keys} ${ofKey('emailaddress')} and ${sameEmail(sql`u.email`, sql`g.compared`)}
    union select g.n, u.id, g.key || ' ' || g.compared from ${keys} ${ofKey('phonenumber')} and u.phone_number is not null and ${phoneKeyOf('u')} = g.compared
    union select g.n, u.id, g.key || ' ' || g.compared from ${keys} ${ofKey('fkid')} and u.fk_id = g.compared
    union select g.n, i.external_user_id, g.key || ' ' || g.compared from ${keys} join external_user_identifier i
      on i.tenant_id = ${tenant} and i.identifier_key = g.key and md5(i.compare_key) = md5(g.compared) and i.compare_key = g.compared
  ), each as (
    select f.n, f.id, array_agg(f.via) as via from found f group by f.n, f.id
  ), locked as materialized (
    select u.* from external_user u where u.tenant_id = ${tenant} and u.id in (select f.id from found f) order by u.id for no key update
  )
  select f.n, f.via, ${user} from each f join locked u on u.id = f.id order by f.n, u.id`;

const whole = sql`json_to_recordset(${parameter('rows', jsonText)}) as g (id uuid, first_name text, last_name text, email text,
  phone_number text, phone_key text, fk_id text, fk_user_id text, context text, source text, metadata jsonb)`;

/** Adds users, except those of which another user has a primary identifier. */
export const insert = statement(rows({ id: uuid }))`
  insert into external_user (tenant_id, id, first_name, last_name, email, phone_number, phone_key, fk_id, fk_user_id, context, source, metadata)
  select t.tenant_id, g.id, g.first_name, g.last_name, g.email, g.phone_number, g.phone_key, g.fk_id, g.fk_user_id, g.context, g.source, g.metadata
  from (select ${tenant} as tenant_id) t cross join ${whole} where t.tenant_id = ${tenant} order by g.id on conflict do nothing returning id`;

export const update = statement(nothing)`
  update external_user u set first_name = g.first_name, last_name = g.last_name, email = g.email, phone_number = g.phone_number,
    phone_key = g.phone_key, fk_id = g.fk_id, fk_user_id = g.fk_user_id, context = g.context, source = g.source, metadata = g.metadata
  from ${whole} where u.tenant_id = ${tenant} and u.id = g.id`;

/** Gives users identifiers beside their primary ones. One that a merge has brought may have been kept. */
export const insertIdentifiers = statement(nothing)`
  insert into external_user_identifier (tenant_id, id, external_user_id, identifier_key, identifier_value, compare_key, is_primary)
  select u.tenant_id, g.id, u.id, g.key, g.value, g.compared, false
  from json_to_recordset(${parameter('rows', jsonText)}) as g (id uuid, user_id uuid, key "IdentifierKey", value text, compared text)
  join external_user u on u.tenant_id = ${tenant} and u.id = g.user_id
  where not exists (select from external_user_identifier i where i.tenant_id = ${tenant} and i.external_user_id = u.id
    and i.identifier_key = g.key and md5(i.compare_key) = md5(g.compared) and i.compare_key = g.compared)
  order by g.key, g.compared`;

type Fields = 'firstName' | 'lastName' | 'email' | 'fkId' | 'fkUserId' | 'context' | 'source' | 'phoneNumber';

/** A user's row as the statements take it. */
export function columnsFor(
  id: string,
  given: { [Field in Fields]?: ExternalUser[Field] | undefined } & { metadata?: unknown },
) {
  const phone = phoneColumns(given.phoneNumber ?? null);
  return {
    id,
    first_name: given.firstName ?? null,
    last_name: given.lastName ?? null,
    email: given.email ?? null,
    phone_number: phone.phoneNumber,
    phone_key: phone.phoneKey,
    fk_id: given.fkId ?? null,
    fk_user_id: given.fkUserId ?? null,
    context: given.context ?? null,
    source: given.source ?? null,
    metadata: given.metadata ?? null,
  };
}
