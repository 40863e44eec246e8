import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { Prisma } from './generated/client.ts';
import { getDatamodel } from './generated/pothos.ts';

/** A SQL statement that is prepared once a connection, by its name. */
export type Prepared = {
  readonly name: string;
  readonly text: string;
  /** Whether it may take so long that quick statements must not wait behind it. */
  readonly slow?: boolean;
};

/** A statement, and the type of the rows it returns. */
export type Statement<Row> = Prepared & {
  /** Of a batched read: the statement that does the same for many callers. */
  readonly forMany?: Prepared;
  /** Never set: it carries the type of a row. */
  readonly row?: Row;
};

/** Names of texts, in bounded memory: Prisma's statements come here too, and one that writes many rows is long. */
const byText = new LRUCache<string, string>({
  maxSize: 20_000_000,
  sizeCalculation: (_, text) => 200 + 2 * text.length,
});

/** The name under which a statement is prepared: the same text always has the same name. */
export function statementName(text: string): string {
  let name = byText.get(text);
  if (name === undefined) {
    name = `s_${createHash('sha1').update(text).digest('hex').slice(0, 20)}`;
    byText.set(text, name);
  }
  return name;
}

// A statement that may wait for others, for a lock or for the disk, would hold up those that are sent behind it.
const waits = /\b(insert|update|delete|for share|for key share|pg_sleep|pg_advisory\w*)\b/i;
const waiting = new WeakMap<Prepared, boolean>();

/** Whether a statement may wait for others, because it writes or locks. */
export function mayWait(statement: Prepared): boolean {
  let may = waiting.get(statement);
  if (may === undefined) {
    may = waits.test(statement.text);
    waiting.set(statement, may);
  }
  return may;
}

const keepsToTenant = /\btenant_id = \$1\b/;

/** A statement inside one tenant: its first parameter, $1, is the tenant and it must use it. */
export function tenantStatement<Row>(text: string): Statement<Row> {
  if (!keepsToTenant.test(text)) throw new Error(`A tenant's statement must say "tenant_id = $1": ${text}`);
  return { name: statementName(text), text };
}

/** A statement outside any tenant: for looking up credentials, webhooks, files by signed URL, and tenants themselves, and for what is of several tenants at once. */
export function globalStatement<Row>(text: string): Statement<Row> {
  return { name: statementName(text), text };
}

/**
 * Makes a batched read of a statement inside one tenant: callers who ask for the same at the same time, of whatever tenants, get their
 * rows by one statement. For what finds a few rows, of a few kilobytes, quickly. Its parameters are texts, and it says so where it takes them for
 * something else (`$2::uuid`).
 */
export function batchedRead<Row>({ name, text }: Statement<Row>): Statement<Row> {
  if (!keepsToTenant.test(text)) throw new Error(`A batched read must say "tenant_id = $1": ${text}`);
  if (/\$\d+::\w+\[\]|\basked\b/.test(text))
    throw new Error(`A batched read takes no arrays, and calls nothing "asked": ${text}`);
  const parameters = Math.max(...[...text.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number)));
  const more = Array.from({ length: parameters - 1 }, (_, index) => `"${index + 1}" text`);
  const each = text.replaceAll(/\$(\d+)/g, (_, number) => `asked."${Number(number) - 1}"`);
  // A subquery in a select list is run once a row, by the plan that it has alone.
  const forMany = `select coalesce(json_agg((select coalesce(json_agg(r), '[]') from (${each}) r) order by asked.n), '[]')::text as rows
   from json_to_recordset($1::json) as asked (${['n int', '"0" uuid', ...more].join(', ')})`;
  return { name, text, forMany: { name: statementName(forMany), text: forMany } };
}

/** What the statement for many takes: each caller's number `n`, and its parameters by their places, of which the tenant's is 0. */
export const askedByMany = (callers: readonly (readonly (string | null)[])[]): string =>
  JSON.stringify(callers.map((values, n) => ({ n, ...values })));

/** Whether a value can stand in a JSON text that PostgreSQL reads: it refuses all of the text for one that cannot. */
export const isStorable = (value: string | null): boolean =>
  value === null || (!value.includes('\0') && value.isWellFormed());

/**
 * A statement that does for several callers at once, each in its tenant, what each asks for: `TenantDatabase.batchedWrite` runs it. They are the
 * rows of `asked`, which have these columns besides `tenant_id` and `n`; every join and every key begins with their tenant. It selects `n`
 * with what it did for each of them, and nothing for whom it could do nothing, or not without waiting.
 */
export type BatchedWriteStatement<Row> = Statement<Row & { n: number }> & { readonly shared: true };

