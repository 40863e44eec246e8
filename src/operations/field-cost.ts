import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLSchema,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { type ArgumentValues, argumentOf } from './argument-values.ts';
import type { Variables } from './variables.ts';

/** The cost of a field besides its 1, in its GraphQL extensions. */
export type FieldCost = {
  /** For the field itself, once per row that it stands on. */
  readonly cost?: number;
  /** For the field without that argument, which would narrow what it reads. */
  readonly costWithout?: { readonly argument: string; readonly cost: number };
  /** The argument, a list, that its own list is as long as. */
  readonly asLongAs?: string;
  /** For given members of its argument `filter`: each row has to be examined, and examined again to be counted. */
  readonly filterCost?: { readonly of: readonly string[]; readonly page: number; readonly count: number };
};

/** A part of a document's cost: a number, or a function of the variables where it depends on them. */
export type Cost = number | ((variables: Variables) => number);

/** An operation with what its cost is read from. */
export type CostedOperation = {
  readonly schema: GraphQLSchema;
  readonly operation: OperationDefinitionNode;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly values: ArgumentValues;
};

/** Returns a cost with these variables. */
export const costFor = (cost: Cost, variables: Variables): number =>
  typeof cost === 'number' ? cost : cost(variables);

/** Returns the field of a selection, or undefined for `__typename` and its like. */
export const fieldOf = (parent: unknown, node: FieldNode): GraphQLField<unknown, unknown> | undefined =>
  isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[node.name.value] : undefined;

/** The fields of a connection that make the database count its rows. */
const countFields: ReadonlySet<string> = new Set(['totalCount', 'totalCountAtLeast']);

/** Returns the cost of a selected field besides its 1, once per row that it stands on, without what is below it. */
export function extraCost(
  { fragments, values }: CostedOperation,
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
): Cost {
  const { cost = 0, costWithout, filterCost } = field.extensions as FieldCost;
  if (costWithout) {
    const narrowed = argumentOf(node, costWithout.argument);
    return (variables) => cost + (values.hasValue(narrowed, variables) ? 0 : costWithout.cost);
  }
  const filter = filterCost && argumentOf(node, 'filter');
  if (!filterCost || !filter) return cost;
  const full = cost + filterCost.page + (selects(fragments, node.selectionSet, countFields) ? filterCost.count : 0);
  return (variables) => (filterCost.of.some((name) => values.isGiven(filter, name, variables)) ? full : cost);
}

/** Returns whether one of the fields is selected, also through fragments. */
function selects(
  fragments: CostedOperation['fragments'],
  set: SelectionSetNode | undefined,
  names: ReadonlySet<string>,
  seen = new Set<SelectionSetNode>(),
): boolean {
  if (!set || seen.has(set)) return false;
  seen.add(set);
  return set.selections.some((selection) => {
    if (selection.kind === Kind.FIELD) return names.has(selection.name.value);
    if (selection.kind === Kind.INLINE_FRAGMENT) return selects(fragments, selection.selectionSet, names, seen);
    return selects(fragments, fragments.get(selection.name.value)?.selectionSet, names, seen);
  });
}
