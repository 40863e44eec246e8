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
  tenantOf,
} from './fragment.ts';
import type { SqlType, ValueOf } from './types.ts';

/** What is prepared: one form of a statement, and what stands in its places. */
export type Compiled = Prepared & {
  readonly places: readonly Place[];
  /** The statement for many callers, if it is a batched read. */
  readonly forMany?: Prepared;
};

/** The forms of a statement for some viewers: for many keys, or without keys, and for one key. */
type Forms = { readonly many: Compiled; readonly one: Compiled | null };

// As many as take some ten MB on a connection.
const maxLists = 1_000;
const lists = new Set<string>();

/**
 * Returns the statement of a list as it is for the first 1,000 that differ, because clients combine filters, orders and
 * cursors as they like. Others are sent without being prepared.
 */
export function preparedOrNot<Of extends AnyStatement>(statement: Of): Of {
  if (lists.has(statement.name)) return statement;
  if (lists.size < maxLists) {
    lists.add(statement.name);
    return statement;
  }
  const unprepared = ({ many, one }: Forms): Forms => ({
    many: { ...many, unprepared: true },
    one: one && { ...one, unprepared: true },
  });
  const { all, ofAgent } = statement;
  return { ...statement, all: unprepared(all), ofAgent: ofAgent && unprepared(ofAgent) };
}

/** A SQL statement with its parameters and rows. Each of its forms is prepared once per connection. */
export type Statement<Parameters, Row> = {
  /** The text of its form for many keys and all viewers. It identifies the statement. */
  readonly name: string;
  /** For viewers who see all conversations, and, where it differs, for viewers who see one agent's. */
  readonly all: Forms;
  readonly ofAgent: Forms | null;
  /** For one tenant, where the others are for several. */
  readonly ofTenant: Compiled | null;
  readonly kind: Kind;
  readonly rows: Rows<Row>;
  /** Never set. It carries the exact type of the parameters. */
  readonly takes?: (parameters: Parameters) => Parameters;
};

/** A statement with any parameters and rows. */
export type AnyStatement = Omit<Statement<unknown, unknown>, 'takes'>;

/** Called with every statement that is defined, for the test that prepares all of them. */
export type DefinitionObserver = (
  statement: AnyStatement | Pick<BatchedWrite<unknown, unknown>, 'text' | 'ofTenant' | 'rows'>,
) => void;
let observed: DefinitionObserver = () => {};
export const observeDefinitions = (observer: DefinitionObserver): void => {
  observed = observer;
};

type Kind = 'global' | 'tenant' | 'tenants' | 'batchedRead';

const tenantPlace: Place = { name: 'tenantId', type: { name: 'uuid', isNullable: false } };
const keepsToTenant = /\btenant_id = \$1::uuid/;
const atPlace = (place: number, type: string) => `$${place + 1}::${type}`;

function compile(nodes: Fragment['nodes'], kind: Kind, form: Form): Compiled {
  const isOfTenant = form.isOfTenant === true || kind === 'tenant' || kind === 'batchedRead';
  const places: Place[] = isOfTenant ? [tenantPlace] : [];
  const text = render(nodes, form, places, atPlace).trim();
  if (isOfTenant && !keepsToTenant.test(text))
    throw new Error(`A tenant's statement must say "tenant_id = \${tenant}": ${text}`);
  const compiled = { name: statementName(text), text, places };
  const isForEach = kind === 'batchedRead' && (form.isForOneKey || !contains(nodes, 'keys'));
  return isForEach ? { ...compiled, forMany: forMany(nodes, form) } : compiled;
}

/** The form for many callers. Their values are the rows of `asked`, with a column for each place. */
function forMany(nodes: Fragment['nodes'], form: Form): Prepared {
  const places: Place[] = [tenantPlace];
  const each = render(nodes, form, places, (place) => `asked."${place}"`).trim();
  if (/\basked\b/.test(render(nodes, form, [], () => '')))
    throw new Error(`A batched read calls nothing "asked": ${each}`);
  const array = places.find(({ type }) => type.name?.endsWith('[]'));
  if (array) throw new Error(`A batched read takes no arrays: ${array.name}`);
  const asked = places.map(({ type }, place) => `"${place}" ${type.name}`).join(', ');
  // PostgreSQL runs a subquery in a select list once per row, by the plan it has on its own.
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
  const statement = {
    name: all.many.name,
    all,
    ofAgent: contains(nodes, 'ofAgent') ? forms(true) : null,
    ofTenant:
      kind === 'tenants' ? compile(nodes, kind, { isOfAgent: false, isForOneKey: false, isOfTenant: true }) : null,
    kind,
    rows,
  };
  observed(statement);
  return statement;
}

/** Creates a statement from a template. It gives rows of these columns. */
type Tag<Row> = <const Parts extends readonly Part[]>(
  texts: TemplateStringsArray,
  ...parts: Parts
) => Statement<ParametersOf<Parts>, Row>;

