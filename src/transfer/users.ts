import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import type { TenantTransaction } from '../database/database.ts';
import type { ExternalUser } from '../database/generated/client.ts';
import { asUuid, newId } from '../database/ids.ts';
import { columns, rows } from '../database/sql/columns.ts';
import { parameter, sql, tenant } from '../database/sql/fragment.ts';
import { sameEmail } from '../database/sql/same-email.ts';
import { statement } from '../database/sql/statement.ts';
import { integer, type SqlType, uuid } from '../database/sql/types.ts';
import { digestSql } from '../erasure/digests.ts';
import { importedUser } from '../external-users/external-users.ts';
import { phoneColumns, phoneKeyOf } from '../external-users/identifiers.ts';
import { type Given, noOutcome, type Outcome, type Writing } from './outcome.ts';

const jsonText: SqlType<string> = { name: 'json', isNullable: false };
const asked = sql`json_to_recordset(${parameter('rows', jsonText)}) as g (n int, id uuid, email text, phone_key text, fk_id text)`;

const user = columns('ExternalUser', 'u');

// Each way to find a user has an index of its own. Users are locked in one order by every import.
const matching = statement(rows({ n: integer }, user))`
  with found as (
    select g.n, u.id from ${asked} join external_user u on u.tenant_id = ${tenant} and u.id = g.id
    union select g.n, u.id from ${asked} join external_user u on u.tenant_id = ${tenant} and ${sameEmail(sql`u.email`, sql`g.email`)}
    union select g.n, u.id from ${asked} join external_user u on u.tenant_id = ${tenant} and u.phone_number is not null and ${phoneKeyOf('u')} = g.phone_key
    union select g.n, u.id from ${asked} join external_user u on u.tenant_id = ${tenant} and u.fk_id = g.fk_id
  ), locked as materialized (
    select u.* from external_user u where u.tenant_id = ${tenant} and u.id in (select f.id from found f) order by u.id for no key update
  )
  select f.n, ${user} from found f join locked u on u.id = f.id order by f.n, u.id`;

const blocked = statement(rows({ n: integer }))`
  select g.n from ${asked} where exists (
    select from blocked_digest b where b.tenant_id = ${tenant} and b.digest in (
      ${digestSql(tenant, sql`'identity ' || lower(g.email)`)}, ${digestSql(tenant, sql`'identity ' || g.phone_key`)},
      ${digestSql(tenant, sql`'fkid ' || g.fk_id`)}))`;

const whole = sql`json_to_recordset(${parameter('rows', jsonText)}) as g (id uuid, first_name text, last_name text, email text,
  phone_number text, phone_key text, fk_id text, fk_user_id text, context text, source text, metadata jsonb)`;

const insert = statement(rows({ id: uuid }))`
  insert into external_user (tenant_id, id, first_name, last_name, email, phone_number, phone_key, fk_id, fk_user_id, context, source, metadata)
  select t.tenant_id, g.id, g.first_name, g.last_name, g.email, g.phone_number, g.phone_key, g.fk_id, g.fk_user_id, g.context, g.source, g.metadata
  from (select ${tenant} as tenant_id) t cross join ${whole} where t.tenant_id = ${tenant} order by g.id on conflict do nothing returning id`;

const update = statement(rows({ id: uuid }))`
  update external_user u set first_name = g.first_name, last_name = g.last_name, email = g.email, phone_number = g.phone_number,
    phone_key = g.phone_key, fk_id = g.fk_id, fk_user_id = g.fk_user_id, context = g.context, source = g.source, metadata = g.metadata
  from ${whole} where u.tenant_id = ${tenant} and u.id = g.id returning u.id`;

type Checked = { line: number; id: string | null; user: z.output<typeof importedUser>; phoneKey: string | null };

/** The names in one text: the last word is the last name. */
function named(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { displayName, ...others } = fields;
  if (typeof displayName !== 'string' || others['firstName'] != null || others['lastName'] != null) return others;
  const words = displayName.trim().split(/\s+/);
  const last = words.length > 1 ? words.pop() : undefined;
  return { ...others, firstName: words.join(' '), ...(last && { lastName: last }) };
}

function check({ line, fields }: Given, outcome: Outcome): Checked | null {
  const { id = null, ...given } = named(fields);
  const ownId = typeof id === 'string' ? asUuid(id) : null;
  const result = importedUser.safeParse(given);
  if (!result.success) {
    const [issue] = result.error.issues;
    outcome.rejected.push({ line, field: issue?.path.join('.') || null, reason: issue?.message ?? 'is not right' });
    return null;
  }
  const { phoneKey, phoneNumber } = phoneColumns(result.data.phoneNumber ?? null);
  return { line, id: ownId, user: result.data, phoneKey: phoneKey ?? phoneNumber };
}

