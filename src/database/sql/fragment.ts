import type { SqlType } from './types.ts';

/** A piece of SQL: text, and places for what differs between the forms of a statement or between calls. */
export type Node =
  | string
  | { readonly kind: 'parameter'; readonly name: string; readonly type: SqlType<unknown> }
  /** The keys to find: an array, or, in the form for one key, that key. */
  | { readonly kind: 'keys'; readonly use: 'any' | 'each'; readonly type: SqlType<unknown> }
  /** The tenant of a row of the input: a column, or, in the form for one tenant, that tenant. */
  | { readonly kind: 'tenantOf'; readonly alias: string }
  /** A part for the form for viewers who see the conversations of one agent. */
  | { readonly kind: 'ofAgent'; readonly nodes: readonly Node[] };

/** A piece of SQL with its parameters by name. It can be part of others and of statements. */
export type Fragment<Parameters = unknown> = {
  readonly nodes: readonly Node[];
  /** Never set. It carries the parameters, so that a piece made of several takes those of each. */
  readonly takes?: (parameters: Parameters) => void;
};

/** What may stand in a template: a piece of SQL, or a whole number. */
export type Part = Fragment<never> | number;

/** The parameters of all these pieces. */
export type ParametersOf<Parts extends readonly Part[]> = [Exclude<Parts[number], number>] extends [never]
  ? unknown
  : [Exclude<Parts[number], number>] extends [Fragment<infer Parameters>]
    ? Parameters
    : never;

/**
 * Creates a piece of SQL. Its values are pieces and numbers, never text, so no text from outside gets into a statement.
 */
export function sql<const Parts extends readonly Part[]>(
  texts: TemplateStringsArray,
  ...parts: Parts
): Fragment<ParametersOf<Parts>> {
  const nodes: Node[] = [];
  for (const [index, text] of texts.entries()) {
    if (text !== '') nodes.push(text);
    const part = parts[index];
    if (part === undefined) continue;
    if (typeof part === 'object') nodes.push(...part.nodes);
    else if (Number.isSafeInteger(part)) nodes.push(String(part));
    else throw new Error(`A statement takes whole numbers only: ${part}`);
  }
  return { nodes };
}

/** A value that each call gives by this name. Its statement casts it to the type. */
export const parameter = <const Name extends string, Value>(
  name: Name,
  type: SqlType<Value>,
): Fragment<{ readonly [_ in Name]: Value }> => ({ nodes: [{ kind: 'parameter', name, type }] });

const tenantType: SqlType<string> = { name: 'uuid', isNullable: false };

/** The tenant that the statement runs for. TenantDatabase gives it. */
export const tenant: Fragment<{ readonly tenantId: string }> = {
  nodes: [{ kind: 'parameter', name: 'tenantId', type: tenantType }],
};

/**
 * The tenant of a row of the input of a statement for several tenants, by the input's alias. The form for one tenant
 * has the tenant as a parameter instead, so that a distributed database knows its node.
 */
export const tenantOf = (alias: string): Fragment => {
  name(alias);
  return { nodes: [{ kind: 'tenantOf', alias }] };
};

/** The only agent whose conversations the viewer sees. Null for a viewer who sees all. TenantDatabase gives it. */
export const viewerAgent: Fragment<{ readonly viewerAgentId: string | null }> = {
  nodes: [{ kind: 'parameter', name: 'viewerAgentId', type: { name: 'text', isNullable: true } }],
};

/** The `keys` of a call: what rows are found by. */
export type Keys = { readonly keys: readonly string[] };

/**
 * For `column = ${anyKey(uuid)}`. The form for one key compares with that key: PostgreSQL expects ten keys in an array,
 * so it would plan an array of one again each time, which takes longer than reading the row.
 */
export const anyKey = (type: SqlType<string>): Fragment<Keys> => ({ nodes: [{ kind: 'keys', use: 'any', type }] });

/** The keys as rows, for `from ${eachKey(uuid)} k(id)`. It has the same two forms. */
export const eachKey = (type: SqlType<string>): Fragment<Keys> => ({ nodes: [{ kind: 'keys', use: 'each', type }] });

/**
 * A part for the form for viewers who see one agent's conversations. One condition on an agent that may be null would
 * serve all viewers. But it hides that most viewers have none, so PostgreSQL would plan most of these statements again
 * each time.
 */
export const ofAgent = <Parameters>({ nodes }: Fragment<Parameters>): Fragment<Parameters> => ({
  nodes: [{ kind: 'ofAgent', nodes }],
});

const plainName = /^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$/;

/** The name of a table, an alias, or a column, perhaps with its alias. */
export function name(given: string): Fragment {
  if (!plainName.test(given)) throw new Error(`Not a name: ${given}`);
  return { nodes: [given] };
}

/** A constant text of the statement. */
export function literal(given: string): Fragment {
  if (/['\\]/.test(given)) throw new Error(`Not a plain text: ${given}`);
  return { nodes: [`'${given}'`] };
}

/** Nothing. */
export const none: Fragment = { nodes: [] };

/** Joins the pieces with a text between them. */
export function join<Parameters>(
  pieces: readonly Fragment<Parameters>[],
  between: ', ' | ' and ' | ' or ' | ' + ' | ' union all ' | ' union ' | ' ',
): Fragment<Parameters> {
  return { nodes: pieces.flatMap(({ nodes }, index) => (index === 0 ? nodes : [between, ...nodes])) };
}

/**
 * The form of a statement: for one key or for many, for viewers of one agent or for all others, and, of one for several
 * tenants, that for one of them.
 */
export type Form = { readonly isOfAgent: boolean; readonly isForOneKey: boolean; readonly isOfTenant?: boolean };

/** A parameter of a form, in the order of its places. */
export type Place = { readonly name: string; readonly type: SqlType<unknown> };

/**
 * Returns the text of a form. A parameter that is used several times has one place, which `spell` writes. A name with
 * two types throws.
 */
export function render(
  nodes: readonly Node[],
  form: Form,
  places: Place[],
  spell: (place: number, type: string) => string,
): string {
  const place = (name: string, type: SqlType<unknown>): string => {
    let index = places.findIndex((known) => known.name === name);
    if (index < 0) index = places.push({ name, type }) - 1;
    const known = (places[index] as Place).type;
    if (known.name !== type.name) throw new Error(`The parameter ${name} is ${known.name} and ${type.name}.`);
    return spell(index, String(type.name));
  };
  return nodes
    .map((node) => {
      if (typeof node === 'string') return node;
      if (node.kind === 'parameter') return place(node.name, node.type);
      if (node.kind === 'tenantOf') return form.isOfTenant ? place('tenantId', tenantType) : `${node.alias}.tenant_id`;
      if (node.kind === 'ofAgent') return form.isOfAgent ? render(node.nodes, form, places, spell) : '';
      if (form.isForOneKey) {
        const one = place('keys', node.type);
        return node.use === 'any' ? one : `(values (${one}))`;
      }
      const many = place('keys', { name: `${node.type.name}[]`, isNullable: false });
      return node.use === 'any' ? `any(${many})` : `unnest(${many})`;
    })
    .join('');
}

/** Returns whether a node of that kind is among these. */
export const contains = (nodes: readonly Node[], kind: 'keys' | 'ofAgent'): boolean =>
  nodes.some(
    (node) =>
      typeof node === 'object' && (node.kind === kind || (node.kind === 'ofAgent' && contains(node.nodes, kind))),
  );
