import { expect } from 'vitest';
import type { TestApp, TestTenant, Untyped } from '../app.ts';
import { rowsOf } from '../tenants/world.ts';

/*
 * What holds of the rows of a tenant after each merge, undo, deletion and erasure, in any order.
 */

type Row = Record<string, Untyped>;
type Rows = Readonly<Record<string, readonly Row[]>>;

/** All rows of a tenant, by table. */
export async function allRows({ app }: TestApp, { id }: TestTenant): Promise<Rows> {
  const found = await rowsOf(app.database, id);
  return Object.fromEntries(
    Object.entries(found).map(([table, rows]) => [
      table,
      rows.map((stored) => JSON.parse((stored as { row: string }).row) as Row),
    ]),
  );
}

const idsOf = (rows: readonly Row[] = []) => new Set(rows.map(({ id }) => id));
const doubled = (all: readonly unknown[]) => all.filter((one, at) => all.indexOf(one) !== at);

/** The e-mail address, telephone number and foreign key of each user are the primary ones of its identifiers. */
function demandIdentifiers(rows: Rows): void {
  const identifiers = rows['external_user_identifier'] ?? [];
  const users = idsOf(rows['external_user']);
  expect(identifiers.filter((its) => !users.has(its['external_user_id']))).toEqual([]);
  expect(doubled(identifiers.map((its) => `${its['identifier_key']} ${its['compare_key']}`))).toEqual([]);
  for (const user of rows['external_user'] ?? []) {
    const theirs = identifiers.filter((its) => its['external_user_id'] === user['id']);
    const primary = (key: string) =>
      theirs.filter((its) => its['identifier_key'] === key && its['is_primary']).map((its) => its['identifier_value']);
    const listed = (value: unknown) => (value === null ? [] : [value]);
    expect(theirs).not.toEqual([]);
    expect([primary('emailaddress'), primary('phonenumber'), primary('fkid')]).toEqual(
      [user['email'], user['phone_number'], user['fk_id']].map(listed),
    );
  }
}

/** Memberships that hold are of somebody who is there, once in a conversation. */
function demandMemberships(rows: Rows): void {
  const present = new Set([...idsOf(rows['external_user']), ...idsOf(rows['participant'])]);
  const held = (rows['conversation_member'] ?? []).filter((its) => its['deleted_at'] === null);
  const ofPeople = held.filter(({ type }) => type === 'CONTACT' || type === 'USER');
  expect(ofPeople.filter((its) => !present.has(its['contact_id'] ?? its['user_id']))).toEqual([]);
  expect(ofPeople.filter((its) => (its['contact_id'] ?? its['user_id']) !== its['participant_id'])).toEqual([]);
  expect(doubled(ofPeople.map((its) => `${its['conversation_id']} ${its['participant_id']}`))).toEqual([]);
}

/** Ids that were merged away lead to somebody who is there, and merges name nobody who is gone. */
function demandRedirects(rows: Rows): void {
  const present = {
    EXTERNAL_USER: idsOf(rows['external_user']),
    PARTICIPANT: idsOf(rows['participant']),
  };
  const redirects = rows['merged_id'] ?? [];
  const open = idsOf(rows['merge']?.filter((its) => its['undone_at'] === null));
  const kinds = (its: Row) => present[its['kind'] as keyof typeof present];
  expect(redirects.filter((its) => !kinds(its).has(its['into_id']) || kinds(its).has(its['id']))).toEqual([]);
  expect(redirects.filter((its) => !open.has(its['merge_id']))).toEqual([]);
  const known = new Set([...present.EXTERNAL_USER, ...present.PARTICIPANT, ...idsOf(redirects)]);
  for (const { into_id: into, record } of rows['merge'] ?? []) {
    const named = [into, ...record.from.map(({ row }: { row: Row }) => row['id'])];
    expect(named.filter((id) => !known.has(id))).toEqual([]);
  }
}

/** Checks all of it. */
export function demandInvariants(rows: Rows): void {
  demandIdentifiers(rows);
  demandMemberships(rows);
  demandRedirects(rows);
  const people = new Set([...idsOf(rows['external_user']), ...idsOf(rows['participant'])]);
  for (const table of ['external_user_search', 'participant_search'])
    expect((rows[table] ?? []).filter(({ id }) => !people.has(id))).toEqual([]);
}
