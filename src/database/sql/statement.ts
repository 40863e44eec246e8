import { type BatchedWriteStatement, type Prepared, statementName } from '../statement.ts';
import type { Rows } from './columns.ts';
import {
  contains,
  type Form,
  type Fragment,
  name,
  type ParametersOf,
  type Part,
  type Place,
  render,
  sql,
} from './fragment.ts';
import type { SqlType, ValueOf } from './types.ts';

/** What is prepared: one of a statement's forms, and what stands in its places. */
export type Compiled = Prepared & {
  readonly places: readonly Place[];
  /** Of a batched read: the statement that does the same for many callers. */
  readonly forMany?: Prepared;
};

/** The forms of a statement for some viewers: for many keys, or no keys at all, and for one key. */
type Forms = { readonly many: Compiled; readonly one: Compiled | null };

/** A SQL statement that takes these parameters and gives these rows; each of its forms is prepared once a connection. */
export type Statement<Parameters, Row> = {
  /** Of its form for many keys and all viewers: the same for the same statement. */
  readonly name: string;
  /** For viewers who see all conversations, and, where they differ, for those who see one agent's. */
  readonly all: Forms;
  readonly ofAgent: Forms | null;
  readonly rows: Rows<Row>;
  /** Never set: it carries the type of the parameters: no fewer and no more will do. */
  readonly takes?: (parameters: Parameters) => Parameters;
};

/** A statement, with any parameters and rows. */
export type AnyStatement = Pick<Statement<unknown, unknown>, 'name' | 'all' | 'ofAgent' | 'rows'>;

/** Called with every statement that is defined, for the test that prepares all of them. */
export type DefinitionObserver = (
  statement: AnyStatement | Pick<BatchedWrite<unknown, unknown>, 'text' | 'rows'>,
) => void;
let observed: DefinitionObserver = () => {};
export const observeDefinitions = (observer: DefinitionObserver): void => {
  observed = observer;
};

type Kind = 'global' | 'tenant' | 'batchedRead';

const tenantPlace: Place = { name: 'tenantId', type: { name: 'uuid', isNullable: false } };
const keepsToTenant = /\btenant_id = \$1::uuid/;
const atPlace = (place: number, type: string) => `$${place + 1}::${type}`;

function compile(nodes: Fragment['nodes'], kind: Kind, form: Form): Compiled {
  const places: Place[] = kind === 'global' ? [] : [tenantPlace];
  const text = render(nodes, form, places, atPlace).trim();
  if (kind !== 'global' && !keepsToTenant.test(text))
    throw new Error(`A tenant's statement must say "tenant_id = \${tenant}": ${text}`);
  const compiled = { name: statementName(text), text, places };
  const isForEach = kind === 'batchedRead' && (form.isForOneKey || !contains(nodes, 'keys'));
  return isForEach ? { ...compiled, forMany: forMany(nodes, form) } : compiled;
}

/** The same for many callers: what they ask for are the rows of `asked`, with a column for each place. */
function forMany(nodes: Fragment['nodes'], form: Form): Prepared {
  const places: Place[] = [tenantPlace];
  const each = render(nodes, form, places, (place) => `asked."${place}"`).trim();
  if (/\basked\b/.test(render(nodes, form, [], () => '')))
    throw new Error(`A batched read calls nothing "asked": ${each}`);
  const array = places.find(({ type }) => type.name?.endsWith('[]'));
  if (array) throw new Error(`A batched read takes no arrays: ${array.name}`);
  const asked = places.map(({ type }, place) => `"${place}" ${type.name}`).join(', ');
  // A subquery in a select list is run once a row, by the plan that it has alone.
  const text = `select coalesce(json_agg((select coalesce(json_agg(r), '[]') from (${each}) r) order by asked.n), '[]')::text as rows
   from json_to_recordset($1::json) as asked (n int, ${asked})`;
  return { name: statementName(text), text };
}

function define<Parameters, Row>(
  { nodes }: Fragment<Parameters>,
  rows: Rows<Row>,
  kind: Kind,
): Statement<Parameters, Row> {
  const forms = (isOfAgent: boolean): Forms => ({
    many: compile(nodes, kind, { isOfAgent, isForOneKey: false }),
    one: contains(nodes, 'keys') ? compile(nodes, kind, { isOfAgent, isForOneKey: true }) : null,
  });
  const all = forms(false);
  const statement = { name: all.many.name, all, ofAgent: contains(nodes, 'ofAgent') ? forms(true) : null, rows };
  observed(statement);
  return statement;
}

