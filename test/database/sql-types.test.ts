import { expect, test } from 'vitest';
import type { TenantDatabase } from '../../src/database/database.ts';
import type { Participant } from '../../src/database/generated/client.ts';
import { columns, nothing } from '../../src/database/sql/columns.ts';
import { anyKey, ofAgent, parameter, sql, tenant, viewerAgent } from '../../src/database/sql/fragment.ts';
import { globalStatement, statement } from '../../src/database/sql/statement.ts';
import { boolean, integer, uuid } from '../../src/database/sql/types.ts';
import { reading } from '../../src/schema/selection.ts';

// What the compiler refuses. Each line below would have to compile, or this file does not.

const db = { query: async () => [] } as unknown as TenantDatabase;
const row = columns('Participant', 'p', ['id', 'email']);
const one = statement(row)`select ${row} from participant p
  where p.tenant_id = ${tenant} and p.id = ${parameter('id', uuid)} and p.disabled_at is null = ${parameter('enabled', boolean)}`;

test('the compiler refuses what a statement does not take or give', async () => {
  const found = await db.query(one, { id: 'a', enabled: true });
  // @ts-expect-error a parameter is missing
  await db.query(one, { id: 'a' });
  // @ts-expect-error two parameters are swapped
  await db.query(one, { id: true, enabled: 'a' });
  // @ts-expect-error a parameter that the statement does not take
  await db.query(one, { id: 'a', enabled: true, kind: 'PERSON' });
  // @ts-expect-error nothing is given
  await db.query(one);
  // @ts-expect-error the tenant is the handle's
  await db.query(one, { id: 'a', enabled: true, tenantId: 'b' });
  // @ts-expect-error a column that was not selected
  for (const { displayName } of found) expect(displayName).toBeUndefined();
  // @ts-expect-error a column that may be null
  for (const { email } of found) expect(email.length).toBeUndefined();
  // @ts-expect-error a statement outside any tenant
  await db.query(globalStatement(nothing)`select from tenant t`);
  expect(found).toEqual([]);
});

test('the compiler refuses pieces that are none, and columns that no model has', () => {
  // @ts-expect-error a text of its own in a statement
  expect(() => sql`select ${'a'}`).toThrow();
  // @ts-expect-error a column that the model does not have
  columns('Participant', 'p', ['name']);
  // @ts-expect-error a type that keys cannot have
  anyKey(integer);
});

test('a statement’s parameters are those of all its pieces, with the forms for one agent’s viewers', () => {
  const of = statement(row)`select ${row} from participant p
    where p.tenant_id = ${tenant} and p.id = ${anyKey(uuid)}${ofAgent(sql` and p.related_agent_id = ${viewerAgent}`)} limit ${2}`;
  expect(of.all.many.text).toMatch(/p\.tenant_id = \$1::uuid and p\.id = any\(\$2::uuid\[\]\) limit 2$/);
  expect(of.all.one?.text).toMatch(/p\.id = \$2::uuid limit 2$/);
  expect(of.ofAgent?.many.text).toMatch(/any\(\$2::uuid\[\]\) and p\.related_agent_id = \$3::text limit 2$/);
  expect(of.ofAgent?.one?.places.map(({ name }) => name)).toEqual(['tenantId', 'keys', 'viewerAgentId']);
});

test('a field’s resolver sees what it said that it reads, and nothing else', () => {
  const ofParticipant = reading<Participant>();
  const field = ofParticipant(['email'], ({ email }) => email);
  expect(field.extensions).toEqual({ reads: ['email'] });
  // @ts-expect-error it did not say that it reads the name
  ofParticipant(['email'], ({ displayName }) => displayName);
  // @ts-expect-error the model has no column of that name
  ofParticipant(['name'], () => null);
});
