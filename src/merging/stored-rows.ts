import { rows } from '../database/sql/columns.ts';
import { name, parameter, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { array, text, uuid } from '../database/sql/types.ts';
import { jsonb } from './merges.ts';
import type { StoredRow } from './record.ts';

type Table =
  | 'avatar_auto_sync'
  | 'avatar_sync_job'
  | 'binding'
  | 'channel'
  | 'conversation_member'
  | 'external_user'
  | 'external_user_identifier'
  | 'participant';

/** The rows of a table whose column is among some ids, as JSON, in the order of that column. */
export const storedBy = (table: Table, column: string) =>
  statement(rows({ row: jsonb<StoredRow>() }))`
    select to_jsonb(x) as row from ${name(table)} x
    where x.tenant_id = ${tenant} and x.${name(column)} = any(${parameter('ids', array(uuid))}) order by x.${name(column)}, to_jsonb(x) ->> 'id'`;

/** The row of a table again, as it was stored, unless something that is unique stands in its place. */
export const again = (table: Table) =>
  statement(rows({ tenantId: uuid }))`
    insert into ${name(table)} select x.* from jsonb_populate_record(null::${name(table)}, ${parameter('row', text)}::jsonb) x
    where x.tenant_id = ${tenant} on conflict do nothing returning tenant_id as "tenantId"`;