/** Makes a statement of a template, that gives rows of these columns. */
type Tag<Row> = <const Parts extends readonly Part[]>(
  texts: TemplateStringsArray,
  ...parts: Parts
) => Statement<ParametersOf<Parts>, Row>;

const tag =
  (kind: Kind) =>
  <Row>(rows: Rows<Row>): Tag<Row> =>
  (texts, ...parts) =>
    define(sql(texts, ...parts), rows, kind);

/** A statement inside one tenant: it must say `tenant_id = ${tenant}`. */
export const statement = tag('tenant');

/**
 * The same for what finds a few rows, of a few kilobytes, quickly: callers who ask for the same at the same time, of any tenants, get their rows by
 * one statement, where each asks for one key.
 */
export const batchedRead = tag('batchedRead');

/** A statement outside any tenant: for what says which tenant it is, for tenants themselves, and for what is of several tenants at once. */
export const globalStatement = tag('global');

/** What a handle on one tenant gives with each statement. */
export type Handle = { readonly tenantId: string; readonly viewerAgentId: string | null };

/** What a caller gives, by the parameters' names. */
export type GivenValues = Readonly<Record<string, unknown>>;

/** The form for this viewer and these keys. */
export function formFor({ all, ofAgent }: AnyStatement, viewerAgentId: string | null, { keys }: GivenValues): Compiled {
  const { many, one } = viewerAgentId === null ? all : (ofAgent ?? all);
  return one && Array.isArray(keys) && keys.length === 1 ? one : many;
}

/** The values in the order of a form's places. Runs for every statement: it makes nothing but the list. */
export function valuesFor({ places }: Compiled, given: GivenValues, handle: Handle | undefined): unknown[] {
  const values: unknown[] = [];
  for (const { name, type } of places) {
    if (handle && (name === 'tenantId' || name === 'viewerAgentId')) values.push(handle[name]);
    else {
      const value = given[name];
      // The form for one key takes the key itself.
      const isOneOfArray = name === 'keys' && Array.isArray(value) && !type.name?.endsWith('[]');
      values.push(isOneOfArray ? value[0] : value);
    }
  }
  return values;
}

/** A batched write that is asked this of, and gives rows of these columns. */
export type BatchedWrite<Asked, Row> = BatchedWriteStatement<Row> & {
  readonly rows: Rows<Row & { n: number }>;
  /** Never set: it carries what is asked. */
  readonly asks?: (asked: Asked) => void;
};

/** The rows of `asked`: a column for each of these, besides `tenant_id` and `n`. */
export type AskedColumns = Readonly<Record<string, SqlType<string> | SqlType<string | null>>>;

/** What one caller asks. */
export type AskedOf<Columns extends AskedColumns> = { readonly [Name in keyof Columns]: ValueOf<Columns[Name]> };

/** What is asked, in a table expression under that alias that has its columns, by their names. */
export const askedAs = <Columns extends AskedColumns>(
  alias: string,
  columns: Columns,
): { readonly [Name in keyof Columns | 'tenant_id' | 'n']: Fragment } =>
  Object.fromEntries(
    [...Object.keys(columns), 'tenant_id', 'n'].map((column) => [column, name(`${alias}.${column}`)]),
  ) as { readonly [Name in keyof Columns | 'tenant_id' | 'n']: Fragment };

/**
 * Makes a batched write of the columns of what is asked, of common table expressions, and of what is selected from them. Every join and every key begins
 * with the asked tenant.
 */
export function batchedWrite<Columns extends AskedColumns, Row>(
  columns: Columns,
  expressions: Fragment,
  select: Fragment,
  rows: Rows<Row & { n: number }>,
): BatchedWrite<AskedOf<Columns>, Row> {
  const list = Object.entries(columns).map(([column, { name: type }]) => `${column} ${type}`);
  // PostgreSQL supposes a hundred rows in JSON however many there are, where an array of unknown length would be planned anew each time.
  const asked = `with asked as materialized (
     select * from json_to_recordset($1::json) as asked (n int, tenant_id uuid, ${list.join(', ')})
   ), `;
  const { nodes } = sql`${expressions} select coalesce(json_agg(r), '[]')::text as rows from (${select}) r`;
  const text = render([asked, ...nodes], { isOfAgent: false, isForOneKey: false }, [], () => {
    throw new Error('A batched write takes nothing but what is asked.');
  });
  if (!/\.tenant_id = asked\.tenant_id\b/.test(text))
    throw new Error(`A batched write must say ".tenant_id = asked.tenant_id": ${text}`);
  const statement: BatchedWrite<AskedOf<Columns>, Row> = { name: statementName(text), text, shared: true, rows };
  observed(statement);
  return statement;
}
