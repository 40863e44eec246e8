import type { Tenant } from '../database/generated/client.ts';
import { type Loader, oneByUuid } from '../database/loaders.ts';
import { rows } from '../database/sql/columns.ts';
import { anyKey, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { text, uuid } from '../database/sql/types.ts';

/** A tenant as its credentials see it. */
export type ShownTenant = Pick<Tenant, 'id' | 'name'>;

/** The credential's own tenant by its id, and null for every other. */
export const tenantById: Loader<string, ShownTenant | null> = oneByUuid(
  statement(rows({ id: uuid, name: text }))`
    select t.id, t.name from (select id as tenant_id, id, name from tenant) t
    where t.tenant_id = ${tenant} and t.id = ${anyKey(uuid)}`,
  'id',
);
