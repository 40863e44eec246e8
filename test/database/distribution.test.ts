import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Connection } from '../../src/database/connection.ts';
import { connectTestDatabase } from '../setup/database.ts';

let connection: Connection;
beforeAll(async () => {
  connection = await connectTestDatabase(inject('database'));
});
afterAll(() => connection.close());

/** On the coordinator: see deploy/citus.sql. */
const local = ['_prisma_migrations', 'backfill'];
const ofTenants = `relkind in ('r', 'p') and relnamespace = 'public'::regnamespace and relname <> all('{${local}}')`;

async function read<Row>(query: string): Promise<Row[]> {
  let found: Row[] = [];
  await connection.script(async (run) => {
    found = (await run(query)) as Row[];
  });
  return found;
}

describe('what a distributed PostgreSQL refuses is not in the catalogue', () => {
  test('a table without the tenant', async () => {
    const tables = await read<{ name: string; column: string | null }>(`
      select c.relname as name, a.attname as column from pg_class c
      left join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and a.attnotnull and a.atttypid = 'uuid'::regtype
      where ${ofTenants}`);
    expect(tables.length).toBeGreaterThan(30);
    expect(tables.filter(({ column }) => column === null).map(({ name }) => name)).toEqual(['tenant']);
  });

  test('a unique or exclusion constraint, or a unique index, without the tenant', async () => {
    const found = await read(`
      select i.indexrelid::regclass::text as name from pg_index i join pg_class c on c.oid = i.indrelid
      where ${ofTenants} and (i.indisunique or i.indisexclusion) and not exists (
        select from pg_attribute a where a.attrelid = i.indrelid and a.attnum = any (i.indkey)
          and a.attname = case c.relname when 'tenant' then 'id' else 'tenant_id' end)`);
    expect(found).toEqual([]);
  });

  test('a reference that leads out of the tenant, or changes the key of what refers', async () => {
    const found = await read(`
      select k.conname as name from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_class o on o.oid = k.confrelid
      where k.contype = 'f' and ${ofTenants.replaceAll('rel', 'c.rel')} and (
        k.confupdtype <> 'a' or k.confdeltype not in ('a', 'r', 'c') or not k.convalidated or not exists (
          select from unnest(k.conkey, k.confkey) p (one, other)
          join pg_attribute a on a.attrelid = k.conrelid and a.attnum = p.one and a.attname = 'tenant_id'
          join pg_attribute b on b.attrelid = k.confrelid and b.attnum = p.other
            and b.attname = case o.relname when 'tenant' then 'id' else 'tenant_id' end))`);
    expect(found).toEqual([]);
  });

  test('a sequence, a foreign table, an inherited or unlogged table, or a rule', async () => {
    const found = await read(`
      select c.relname as name from pg_class c where relnamespace = 'public'::regnamespace
        and (relkind in ('S', 'f', 'm', 'v') or relpersistence = 'u' or relhasrules or relhassubclass)
        and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')`);
    expect(found).toEqual([]);
  });
});

describe('deploy/citus.sql', () => {
  const file = readFileSync('deploy/citus.sql', 'utf8');

  test('distributes each table once, after those that it refers to', async () => {
    class Undone extends Error {}
    let distributed: { name: string; column: string; colocated: string | null }[] = [];
    let references: { name: string; other: string }[] = [];
    let tables: { name: string }[] = [];
    await connection
      .script(async (run) => {
        // In place of the extension: what it is called with.
        await run(`
          create table pg_temp.distributed (place serial, name text primary key, "column" text, colocated text);
          create function public.create_distributed_table(of regclass, by text, colocate_with text default null) returns void
            language sql as 'insert into pg_temp.distributed (name, "column", colocated) values (of::text, by, colocate_with)'`);
        const [database] = (await run('select current_database() as name')) as { name: string }[];
        await run(file.replace(':"DBNAME"', `"${database?.name}"`));
        distributed = (await run(
          'select d.name, d."column", d.colocated from pg_temp.distributed d order by d.place',
        )) as never;
        references = (await run(`
          select conrelid::regclass::text as name, confrelid::regclass::text as other from pg_constraint
          where contype = 'f' and connamespace = 'public'::regnamespace`)) as never;
        tables = (await run(`select relname as name from pg_class where ${ofTenants}`)) as never;
        throw new Undone();
      })
      .catch((error: unknown) => {
        if (!(error instanceof Undone)) throw error;
      });
    const names = distributed.map(({ name }) => name);
    expect([...names].sort()).toEqual(tables.map(({ name }) => name).sort());
    expect(distributed[0]).toEqual({ name: 'tenant', column: 'id', colocated: null });
    for (const { column, colocated } of distributed.slice(1))
      expect({ column, colocated }).toEqual({ column: 'tenant_id', colocated: 'tenant' });
    const late = references.filter(({ name, other }) => names.indexOf(other) > names.indexOf(name));
    expect(late).toEqual([]);
  });

  test('says which tables stay on the coordinator', () => {
    for (const table of local) expect(file).toMatch(new RegExp(`^-- .*\\b${table}\\b`, 'm'));
  });
});
