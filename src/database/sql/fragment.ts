import type { SqlType } from './types.ts';

/** A piece of SQL: text, and places for what differs from one form of a statement, or from one call, to the next. */
export type Node =
  | string
  | { readonly kind: 'parameter'; readonly name: string; readonly type: SqlType<unknown> }
  /** The keys that are looked for: an array, or, in the form for one key, that key. */
  | { readonly kind: 'keys'; readonly use: 'any' | 'each'; readonly type: SqlType<unknown> }
  /** What stands only in the form for viewers who see the conversations of one agent. */
  | { readonly kind: 'ofAgent'; readonly nodes: readonly Node[] };

/** A piece of SQL that takes these parameters, by their names. It can stand in others and in statements. */
export type Fragment<Parameters = unknown> = {
  readonly nodes: readonly Node[];
  /** Never set: it carries what the parameters are, so that several pieces together take those of each. */
  readonly takes?: (parameters: Parameters) => void;
};

/** What may stand in a template: a piece of SQL, or a whole number as it is. */
export type Part = Fragment<never> | number;

/** The parameters of all these pieces together. */
export type ParametersOf<Parts extends readonly Part[]> = [Exclude<Parts[number], number>] extends [never]
  ? unknown
  : [Exclude<Parts[number], number>] extends [Fragment<infer Parameters>]
    ? Parameters
    : never;

/** Makes a piece of SQL. What stands in it are pieces and numbers, never text: so no text of a caller's gets into a statement. */
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

/** A value that each call gives by this name; in its statement it is cast to the type. */
export const parameter = <const Name extends string, Value>(
  name: Name,
  type: SqlType<Value>,
): Fragment<{ readonly [_ in Name]: Value }> => ({ nodes: [{ kind: 'parameter', name, type }] });

/** The tenant that the statement is run for. TenantDatabase gives it. */
export const tenant: Fragment<{ readonly tenantId: string }> = {
  nodes: [{ kind: 'parameter', name: 'tenantId', type: { name: 'uuid', isNullable: false } }],
};

/** The agent whose conversations alone the viewer sees; null for a viewer who sees all. TenantDatabase gives it. */
export const viewerAgent: Fragment<{ readonly viewerAgentId: string | null }> = {
  nodes: [{ kind: 'parameter', name: 'viewerAgentId', type: { name: 'text', isNullable: true } }],
};

/** What is given under `keys`: those that rows are looked for by. */
export type Keys = { readonly keys: readonly string[] };

/**
 * For `column = ${anyKey(uuid)}`. In the form for one key it is that key: of an array PostgreSQL supposes that it has ten keys, so it would plan
 * each array of one anew, which takes longer than to read the row.
 */
export const anyKey = (type: SqlType<string>): Fragment<Keys> => ({ nodes: [{ kind: 'keys', use: 'any', type }] });

/** The keys as rows, for `from ${eachKey(uuid)} k(id)`; likewise in two forms. */
export const eachKey = (type: SqlType<string>): Fragment<Keys> => ({ nodes: [{ kind: 'keys', use: 'each', type }] });

/**
 * What stands only in the form for viewers who see one agent's conversations. One condition on an agent that may be null would do for all viewers,
 * but it hides that most often there is none: for most of these statements PostgreSQL keeps no plan, and makes one each time.
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

/** A text that is part of the statement itself. */
export function literal(given: string): Fragment {
  if (/['\\]/.test(given)) throw new Error(`Not a plain text: ${given}`);
  return { nodes: [`'${given}'`] };
}

/** Nothing. */
export const none: Fragment = { nodes: [] };

/** The pieces, one after the other, with a text between them. */
export function join<Parameters>(
  pieces: readonly Fragment<Parameters>[],
  between: ', ' | ' and ' | ' union all ' | ' union ' | ' ',
): Fragment<Parameters> {
  return { nodes: pieces.flatMap(({ nodes }, index) => (index === 0 ? nodes : [between, ...nodes])) };
}

/** The form of a statement: for one key or for many, for viewers of one agent or for all others. */
export type Form = { readonly isOfAgent: boolean; readonly isForOneKey: boolean };

/** A parameter as a form has it, in the order of its places. */
export type Place = { readonly name: string; readonly type: SqlType<unknown> };

/**
 * The text of a form. A parameter that comes several times has one place; `spell` says what stands there. Names of a statement's parameters that
 * come with two types are refused.
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

/** Whether a node of that kind is among these. */
export const contains = (nodes: readonly Node[], kind: 'keys' | 'ofAgent'): boolean =>
  nodes.some(
    (node) =>
      typeof node === 'object' && (node.kind === kind || (node.kind === 'ofAgent' && contains(node.nodes, kind))),
  );
