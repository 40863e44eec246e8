import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  visit,
} from 'graphql';
import type { Fields } from '../database/sql/columns.ts';
import type { GraphContext } from './context.ts';

type Fragments = Readonly<Record<string, FragmentDefinitionNode>>;

/**
 * The selection below a field by the fields' names, through fragments of any type. A field that a directive skips
 * counts as selected: the selection says what is worth reading at once.
 */
export interface Selection {
  readonly names: Iterable<string>;
  has(name: string): boolean;
  /** The selection below a field of that name, anywhere below. Empty when it is not selected. */
  below(name: string): Selection;
}

const everything = (selections: readonly Selection[]): Selection => ({
  names: new Set(selections.flatMap(({ names }) => [...names])),
  has: (name) => selections.some((selection) => selection.has(name)),
  below: (name) => everything(selections.map((selection) => selection.below(name))),
});

/** The selection of the rows of a connection, through `nodes` and through `edges`. */
export const nodesOf = (connection: Selection): Selection =>
  everything([connection.below('nodes'), connection.below('edges').below('node')]);

function selectionOf(
  nodes: readonly { selectionSet?: SelectionSetNode | undefined }[],
  fragments: Fragments,
): Selection & { count(name: string): number } {
  const fields = new Map<string, FieldNode[]>();
  const spread = new Set<string>();
  const collect = (selections: SelectionSetNode | undefined) => {
    for (const selection of selections?.selections ?? []) {
      if (selection.kind === Kind.INLINE_FRAGMENT) collect(selection.selectionSet);
      else if (selection.kind === Kind.FIELD) {
        const same = fields.get(selection.name.value);
        if (same) same.push(selection);
        else fields.set(selection.name.value, [selection]);
      } else if (!spread.has(selection.name.value)) {
        spread.add(selection.name.value);
        collect(fragments[selection.name.value]?.selectionSet);
      }
    }
  };
  for (const { selectionSet } of nodes) collect(selectionSet);
  return {
    names: [...fields.keys()],
    has: (name) => fields.has(name),
    count: (name) => fields.get(name)?.length ?? 0,
    below: (name) => selectionOf(fields.get(name) ?? [], fragments),
  };
}

/**
 * Memoizes what a resolver derives from the selection below its field: once per place in a document. `isOnly` says
 * whether the operation has no other field of that name, so that no other field needs the same batch.
 */
export function fromSelection<Made>(
  make: (selection: Selection, schema: GraphQLSchema, isOnly: () => boolean) => Made,
): (info: GraphQLResolveInfo) => Made {
  const known = new WeakMap<FieldNode, Made>();
  return ({ fieldName, fieldNodes, fragments, schema, operation }) => {
    // The same field merged from several places has other siblings, which may differ from one operation of a document
    // to the next.
    const [only] = fieldNodes.length === 1 ? fieldNodes : [];
    const before = only && known.get(only);
    if (before) return before;
    const isOnly = () => selectionOf([operation], fragments).count(fieldName) === fieldNodes.length;
    const made = make(selectionOf(fieldNodes, fragments), schema, isOnly);
    if (only) known.set(only, made);
    return made;
  };
}

/**
 * Memoizes what is derived from the selections of all fields of that name, on any level of an operation: rows that are
 * read at once are read by one statement, whichever field asks for them.
 */
export function fromOperation<Made>(
  fieldName: string,
  make: (selection: Selection, schema: GraphQLSchema) => Made,
): (info: Pick<GraphQLResolveInfo, 'operation' | 'fragments' | 'schema'>) => Made {
  const known = new WeakMap<OperationDefinitionNode, Made>();
  return ({ operation, fragments, schema }) => {
    const before = known.get(operation);
    if (before) return before;
    const fields: FieldNode[] = [];
    const collect = { Field: (node: FieldNode) => void (node.name.value === fieldName && fields.push(node)) };
    for (const definition of [operation, ...Object.values(fragments)]) visit(definition, collect);
    const made = make(selectionOf(fields, fragments), schema);
    known.set(operation, made);
    return made;
  };
}

/**
 * Creates resolvers for the fields of a type whose rows are these. Each names the columns that it reads, and its row
 * has only those. A field without it may read any column.
 */
export const reading =
  <Row>() =>
  <const Column extends keyof Row & string, Args, Result>(
    columns: readonly Column[],
    resolve: (row: Pick<Row, Column>, args: Args, context: GraphContext, info: GraphQLResolveInfo) => Result,
  ) => ({ extensions: { reads: columns }, resolve });

/**
 * The columns that a selection reads of an object type's rows, besides those that are `always` read; null for all of
 * them, unless every field that is selected is a column itself or says what it `reads`.
 */
export function columnsRead(
  schema: GraphQLSchema,
  typeName: string,
  { names }: Selection,
  always: readonly string[],
): Fields {
  const type = schema.getType(typeName);
  if (!isObjectType(type)) throw new Error(`There is no type ${typeName}.`);
  const known = type.getFields();
  const columns = new Set(always);
  for (const name of names) {
    const field = known[name];
    // A name of another type that is selected beside this one.
    if (!field) continue;
    const read = field.resolve ? (field.extensions['reads'] as readonly string[] | undefined) : [name];
    if (!read) return null;
    for (const column of read) columns.add(column);
  }
  return columns;
}
