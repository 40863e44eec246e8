import { type FieldNode, type GraphQLField, getNamedType, isCompositeType, Kind, type SelectionSetNode } from 'graphql';
import { type Cost, type CostedOperation, costFor, extraCost, fieldOf } from './field-cost.ts';
import type { Variables } from './variables.ts';

/** Returns what an operation's data has cost: the fields and rows that are there. */
export function actualCost(of: CostedOperation, data: unknown, variables: Variables): number {
  if (data == null) return 0;
  const { schema, operation } = of;
  // Nothing of it is kept: with its fragments written out, a document is many times as large.
  return spent(data, fieldsBelow(of, schema.getRootType(operation.operation), [operation.selectionSet]), variables);
}

/** The fields of a selection. Those below are found when a result has them. */
type Below = readonly { name: string; extra: Cost; below: (() => Below) | null }[];

/** The fields below some fields of one name, once each, by the names that a result has them under. */
function fieldsBelow(of: CostedOperation, type: unknown, sets: readonly SelectionSetNode[]): Below {
  const { schema, fragments } = of;
  const merged = new Map<string, { field: GraphQLField<unknown, unknown>; nodes: FieldNode[] }>();
  const spread = new Set<string>();
  const collect = (parent: unknown, set: SelectionSetNode) => {
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) {
        const field = fieldOf(parent, selection);
        const name = (selection.alias ?? selection.name).value;
        const same = merged.get(name);
        if (same) same.nodes.push(selection);
        else if (field) merged.set(name, { field, nodes: [selection] });
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        const condition = selection.typeCondition;
        collect(condition ? schema.getType(condition.name.value) : parent, selection.selectionSet);
      } else if (!spread.has(selection.name.value)) {
        spread.add(selection.name.value);
        const fragment = fragments.get(selection.name.value);
        if (fragment) collect(schema.getType(fragment.typeCondition.name.value), fragment.selectionSet);
      }
    }
  };
  for (const set of sets) collect(type, set);
  return [...merged].map(([name, { field, nodes }]) => {
    const named = getNamedType(field.type);
    const [node] = nodes as [FieldNode];
    const inner = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
    return {
      name,
      extra: extraCost(of, field, node),
      below: isCompositeType(named) ? once(() => fieldsBelow(of, named, inner)) : null,
    };
  });
}

/** The cost of an object, of a list of objects, or of null. */
function spent(data: unknown, fields: Below, variables: Variables): number {
  if (Array.isArray(data)) return data.reduce((sum: number, one) => sum + spent(one, fields, variables), 0);
  if (typeof data !== 'object' || data === null) return 0;
  const object = data as Record<string, unknown>;
  let cost = 0;
  for (const { name, extra, below } of fields) {
    const value = object[name];
    // Compiled code gives a skipped field as undefined.
    if (value === undefined) continue;
    cost += 1 + costFor(extra, variables);
    if (below && value !== null) cost += spent(value, below(), variables);
  }
  return cost;
}

function once<Made>(make: () => Made): () => Made {
  let made: Made | undefined;
  return () => (made ??= make());
}
