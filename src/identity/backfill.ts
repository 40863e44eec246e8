import type { Logger } from 'pino';
import type { Value } from '../database/connection.ts';
import type { Database, Query } from '../database/database.ts';
import { globalStatement, type Statement } from '../database/statement.ts';
import { phoneColumns, phoneKeyOf } from '../external-users/identifiers.ts';
import { type AddressColumns, addressColumns, comparedBy, fitsProvider } from '../providers/address.ts';
import { asDialledToday, telephoneKey } from '../values/phone-number.ts';

/** How many rows are read, and locked, at once. */
const batch = 1_000;
const nobody = '00000000-0000-0000-0000-000000000000';
const tries = 4;

type Key = { tenantId: string; id: string };

/** A pass over a table in the order of its keys. Its name changes when rules do: then it is done anew. */
type Pass<Row extends Key> = {
  name: string;
  /** Reads and locks the rows after $1 (tenant) and $2 (id), $3 at most, in the order of their keys. */
  read: Statement<Row>;
  /** Writes what has to be written of these rows. */
  write(query: Query, rows: readonly Row[]): Promise<void>;
};

const page = (table: string, columns: string, join = '', where = 'true') =>
  `select r.tenant_id as "tenantId", r.id, ${columns} from ${table} r ${join}
   where (r.tenant_id, r.id) > ($1::uuid, $2::uuid) and ${where} order by r.tenant_id, r.id limit $3::int for no key update of r`;

type Addressed = Key & AddressColumns & { provider: string; address: string; defaultRegion: string | null };
const addressed =
  'r.address, r.identity_key as "identityKey", r.address_key as "addressKey", i.default_region as "defaultRegion"';
const withConfig = 'join integration_config i on i.tenant_id = r.tenant_id and i.id = r.integration_config_id';

const column = <Row, Name extends keyof Row>(rows: readonly Row[], name: Name) => rows.map((row) => row[name]) as Value;

/** The rows whose columns are not as the rules make them now, with what these make of them. */
const stale = <Row extends Addressed>(rows: readonly Row[]) =>
  rows.flatMap((row) => {
    const now = addressColumns(row.provider, row.address, row.defaultRegion);
    return now.identityKey === row.identityKey && now.addressKey === row.addressKey ? [] : [{ ...row, ...now }];
  });

type ChannelRow = Addressed & { addressValid: boolean };

const writeChannels = globalStatement<never>(
  `update channel c set identity_key = g.identity_key, address_key = g.address_key, address_valid = g.valid
   from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::boolean[]) g (tenant_id, id, identity_key, address_key, valid)
   where c.tenant_id = g.tenant_id and c.id = g.id`,
);

const channels: Pass<ChannelRow> = {
  name: 'channel keys 1',
  read: globalStatement(page('channel', `r.provider, ${addressed}, r.address_valid as "addressValid"`, withConfig)),
  async write(query, rows) {
    const changed = rows.flatMap((row) => {
      const addressValid = fitsProvider(row.provider, row.address, row.defaultRegion);
      const now = addressColumns(row.provider, row.address, row.defaultRegion);
      const same =
        now.identityKey === row.identityKey && now.addressKey === row.addressKey && addressValid === row.addressValid;
      return same ? [] : [{ ...row, ...now, addressValid }];
    });
    if (changed.length === 0) return;
    const keys = [column(changed, 'identityKey'), column(changed, 'addressKey')];
    await query(
      writeChannels,
      column(changed, 'tenantId'),
      column(changed, 'id'),
      ...keys,
      column(changed, 'addressValid'),
    );
  },
};

// Of several that turn out to be one sender, one gets the key; the others stay as they are, and hear no more messages.
const writeSenders = globalStatement<never>(
  `update unknown_sender u set identity_key = g.identity_key, address_key = g.address_key
   from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) g (tenant_id, id, identity_key, address_key)
   where u.tenant_id = g.tenant_id and u.id = g.id and not exists (
     select from unknown_sender o where o.tenant_id = u.tenant_id and o.integration_config_id = u.integration_config_id and o.id <> u.id
       and md5(${comparedBy('o')}) = md5(coalesce(g.address_key, g.identity_key, u.address)))`,
);

const senders: Pass<Addressed & { integrationConfigId: string }> = {
  name: 'unknown sender keys 1',
  read: globalStatement(
    page('unknown_sender', `i.provider, r.integration_config_id as "integrationConfigId", ${addressed}`, withConfig),
  ),
  async write(query, rows) {
    const once = firstOfEach(
      stale(rows),
      ({ integrationConfigId, addressKey, identityKey, address }) =>
        `${integrationConfigId} ${addressKey ?? identityKey ?? address}`,
    );
    if (once.length === 0) return;
    const keys = [column(once, 'identityKey'), column(once, 'addressKey')];
    await query(writeSenders, column(once, 'tenantId'), column(once, 'id'), ...keys);
  },
};

