import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type AnyStatement, type DefinitionObserver, observeDefinitions } from '../../src/database/sql/statement.ts';
import { defineStatements } from './define-statements.ts';

type Defined = Parameters<DefinitionObserver>[0];
const defined = new Map<string, Defined>();
observeDefinitions((each) => defined.set('all' in each ? each.name : each.text, each));
beforeAll(defineStatements, 120_000);

const tables = new Set(
  Array.from(readFileSync('prisma/schema.prisma', 'utf8').matchAll(/@@map\("(\w+)"\)/g), ([, name]) => name as string),
);
/** The table that is on the coordinator: see deploy/citus.sql. */
const coordinators = 'backfill';

const keywords = 'where|set|on|order|join|left|cross|inner|using|for|group|limit|returning|union|select|values';
const named = new RegExp(
  `\\b(from|join|update|into|using)\\s+(?:only\\s+)?(\\w+)\\b(?:\\s+(?:as\\s+)?(?!(?:${keywords})\\b)(\\w+))?`,
  'g',
);

/** The tables of a text, by the names that its conditions have for them. */
const namesIn = (text: string) =>
  Array.from(text.matchAll(named), ([, word, table, alias]) => ({
    word,
    table: table as string,
    alias: alias ?? table,
  }))
    .filter(({ table }) => tables.has(table))
    .map(({ word, table, alias }) => ({ word, table, alias: alias as string }));

/** Those names whose rows are of the tenant that is a parameter: by comparison with it, or with another of them. */
function ofTenant(text: string): Set<string> {
  const found = new Set(Array.from(text.matchAll(/\b(\w+)\.tenant_id = \$\d+::uuid/g), ([, alias]) => alias as string));
  const pairs = Array.from(text.matchAll(/\b(\w+)\.tenant_id = (\w+)\.tenant_id\b/g), ([, a, b]) => [a, b] as string[]);
  for (let before = -1; before < found.size; ) {
    before = found.size;
    for (const [a, b] of pairs as [string, string][]) if (found.has(a) || found.has(b)) found.add(a).add(b);
  }
  return found;
}

const inserts = /\binsert into (\w+)/g;
const source =
  /\binsert into \w+(?:\s+as \w+)?(?:\s+\(tenant_id,[^)]*\))?\s+(?:values \(|select )(?:(\$\d+::uuid)|(\w+)\.(?:tenant_id|\*))/g;

/** What of a text is not of the tenant that is its parameter: tables, and rows that it adds. */
function faultsOf(text: string): string[] {
  const good = ofTenant(text);
  const read = namesIn(text).filter(
    ({ word, table, alias }) => word !== 'into' && table !== 'tenant' && !good.has(alias),
  );
  const added = Array.from(text.matchAll(inserts)).length;
  const sources = Array.from(text.matchAll(source)).filter(([, tenant, alias]) => tenant || good.has(alias as string));
  return [
    ...read.map(({ table, alias }) => `${table} ${alias}: ${text}`),
    ...(added === sources.length ? [] : [`adds rows of another tenant: ${text}`]),
  ];
}

/** Whether a table is compared with the tenants of something else. `m` are the memberships that were found. */
const isOfInput = (text: string): boolean => {
  const aliases = new Set(namesIn(text).map(({ alias }) => alias));
  return Array.from(text.matchAll(/\b(\w+)\.tenant_id = (\w+)\.tenant_id\b/g)).some(
    ([, one, other]) => aliases.has(one as string) && !aliases.has(other as string) && other !== 'm',
  );
};

const statements = () => [...defined.values()];
const textsOf = ({ all, ofAgent }: AnyStatement): string[] =>
  [all, ...(ofAgent ? [ofAgent] : [])].flatMap(({ many, one }) => (one ? [many.text, one.text] : [many.text]));
const ofKind = (kind: AnyStatement['kind']): string[] =>
  statements().flatMap((each) => ('all' in each && each.kind === kind ? textsOf(each) : []));
/** The forms for one tenant of what is usually sent for several. */
const narrowed = (): string[] => statements().flatMap(({ ofTenant }) => (ofTenant ? [ofTenant.text] : []));

const writes = /\b(insert|update|delete|for share|for key share)\b/i;

describe('where tenants are on several nodes', () => {
  test('a statement outside any tenant neither writes nor locks, but on the coordinator', () => {
    const writing = ofKind('global').filter((text) => writes.test(text));
    expect(writing).toHaveLength(3);
    for (const text of writing)
      expect(new Set(namesIn(text).map(({ table }) => table))).toEqual(new Set([coordinators]));
  });

  test('every statement of a tenant names it for each table and for each row that it adds', () => {
    const texts = [...ofKind('tenant'), ...ofKind('batchedRead')];
    expect(texts.length).toBeGreaterThan(3_000);
    expect(texts.flatMap(faultsOf)).toEqual([]);
  });

  test('so does what is otherwise sent for callers of several tenants, in its form for one', () => {
    const texts = narrowed();
    expect(ofKind('tenants')).toHaveLength(5);
    expect(texts.length).toBeGreaterThan(500);
    expect(texts.flatMap(faultsOf)).toEqual([]);
    // By its parameter, never by a column of the input.
    expect(texts.filter(isOfInput)).toEqual([]);
  });
});

describe('the search for faults finds', () => {
  const ofA = 'select a.id from agent a where a.tenant_id = $1::uuid';
  test.each([
    ['a table that is not compared', `${ofA} and exists (select from channel c where c.id = a.id)`],
    ['one that is compared with the input', 'select a.id from asked join agent a on a.tenant_id = asked.tenant_id'],
    ['a row of a tenant of the input', 'insert into agent (tenant_id, id) select g.tenant_id, g.id from given g'],
  ])('%s', (_, text) => {
    expect(faultsOf(text)).toHaveLength(1);
  });
  test('nothing in others', () => {
    expect(faultsOf(`${ofA} and exists (select from channel c where c.tenant_id = a.tenant_id)`)).toEqual([]);
  });
});
