import {
  type FieldNode,
  type GraphQLField,
  getNamedType,
  getNullableType,
  isCompositeType,
  isListType,
  Kind,
  type SelectionSetNode,
} from 'graphql';
import { defaultPage, largestPage } from '../database/pages.ts';
import { argumentOf } from './argument-values.ts';
import { type Cost, type CostedOperation, costFor, extraCost, type FieldCost, fieldOf } from './field-cost.ts';
import type { Variables } from './variables.ts';

/** The price of a list whose length the page arguments do not give. */
const supposedLength = 10;

/** Returns what an operation could cost: its fields times the rows of their pages. */
export function requestedCost(of: CostedOperation): Cost {
  const { schema, operation, fragments, values } = of;
  const ofFragments = new Map<string, Cost>();

  const ofSelections = (type: unknown, { selections }: SelectionSetNode): Cost => {
    const parts = selections.map((selection): Cost => {
      if (selection.kind === Kind.FIELD) return ofField(type, selection);
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        const condition = selection.typeCondition;
        return ofSelections(condition ? schema.getType(condition.name.value) : type, selection.selectionSet);
      }
      const { value: name } = selection.name;
      let cost = ofFragments.get(name);
      const fragment = fragments.get(name);
      if (!cost && fragment) {
        // Cached for one set of variables, so that fragments that spread each other twice are not summed up
        // exponentially.
        cost = remembered(ofSelections(schema.getType(fragment.typeCondition.name.value), fragment.selectionSet));
        ofFragments.set(name, cost);
      }
      return cost ?? 0;
    });
    return combined(parts, (costs) => costs.reduce((sum, cost) => sum + cost, 0));
  };

  const ofField = (parent: unknown, node: FieldNode): Cost => {
    const field = fieldOf(parent, node);
    if (!field) return 0;
    const type = getNamedType(field.type);
    const inner: Cost = node.selectionSet && isCompositeType(type) ? ofSelections(type, node.selectionSet) : 0;
    const length = lengthOf(field, node);
    const extra = extraCost(of, field, node);
    return combined([extra, length, inner], ([own = 0, rows = 0, each = 0]) => 1 + own + rows * each);
  };

  const lengthOf = (field: GraphQLField<unknown, unknown>, node: FieldNode): Cost => {
    const { asLongAs } = field.extensions as FieldCost;
    if (asLongAs) return (variables) => values.itemsOf(argumentOf(node, asLongAs), variables);
    if (field.args.some(({ name }) => name === 'first')) {
      const sizes = node.arguments?.filter(({ name }) => name.value === 'first' || name.value === 'last') ?? [];
      if (sizes.length === 0) return defaultPage;
      // A page over the bound is refused for its size, not for its cost.
      return (variables) =>
        Math.max(
          0,
          ...sizes.map(({ value }) => Math.min(values.numberOf(value, variables) ?? defaultPage, largestPage)),
        );
    }
    // A page's inner lists are as long as the page, which is counted already.
    const ofPage = field.name === 'edges' || field.name === 'nodes';
    return isListType(getNullableType(field.type)) && !ofPage ? supposedLength : 1;
  };

  return ofSelections(schema.getRootType(operation.operation), operation.selectionSet);
}

/** Combines costs by a function. The result is a number where all of them are. */
function combined(costs: readonly Cost[], combine: (costs: readonly number[]) => number): Cost {
  if (costs.every((cost) => typeof cost === 'number')) return combine(costs);
  return (variables) => combine(costs.map((cost) => costFor(cost, variables)));
}

function remembered(cost: Cost): Cost {
  if (typeof cost === 'number') return cost;
  let last: { variables: Variables; total: number } | undefined;
  return (variables) => {
    if (last?.variables !== variables) last = { variables, total: cost(variables) };
    return last.total;
  };
}