const tag =
  (kind: Kind) =>
  <Row>(rows: Rows<Row>): Tag<Row> =>
  (texts, ...parts) =>
    define(sql(texts, ...parts), rows, kind);

/** Creates a statement inside one tenant. It must say `tenant_id = ${tenant}`. */
export const statement = tag('tenant');

/**
 * The same for statements that quickly find a few rows of a few kilobytes. Concurrent callers of any tenants with one
 * key each get their rows by one statement.
 */
export const batchedRead = tag('batchedRead');

/** Creates a statement outside any tenant. It finds a tenant, or reads of several what has to be done. */
export const globalStatement = tag('global');

/**
 * Creates a statement that writes for several tenants at once. Its input has a column for the tenant, which tables are
 * compared with by `tenantOf`. A caller that gives `tenantId` runs the form for that tenant alone.
 */
export const tenantsStatement =
  <Row>(rows: Rows<Row>) =>
  <const Parts extends readonly Part[]>(
    texts: TemplateStringsArray,
    ...parts: Parts
  ): Statement<ParametersOf<Parts> & { readonly tenantId: string | null }, Row> =>
    define({ nodes: sql(texts, ...parts).nodes }, rows, 'tenants');

/** What a handle on one tenant gives with each statement. */
export type Handle = { readonly tenantId: string; readonly viewerAgentId: string | null };

/** A caller's parameters by name. */
export type GivenValues = Readonly<Record<string, unknown>>;

/** Returns the form for this viewer, these keys, and this tenant where it is of several. */
export function formFor(
  { all, ofAgent, ofTenant }: AnyStatement,
  viewerAgentId: string | null,
  { keys, tenantId }: GivenValues,
): Compiled {
  if (ofTenant && typeof tenantId === 'string') return ofTenant;
  const { many, one } = viewerAgentId === null ? all : (ofAgent ?? all);
  return one && Array.isArray(keys) && keys.length === 1 ? one : many;
}

/** Returns the values in the order of a form's places. It runs for every statement, so it creates only the list. */
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

/** A batched write with the type of its input and its rows. */
export type BatchedWrite<Asked, Row> = BatchedWriteStatement<Row> & {
  readonly rows: Rows<Row & { n: number }>;
  /** Never set. It carries the type of the input. */
  readonly asks?: (asked: Asked) => void;
};

/** The columns of `asked` besides `tenant_id` and `n`. */
export type AskedColumns = Readonly<Record<string, SqlType<string> | SqlType<string | null>>>;

/** One caller's input. */
export type AskedOf<Columns extends AskedColumns> = { readonly [Name in keyof Columns]: ValueOf<Columns[Name]> };

/** The input as a table expression under that alias, with its columns by name. */
export const askedAs = <Columns extends AskedColumns>(
  alias: string,
  columns: Columns,
): { readonly [Name in keyof Columns | 'tenant_id' | 'n']: Fragment } =>
  ({
    ...Object.fromEntries([...Object.keys(columns), 'n'].map((column) => [column, name(`${alias}.${column}`)])),
    tenant_id: tenantOf(alias),
  }) as { readonly [Name in keyof Columns | 'tenant_id' | 'n']: Fragment };

/**
 * Creates a batched write from the columns of its input, common table expressions, and the final select. Every join and
 * every key begins with the caller's tenant. It has a second form, for callers of one tenant.
 */
export function batchedWrite<Columns extends AskedColumns, Row>(
  columns: Columns,
  expressions: Fragment,
  select: Fragment,
  rows: Rows<Row & { n: number }>,
): BatchedWrite<AskedOf<Columns>, Row> {
  const list = Object.entries(columns).map(([column, { name: type }]) => `${column} ${type}`);
  // PostgreSQL expects a hundred rows from JSON, however many there are. An array of unknown length would be planned
  // again each time.
  const asked = `with asked as materialized (
     select * from json_to_recordset($1::json) as asked (n int, tenant_id uuid, ${list.join(', ')})
   ), `;
  const { nodes } = sql`${expressions} select coalesce(json_agg(r), '[]')::text as rows from (${select}) r`;
  const form = (isOfTenant: boolean): Prepared => {
    const text = render([asked, ...nodes], { isOfAgent: false, isForOneKey: false, isOfTenant }, [], (_, type) => {
      if (isOfTenant && type === 'uuid') return '$2::uuid';
      throw new Error('A batched write takes nothing but what is asked.');
    });
    const tenant = isOfTenant ? '$2::uuid' : 'asked.tenant_id';
    if (!text.includes(`.tenant_id = ${tenant}`))
      throw new Error(`A batched write must say ".tenant_id = \${tenantOf('asked')}": ${text}`);
    return { name: statementName(text), text };
  };
  const statement: BatchedWrite<AskedOf<Columns>, Row> = { ...form(false), ofTenant: form(true), shared: true, rows };
  observed(statement);
  return statement;
}