const keysOf = ({ id, user, phoneKey }: Checked): string[] => [
  ...(id ? [`id ${id}`] : []),
  ...(user.email ? [`email ${user.email.toLowerCase()}`] : []),
  ...(phoneKey ? [`phone ${phoneKey}`] : []),
  ...(user.fkId ? [`fk ${user.fkId}`] : []),
];

const askedOf = (wave: readonly Checked[]): string =>
  JSON.stringify(
    wave.map(({ id, user, phoneKey }, n) => ({
      n,
      id,
      email: user.email ?? null,
      phone_key: phoneKey,
      fk_id: user.fkId ?? null,
    })),
  );

const columnsFor = (id: string, user: Partial<ExternalUser> | Checked['user']) => {
  const phone = phoneColumns(user.phoneNumber ?? null);
  return {
    id,
    first_name: user.firstName ?? null,
    last_name: user.lastName ?? null,
    email: user.email ?? null,
    phone_number: phone.phoneNumber,
    phone_key: phone.phoneKey,
    fk_id: user.fkId ?? null,
    fk_user_id: user.fkUserId ?? null,
    context: user.context ?? null,
    source: user.source ?? null,
    metadata: user.metadata ?? null,
  };
};

const updatable = [
  'firstName',
  'lastName',
  'email',
  'phoneNumber',
  'fkId',
  'fkUserId',
  'context',
  'source',
  'metadata',
] as const;

/** Whether a value is what is stored: an e-mail address in another case is. */
const isSame = (field: string, given: unknown, stored: unknown): boolean =>
  field === 'email' && typeof given === 'string' && typeof stored === 'string'
    ? given.toLowerCase() === stored.toLowerCase()
    : isDeepStrictEqual(given, stored);

/** Rows of which no two name the same user: later ones must see what earlier ones have written. */
function* waves(checked: readonly Checked[]): Generator<Checked[]> {
  for (let left = checked; left.length > 0; ) {
    const taken = new Set<string>();
    const wave: Checked[] = [];
    const later: Checked[] = [];
    for (const row of left) {
      const keys = keysOf(row);
      const isFree = !keys.some((key) => taken.has(key));
      // A row that waits keeps its keys, so that the order of the file is kept.
      for (const key of keys) taken.add(key);
      (isFree ? wave : later).push(row);
    }
    yield wave;
    left = later;
  }
}

async function writeWave(tx: TenantTransaction, wave: Checked[], writing: Writing, outcome: Outcome): Promise<void> {
  const reject = ({ line }: Checked, field: string | null, reason: string) =>
    outcome.rejected.push({ line, field, reason });
  const given = askedOf(wave);
  const gone = new Set((await tx.query(blocked, { rows: given })).map(({ n }) => n));
  const found = new Map<number, ExternalUser[]>();
  for (const { n, ...existing } of await tx.query(matching, { rows: given }))
    found.set(n, [...(found.get(n) ?? []), existing as ExternalUser]);

  const added: { row: Checked; id: string }[] = [];
  const changed: object[] = [];
  for (const [n, row] of wave.entries()) {
    const [existing, ...others] = found.get(n) ?? [];
    if (gone.has(n)) reject(row, null, 'is a person who was erased and may not be brought back');
    else if (others.length > 0) reject(row, null, 'has identifiers of several external users');
    else if (!existing) added.push({ row, id: row.id ?? newId() });
    else if (writing.onConflict === 'FAIL') reject(row, null, 'is an external user that exists already');
    else {
      const fresh = updatable.filter(
        (field) => row.user[field] != null && !isSame(field, row.user[field], existing[field]),
      );
      if (writing.onConflict === 'SKIP' || fresh.length === 0) outcome.unchanged += 1;
      else {
        const after = { ...existing, ...Object.fromEntries(fresh.map((field) => [field, row.user[field]])) };
        changed.push(columnsFor(existing.id, after));
        outcome.updated += 1;
      }
    }
  }
  if (changed.length > 0 && !writing.isDryRun) await tx.query(update, { rows: JSON.stringify(changed) });
  const written = new Set(
    added.length === 0 || writing.isDryRun
      ? added.map(({ id }) => id)
      : (await tx.query(insert, { rows: JSON.stringify(added.map(({ row, id }) => columnsFor(id, row.user))) })).map(
          ({ id }) => id,
        ),
  );
  outcome.created += written.size;
  // Somebody else has added them since they were looked for.
  const late = added.filter(({ id }) => !written.has(id));
  for (const { row } of late) {
    if (writing.onConflict === 'SKIP') outcome.unchanged += 1;
    else reject(row, null, 'was added by somebody else at the same time');
  }
}

/** Writes a batch of external users, set by set. What is refused is in the outcome. */
export async function writeUsers(tx: TenantTransaction, batch: readonly Given[], writing: Writing): Promise<Outcome> {
  const outcome = noOutcome();
  const checked = batch.map((row) => check(row, outcome)).filter((row) => row !== null);
  for (const wave of waves(checked)) await writeWave(tx, wave, writing, outcome);
  return outcome;
}