// The number of another user stays as it is stored, and that user is found by the others.
const writeUsers = globalStatement<never>(
  `update external_user u set phone_number = g.phone_number, phone_key = g.phone_key
   from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) g (tenant_id, id, phone_number, phone_key)
   where u.tenant_id = g.tenant_id and u.id = g.id and not exists (
     select from external_user o where o.tenant_id = u.tenant_id and o.id <> u.id and o.phone_number is not null
       and ${phoneKeyOf('o')} = coalesce(g.phone_key, g.phone_number))`,
);

const users: Pass<Key & { phoneNumber: string; phoneKey: string | null }> = {
  name: 'external user telephones 1',
  read: globalStatement(
    page(
      'external_user',
      'r.phone_number as "phoneNumber", r.phone_key as "phoneKey"',
      '',
      'r.phone_number is not null',
    ),
  ),
  async write(query, rows) {
    const changed = rows.flatMap((row) => {
      const now = phoneColumns(asDialledToday(row.phoneNumber));
      return now.phoneNumber === row.phoneNumber && now.phoneKey === row.phoneKey ? [] : [{ ...row, ...now }];
    });
    const once = firstOfEach(changed, ({ tenantId, phoneNumber }) => `${tenantId} ${telephoneKey(phoneNumber ?? '')}`);
    if (once.length === 0) return;
    const numbers = [column(once, 'phoneNumber'), column(once, 'phoneKey')];
    await query(writeUsers, column(once, 'tenantId'), column(once, 'id'), ...numbers);
  },
};

const writeNames = globalStatement<never>(
  `update participant p set name_key = name_key(p.display_name)
   from unnest($1::uuid[], $2::uuid[]) g (tenant_id, id) where p.tenant_id = g.tenant_id and p.id = g.id`,
);

const names: Pass<Key & { nameKey: string | null }> = {
  name: 'participant names 1',
  read: globalStatement(page('participant', 'r.name_key as "nameKey"')),
  async write(query, rows) {
    const without = rows.filter(({ nameKey }) => nameKey === null);
    if (without.length > 0) await query(writeNames, column(without, 'tenantId'), column(without, 'id'));
  },
};

function firstOfEach<Row>(rows: readonly Row[], keyOf: (row: Row) => string): Row[] {
  const first = new Map<string, Row>();
  for (const row of rows) if (!first.has(keyOf(row))) first.set(keyOf(row), row);
  return [...first.values()];
}

const finished = globalStatement<{ name: string }>('select b.name from backfill b where b.finished_at is not null');
const begin = globalStatement<never>('insert into backfill (name) values ($1) on conflict do nothing');
const take = globalStatement<{ tenantId: string | null; id: string | null }>(
  `select b.after_tenant as "tenantId", b.after_id as id from backfill b where b.name = $1 and b.finished_at is null for update skip locked`,
);
const goOn = globalStatement<never>(
  `update backfill set after_tenant = $2::uuid, after_id = $3::uuid, finished_at = case when $4::boolean then now() end where name = $1`,
);

/** One batch of a pass, in a transaction of its own; whether there is more for this process to do. */
const step = <Row extends Key>(database: Database, { name, read, write }: Pass<Row>): Promise<boolean> =>
  database.transaction(async (query) => {
    // Not there when it is finished, or when another process has it.
    const [from] = await query(take, name);
    if (!from) return false;
    const rows = await query(read, from.tenantId ?? nobody, from.id ?? nobody, batch);
    await write(query, rows);
    const last = rows.at(-1);
    const isOver = rows.length < batch;
    await query(goOn, name, last?.tenantId ?? from.tenantId, last?.id ?? from.id, isOver);
    return !isOver;
  });

async function run<Row extends Key>(database: Database, pass: Pass<Row>): Promise<void> {
  await database.query(begin, pass.name);
  for (let more = true; more; ) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        more = await step(database, pass);
        break;
      } catch (error) {
        // Somebody took the same key between the look and the write, or waits for the same rows.
        if (attempt >= tries) throw error;
      }
    }
  }
}

/**
 * Gives stored addresses, telephone numbers and names the keys that the rules of this version make of them: every row and its id stay, and only rows
 * whose columns differ are written, in batches of a thousand that each commit. What was stopped goes on where it was; what another process is
 * doing is left to it. Until a row's turn it is compared as it was stored. A pass that fails is logged, and goes on at the next start.
 */
export async function backfillKeys(database: Database, log: Logger): Promise<void> {
  const over = new Set((await database.query(finished)).map(({ name }) => name));
  const passes = [
    { name: channels.name, all: () => run(database, channels) },
    { name: senders.name, all: () => run(database, senders) },
    { name: users.name, all: () => run(database, users) },
    { name: names.name, all: () => run(database, names) },
  ];
  for (const { name, all } of passes.filter((pass) => !over.has(pass.name)))
    await all().catch((error: unknown) => log.warn({ err: error }, `the pass over ${name} was not finished`));
}