/** Makes one of the columns of what is asked, of common table expressions, and of what is selected from them. */
export function batchedWriteStatement<Row>(
  columns: string,
  expressions: string,
  select: string,
): BatchedWriteStatement<Row> {
  if (!/\.tenant_id = asked\.tenant_id\b/.test(expressions))
    throw new Error(`A batched write must say ".tenant_id = asked.tenant_id": ${expressions}`);
  // PostgreSQL supposes a hundred rows in JSON however many there are, where an array of unknown length would be planned anew each time.
  const text = `with asked as materialized (
     select * from json_to_recordset($1::json) as asked (n int, tenant_id uuid, ${columns})
   ), ${expressions} select coalesce(json_agg(r), '[]')::text as rows from (${select}) r`;
  return { name: statementName(text), text, shared: true };
}

// What is prepared stays so on every connection, some ten kB of PostgreSQL's memory each. Batched reads, whose selections differ most, do not
// use up what there is for lists, which gain most.
const mostNarrowed = { list: 200, batchedRead: 50 };
const narrowed = { list: new Set<string>(), batchedRead: new Set<string>() };

/**
 * Of two statements that read the same rows, the one that reads only what was selected: for the first 200 that there are, or the first 50 * batched reads, since clients may select what they like; for others the `whole` one, which reads everything.
 */
export function narrowest<Narrow extends Statement<unknown>>(
  narrow: Narrow,
  whole: () => Narrow,
  kind: keyof typeof narrowed = 'list',
): Narrow {
  const names = narrowed[kind];
  if (names.has(narrow.name)) return narrow;
  const all = whole();
  if (narrow.name === all.name || names.size >= mostNarrowed[kind]) return all;
  names.add(narrow.name);
  return narrow;
}

/** The same for statements inside one tenant, by their texts. */
export const narrowStatement = <Row>(text: string, whole: () => string, kind?: keyof typeof narrowed): Statement<Row> =>
  narrowest(tenantStatement<Row>(text), () => tenantStatement<Row>(whole()), kind);

type Model = keyof typeof scalarFields;
const scalarFields = {
  Tenant: Prisma.TenantScalarFieldEnum,
  Agent: Prisma.AgentScalarFieldEnum,
  Participant: Prisma.ParticipantScalarFieldEnum,
  IntegrationConfig: Prisma.IntegrationConfigScalarFieldEnum,
  Channel: Prisma.ChannelScalarFieldEnum,
  Binding: Prisma.BindingScalarFieldEnum,
  File: Prisma.FileScalarFieldEnum,
  Conversation: Prisma.ConversationScalarFieldEnum,
  ConversationMember: Prisma.ConversationMemberScalarFieldEnum,
  ExternalUser: Prisma.ExternalUserScalarFieldEnum,
  CredentialKey: Prisma.CredentialKeyScalarFieldEnum,
  WebhookKey: Prisma.WebhookKeyScalarFieldEnum,
  UnknownSender: Prisma.UnknownSenderScalarFieldEnum,
  OAuthState: Prisma.OAuthStateScalarFieldEnum,
};

/** The names of all the models' fields that are timestamps. */
const timestamps: ReadonlySet<string> = new Set(
  Object.values(getDatamodel().datamodel.models).flatMap(({ fields }) =>
    fields.filter(({ type }) => type === 'DateTime').map(({ name }) => name),
  ),
);

/** Makes timestamps of the texts that they are in JSON, in these columns of rows; without saying which, in those that models call so. */
export function parseTimestamps(rows: readonly object[], columns?: readonly string[]): void {
  const [first] = rows as readonly Record<string, unknown>[];
  if (!first) return;
  for (const column of columns ?? Object.keys(first).filter((name) => timestamps.has(name))) {
    for (const row of rows as readonly Record<string, unknown>[]) {
      const timestamp = row[column];
      if (typeof timestamp === 'string') row[column] = new Date(timestamp);
    }
  }
}

/** The same for the same parts, made once: parts are made once for a document, which comes again and again. */
export function oncePer<Parts extends object, Made>(make: (parts: Parts) => Made): (parts: Parts) => Made {
  const before = new WeakMap<Parts, Made>();
  return (parts) => {
    let made = before.get(parts);
    if (made === undefined) {
      made = make(parts);
      before.set(parts, made);
    }
    return made;
  };
}

/** Which of a model's fields are wanted, by their names; null for all. */
export type Fields = ReadonlySet<string> | null;

/** All of a model's fields but these. */
export const fieldsBut = (model: Model, ...without: string[]): Fields =>
  new Set(Object.keys(scalarFields[model]).filter((field) => !without.includes(field)));

/** The select list that gives a Prisma model's row, or some of its fields, under the model's field names, from a table under that alias. */
export function columns(model: Model, alias: string, fields: Fields = null): string {
  return Object.keys(scalarFields[model])
    .filter((field) => fields?.has(field) ?? true)
    .map((field) => {
      const column = field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      return column === field ? `${alias}.${column}` : `${alias}.${column} as "${field}"`;
    })
    .join(', ');
}
