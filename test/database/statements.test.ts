import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { columns, nothing, type Rows, rows } from '../../src/database/sql/columns.ts';
import { parameter, sql, tenant } from '../../src/database/sql/fragment.ts';
import {
  type AnyStatement,
  type Compiled,
  type DefinitionObserver,
  globalStatement,
  observeDefinitions,
  statement,
} from '../../src/database/sql/statement.ts';
import { integer, text, uuid } from '../../src/database/sql/types.ts';
import { type Describing, openDescribing } from '../setup/describing.ts';
import { defineStatements, files } from './define-statements.ts';

type Defined = Parameters<DefinitionObserver>[0];
const defined = new Map<string, Defined>();
observeDefinitions((each) => defined.set('all' in each ? each.name : each.text, each));

let database: Describing;
let typeNames: ReadonlyMap<number, string>;
/** Whether a table's column may be null, by the table's and the column's numbers. */
let mayBeNull: ReadonlyMap<string, boolean>;

beforeAll(async () => {
  database = await openDescribing(inject('database'));
  const types = await database.query('select oid::int8::int as oid, format_type(oid, null) as name from pg_type');
  typeNames = new Map(types.map(({ oid, name }) => [oid as number, name as string]));
  const attributes = await database.query(
    `select attrelid::int8::int as relation, attnum::int as number, not attnotnull as nullable from pg_attribute where attnum > 0`,
  );
  mayBeNull = new Map(attributes.map((row) => [`${row['relation']} ${row['number']}`, row['nullable'] as boolean]));
});
afterAll(() => database.close());

/** What a declared type and PostgreSQL's name of a type have in common: a model's text may be a UUID. */
const fits = (declared: string | null, actual: string | undefined) =>
  declared === null ? actual === 'text' || actual === 'uuid' : declared === actual;

/** What is declared of a text's rows and is not so. */
async function faultsOfRows(sqlText: string, declared: Rows<unknown>['columns'], name: string): Promise<string[]> {
  const { columns: actual } = await database.describe(sqlText);
  const faults: string[] = [];
  const names = actual.map((column) => column.name);
  for (const column of Object.keys(declared))
    if (!names.includes(column)) faults.push(`${name}: ${column} is not selected`);
  for (const column of actual) {
    const type = declared[column.name];
    const actualType = typeNames.get(column.type);
    if (!type) faults.push(`${name}: ${column.name} is not declared`);
    else if (!fits(type.name, actualType)) faults.push(`${name}: ${column.name} is ${actualType}, not ${type.name}`);
    else if (!type.isNullable && !type.isAssured && mayBeNull.get(`${column.table} ${column.column}`))
      faults.push(`${name}: ${column.name} may be null`);
  }
  return faults;
}

async function faultsOf(each: Defined): Promise<string[]> {
  // PostgreSQL says of a batched write what its JSON text is; what is in it stands in the innermost select.
  if (!('all' in each)) {
    const inner = each.text.replace(
      / select coalesce\(json_agg\(r\), '\[\]'\)::text as rows from \(([\s\S]*)\) r$/,
      ' $1',
    );
    return faultsOfRows(inner, each.rows.columns, each.text.slice(0, 80));
  }
  const faults: string[] = [];
  for (const { text: sqlText, places, forMany } of formsOf(each)) {
    const { parameters } = await database.describe(sqlText);
    const [declared, actual] = [places.map(({ type }) => type.name), parameters.map((type) => typeNames.get(type))];
    if (JSON.stringify(declared) !== JSON.stringify(actual))
      faults.push(`${sqlText.slice(0, 80)}: takes ${actual}, not ${declared}`);
    faults.push(...(await faultsOfRows(sqlText, each.rows.columns, sqlText.slice(0, 80))));
    if (forMany) await database.describe(forMany.text);
  }
  return faults;
}

const formsOf = ({ all, ofAgent }: AnyStatement): Compiled[] =>
  [all, ...(ofAgent ? [ofAgent] : [])].flatMap(({ many, one }) => (one ? [many, one] : [many]));

test('every statement is what it is declared to be, in each of its forms', { timeout: 300_000 }, async () => {
  await defineStatements();
  expect(files.length).toBeGreaterThan(30);
  expect(defined.size).toBeGreaterThan(1_000);
  const faults: string[] = [];
  for (const each of [...defined.values()])
    faults.push(
      ...(await faultsOf(each).catch((error: Error) => [
        `${error.message}: ${'text' in each ? each.text : each.all.many.text}`,
      ])),
    );
  expect([...new Set(faults)]).toEqual([]);
});

test('no statement is made but by these: there is no other way to a connection', () => {
  const others = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
    (file) =>
      file.endsWith('.ts') &&
      !file.startsWith('database/') &&
      /\$(queryRaw|executeRaw)/.test(readFileSync(`src/${file}`, 'utf8')),
  );
  expect(others).toEqual([]);
});

test.each([
  [
    'a column that no table has',
    () => statement(nothing)`select a.nmae from agent a where a.tenant_id = ${tenant}`,
    /nmae/,
  ],
  [
    'a parameter of another type than its column',
    () => statement(nothing)`delete from file f where f.tenant_id = ${tenant} and f.id = ${parameter('id', text)}`,
    /uuid = text/,
  ],
  [
    'a column that is selected and not declared',
    () => statement(rows({ id: text }))`select a.id, a.name from agent a where a.tenant_id = ${tenant}`,
    /name is not declared/,
  ],
  [
    'a column that is declared and not selected',
    () => statement(rows({ id: text, name: text }))`select a.id from agent a where a.tenant_id = ${tenant}`,
    /name is not selected/,
  ],
  [
    'a column of another type',
    () => globalStatement(rows({ count: integer }))`select count(*) as count from agent`,
    /count is bigint, not integer/,
  ],
  [
    'a column that may be null',
    () =>
      statement(rows({ id: uuid, email: text }))`select p.id, p.email from participant p where p.tenant_id = ${tenant}`,
    /email may be null/,
  ],
])('%s is found', async (_, make, fault) => {
  const found = await faultsOf(make()).catch((error: Error) => [error.message]);
  expect(found.join('\n')).toMatch(fault);
});

test('a parameter that comes with two types cannot be made, nor a text that is no name', () => {
  const twice = () => statement(
    nothing,
  )`select from agent a where a.tenant_id = ${tenant} and a.id = ${parameter('a', text)}
    and a.name = ${parameter('a', integer)}`;
  expect(twice).toThrow(/a is text and integer/);
  expect(() => sql`${1.5}`).toThrow(/whole numbers/);
  expect(() => columns('Agent', 'a; drop table agent')).toThrow(/Not a name/);
});
