import type { Query } from '../database/database.ts';
import { nothing, type Rows, rows } from '../database/sql/columns.ts';
import { type Fragment, name, none, parameter, sql, tenant } from '../database/sql/fragment.ts';
import { globalStatement, type Statement, statement } from '../database/sql/statement.ts';
import { array, assured, boolean, integer, nullable, text, uuid } from '../database/sql/types.ts';
import { phoneColumns, phoneKeyOf } from '../external-users/identifiers.ts';
import { type AddressColumns, addressColumns, comparedBy, fitsProvider } from '../providers/address.ts';
import { asDialledToday, telephoneKey } from '../values/phone-number.ts';

/** The key of a row of any tenant. */
export type Key = { tenantId: string; id: string };

/** A pass over a table in the order of its keys. A change of rules changes its name, so that it runs again. */
export type Pass<Row extends Key> = {
  name: string;
  /** Finds a bounded number of rows after a key, in the order of their keys. */
  find: Statement<{ readonly tenantId: string } & { readonly id: string } & { readonly max: number }, Key>;
  /** Reads and locks those of a tenant, in the order of their ids. */
  read: Statement<{ readonly tenantId: string } & { readonly ids: readonly string[] }, Row>;
  /** Writes what has to change in these rows of a tenant. */
  write(query: Query, tenantId: string, rows: readonly Row[]): Promise<void>;
};

const key = { tenantId: uuid, id: uuid };
const ids = parameter('ids', array(uuid));

const page = <Row>(of: Rows<Row>, table: string, list: Fragment, joined: Fragment, where: Fragment) => ({
  find: globalStatement(rows(key))`select r.tenant_id as "tenantId", r.id from ${name(table)} r
    where (r.tenant_id, r.id) > (${parameter('tenantId', uuid)}, ${parameter('id', uuid)}) and ${where}
    order by r.tenant_id, r.id limit ${parameter('max', integer)}`,
  read: statement(of)`select r.tenant_id as "tenantId", r.id, ${list} from ${name(table)} r ${joined}
    where r.tenant_id = ${tenant} and r.id = any(${ids}) and ${where} order by r.id for no key update of r`,
});

type Addressed = Key & AddressColumns & { provider: string; address: string; defaultRegion: string | null };
const addressed = sql`r.address, r.identity_key as "identityKey", r.address_key as "addressKey", i.default_region as "defaultRegion"`;
const addressedRow = {
  ...key,
  provider: text,
  address: text,
  identityKey: nullable(text),
  addressKey: nullable(text),
  defaultRegion: nullable(text),
};
const withConfig = sql`join integration_config i on i.tenant_id = r.tenant_id and i.id = r.integration_config_id`;
const all = sql`true`;

const column = <Row, Name extends keyof Row>(of: readonly Row[], field: Name) => of.map((row) => row[field]);
/** The parameters that name rows of a tenant. */
const keysOf = (tenantId: string, of: readonly Key[]) => ({ tenantId, ids: column(of, 'id') });

/** Returns the rows whose columns differ from what the rules compute now, with the computed values. */
const stale = <Row extends Addressed>(rows: readonly Row[]) =>
  rows.flatMap((row) => {
    const now = addressColumns(row.provider, row.address, row.defaultRegion);
    return now.identityKey === row.identityKey && now.addressKey === row.addressKey ? [] : [{ ...row, ...now }];
  });

type ChannelRow = Addressed & { addressValid: boolean };

const identityKeys = parameter('identityKeys', array(nullable(text)));
const addressKeys = parameter('addressKeys', array(nullable(text)));

const writeChannels = statement(nothing)`
   update channel c set identity_key = g.identity_key, address_key = g.address_key, address_valid = g.valid
   from unnest(${ids}, ${identityKeys}, ${addressKeys}, ${parameter('valid', array(boolean))}) g (id, identity_key, address_key, valid)
   where c.tenant_id = ${tenant} and c.id = g.id`;

/** The keys of channels, and whether their addresses fit their providers. */
export const channels: Pass<ChannelRow> = {
  name: 'channel keys 1',
  ...page(
    rows({ ...addressedRow, addressValid: boolean }),
    'channel',
    sql`r.provider, ${addressed}, r.address_valid as "addressValid"`,
    withConfig,
    all,
  ),
  async write(query, tenantId, rows) {
    const changed = rows.flatMap((row) => {
      const addressValid = fitsProvider(row.provider, row.address, row.defaultRegion);
      const now = addressColumns(row.provider, row.address, row.defaultRegion);
      const same =
        now.identityKey === row.identityKey && now.addressKey === row.addressKey && addressValid === row.addressValid;
      return same ? [] : [{ ...row, ...now, addressValid }];
    });
    if (changed.length === 0) return;
    await query(writeChannels, {
      ...keysOf(tenantId, changed),
      identityKeys: column(changed, 'identityKey'),
      addressKeys: column(changed, 'addressKey'),
      valid: column(changed, 'addressValid'),
    });
  },
};

// Where several turn out to be one sender, one gets the key. The others stay as they are and get no more messages.
const writeSenders = statement(nothing)`
   update unknown_sender u set identity_key = g.identity_key, address_key = g.address_key
   from unnest(${ids}, ${identityKeys}, ${addressKeys}) g (id, identity_key, address_key)
   where u.tenant_id = ${tenant} and u.id = g.id and not exists (
     select from unknown_sender o where o.tenant_id = ${tenant} and o.integration_config_id = u.integration_config_id and o.id <> u.id
       and md5(${comparedBy('o')}) = md5(coalesce(g.address_key, g.identity_key, u.address)))`;

/** The keys of unknown senders. */
export const senders: Pass<Addressed & { integrationConfigId: string }> = {
  name: 'unknown sender keys 1',
  ...page(
    rows({ ...addressedRow, integrationConfigId: uuid }),
    'unknown_sender',
    sql`i.provider, r.integration_config_id as "integrationConfigId", ${addressed}`,
    withConfig,
    all,
  ),
  async write(query, tenantId, rows) {
    const once = firstOfEach(
      stale(rows),
      ({ integrationConfigId, addressKey, identityKey, address }) =>
        `${integrationConfigId} ${addressKey ?? identityKey ?? address}`,
    );
    if (once.length === 0) return;
    await query(writeSenders, {
      ...keysOf(tenantId, once),
      identityKeys: column(once, 'identityKey'),
      addressKeys: column(once, 'addressKey'),
    });
  },
};

// A number that another user has already stays as it is stored. A search finds the other user.
const writeUsers = statement(nothing)`
   update external_user u set phone_number = g.phone_number, phone_key = g.phone_key
   from unnest(${ids}, ${parameter('numbers', array(nullable(text)))}, ${parameter('phoneKeys', array(nullable(text)))})
     g (id, phone_number, phone_key)
   where u.tenant_id = ${tenant} and u.id = g.id and not exists (
     select from external_user o where o.tenant_id = ${tenant} and o.id <> u.id and o.phone_number is not null
       and ${phoneKeyOf('o')} = coalesce(g.phone_key, g.phone_number))`;

/** The telephone numbers of external users. */
export const users: Pass<Key & { phoneNumber: string; phoneKey: string | null }> = {
  name: 'external user telephones 1',
  ...page(
    rows({ ...key, phoneNumber: assured(text), phoneKey: nullable(text) }),
    'external_user',
    sql`r.phone_number as "phoneNumber", r.phone_key as "phoneKey"`,
    none,
    sql`r.phone_number is not null`,
  ),
  async write(query, tenantId, rows) {
    const changed = rows.flatMap((row) => {
      const now = phoneColumns(asDialledToday(row.phoneNumber));
      return now.phoneNumber === row.phoneNumber && now.phoneKey === row.phoneKey ? [] : [{ ...row, ...now }];
    });
    const once = firstOfEach(changed, ({ phoneNumber }) => telephoneKey(phoneNumber ?? ''));
    if (once.length === 0) return;
    await query(writeUsers, {
      ...keysOf(tenantId, once),
      numbers: column(once, 'phoneNumber'),
      phoneKeys: column(once, 'phoneKey'),
    });
  },
};

const writeNames = statement(nothing)`
  update participant p set name_key = name_key(p.display_name) where p.tenant_id = ${tenant} and p.id = any(${ids})`;

/** The keys of the names of participants. */
export const names: Pass<Key & { nameKey: string | null }> = {
  name: 'participant names 1',
  ...page(rows({ ...key, nameKey: nullable(text) }), 'participant', sql`r.name_key as "nameKey"`, none, all),
  async write(query, tenantId, rows) {
    const without = rows.filter(({ nameKey }) => nameKey === null);
    if (without.length > 0) await query(writeNames, keysOf(tenantId, without));
  },
};

const fill = statement(rows({ done: text }))`
  select fill_identifiers(u.tenant_id, array_agg(u.id))::text as done
  from external_user u where u.tenant_id = ${tenant} and u.id = any(${ids}) group by u.tenant_id`;
/** The identifiers of external users. */
export const identifiers: Pass<Key> = {
  name: 'external user identifiers 1',
  ...page(rows(key), 'external_user', sql`r.id`, none, all),
  async write(query, tenantId, rows) {
    await query(fill, keysOf(tenantId, rows));
  },
};

const texts = (table: 'participant' | 'external_user' | 'conversation'): Pass<Key> => {
  // The function that the triggers call.
  const refresh = statement(rows({ done: text }))`
    select ${name(`refresh_${table}_search`)}(x.tenant_id, array_agg(x.id))::text as done
    from ${name(table)} x where x.tenant_id = ${tenant} and x.id = any(${ids}) group by x.tenant_id`;
  return {
    name: `${table} search 1`,
    ...page(rows(key), table, sql`r.id`, none, all),
    async write(query, tenantId, rows) {
      await query(refresh, keysOf(tenantId, rows));
    },
  };
};
/** The texts that are searched, of each kind. */
export const searched = [texts('participant'), texts('external_user'), texts('conversation')];

function firstOfEach<Row>(rows: readonly Row[], keyOf: (row: Row) => string): Row[] {
  const first = new Map<string, Row>();
  for (const row of rows) if (!first.has(keyOf(row))) first.set(keyOf(row), row);
  return [...first.values()];
}
