import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';
import { defaultPage, largestPage } from '../database/pages.ts';
import { Problem } from '../errors/catalogue.ts';
import type { Budget } from './budget.ts';
import { limits } from './limits.ts';

/** The price of a list whose length the page arguments do not give. */
const supposedLength = 10;

type Variables = Readonly<Record<string, unknown>>;
/** A part of a document's cost: a number, or a function of the variables where it depends on them. */
type Cost = number | ((variables: Variables) => number);

const costFor = (cost: Cost, variables: Variables): number => (typeof cost === 'number' ? cost : cost(variables));

/** Combines costs by a function. The result is a number where all of them are. */
function combined(costs: readonly Cost[], combine: (costs: readonly number[]) => number): Cost {
  if (costs.every((cost) => typeof cost === 'number')) return combine(costs);
  return (variables) => combine(costs.map((cost) => costFor(cost, variables)));
}

/** The fields of a connection that make the database count its rows. */
const countFields: ReadonlySet<string> = new Set(['totalCount', 'totalCountAtLeast']);

/** The cost of an operation: what it could be, and what it was by its result's data. */
type Costs = { requested: Cost; actual(data: unknown, variables: Variables): number };
const costs = new WeakMap<OperationDefinitionNode, Costs>();

function costsOf(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode): Costs {
  const known = costs.get(operation) ?? costOf(schema, document, operation);
  costs.set(operation, known);
  return known;
}

type OperationOfDocument = { schema: GraphQLSchema; document: DocumentNode; operation: OperationDefinitionNode };

/** What a client that asks is told of an operation's cost. */
export type ToldCost = { requested: number; actual: number; limit: number };

/**
 * Returns the cost that an operation was admitted by, and that of its data, by the same prices: of the rows that are
 * there, instead of those that could be.
 */
export function toldCost(
  { schema, document, operation }: OperationOfDocument,
  variables: Variables,
  data: unknown,
): ToldCost {
  const { requested, actual } = costsOf(schema, document, operation);
  return { requested: costFor(requested, variables), actual: actual(data, variables), limit: limits.cost };
}

/**
 * Computes the cost of an operation with these variables: fields times the rows of their pages. Throws UNPROCESSABLE
 * over the limit, or over what earlier operations left of the request's budget.
 */
export function demandAffordable(
  { schema, document, operation }: OperationOfDocument,
  variables: Variables,
  budget?: Budget,
): number {
  const own = costFor(costsOf(schema, document, operation).requested, variables);
  const total = (budget?.cost ?? 0) + own;
  if (!(total <= limits.cost)) {
    const together = total > own ? ' with the operations before it in the request' : '';
    throw new Problem(
      'UNPROCESSABLE',
      `This could cost ${Math.round(total)}${together}, more than the ${limits.cost} allowed: ask for smaller pages, fewer levels or fewer lists.`,
    );
  }
  if (budget) budget.cost = total;
  return own;
}

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

function costOf(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode): Costs {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  const ofFragments = new Map<string, Cost>();
  const defaults = new Map(
    operation.variableDefinitions?.map(({ variable, defaultValue }) => [variable.name.value, defaultValue]),
  );

  const ofSelections = (type: unknown, selections: SelectionSetNode): Cost => {
    const parts = selections.selections.map((selection): Cost => {
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
    const extra = extraOf(field, node);
    return combined([extra, length, inner], ([own = 0, rows = 0, each = 0]) => 1 + own + rows * each);
  };

  const extraOf = (field: GraphQLField<unknown, unknown>, node: FieldNode): Cost => {
    const { cost = 0, costWithout, filterCost } = field.extensions as FieldCost;
    if (costWithout) {
      const narrowed = argumentOf(node, costWithout.argument);
      return (variables) => cost + (hasValue(narrowed, variables) ? 0 : costWithout.cost);
    }
    const filter = filterCost && argumentOf(node, 'filter');
    if (!filterCost || !filter) return cost;
    const full = cost + filterCost.page + (selects(node.selectionSet, countFields) ? filterCost.count : 0);
    return (variables) => (filterCost.of.some((name) => isGiven(filter, name, variables)) ? full : cost);
  };

  /** Returns whether one of the fields is selected, also through fragments. */
  const selects = (
    set: SelectionSetNode | undefined,
    names: ReadonlySet<string>,
    seen = new Set<SelectionSetNode>(),
  ): boolean =>
    (set !== undefined &&
      !seen.has(set) &&
      seen.add(set) &&
      set.selections.some((selection) => {
        if (selection.kind === Kind.FIELD) return names.has(selection.name.value);
        if (selection.kind === Kind.INLINE_FRAGMENT) return selects(selection.selectionSet, names, seen);
        return selects(fragments.get(selection.name.value)?.selectionSet, names, seen);
      })) ||
    false;

  const hasValue = (value: ValueNode | undefined, variables: Variables): boolean => {
    if (value?.kind !== Kind.VARIABLE) return value !== undefined && value.kind !== Kind.NULL;
    const given = variables[value.name.value];
    return given === undefined ? hasValue(defaults.get(value.name.value), variables) : given !== null;
  };

  /** Returns whether a member of an input object, a literal or a variable, is given. */
  const isGiven = (value: ValueNode | undefined, member: string, variables: Variables): boolean => {
    if (value?.kind === Kind.OBJECT)
      return hasValue(value.fields.find(({ name }) => name.value === member)?.value, variables);
    if (value?.kind !== Kind.VARIABLE) return false;
    const given = variables[value.name.value];
    if (given === undefined) return isGiven(defaults.get(value.name.value), member, variables);
    return typeof given === 'object' && given !== null && (given as Record<string, unknown>)[member] != null;
  };

  const lengthOf = (field: GraphQLField<unknown, unknown>, node: FieldNode): Cost => {
    const { asLongAs } = field.extensions as FieldCost;
    if (asLongAs) return (variables) => itemsOf(argumentOf(node, asLongAs), variables);
    if (field.args.some(({ name }) => name === 'first')) {
      const sizes = node.arguments?.filter(({ name }) => name.value === 'first' || name.value === 'last') ?? [];
      if (sizes.length === 0) return defaultPage;
      // A page over the bound is refused for its size, not for its cost.
      return (variables) =>
        Math.max(0, ...sizes.map(({ value }) => Math.min(numberOf(value, variables) ?? defaultPage, largestPage)));
    }
    // A page's inner lists are as long as the page, which is counted already.
    const ofPage = field.name === 'edges' || field.name === 'nodes';
    return isListType(getNullableType(field.type)) && !ofPage ? supposedLength : 1;
  };

  /** A value that is no list stands for a list of one. */
  const itemsOf = (value: ValueNode | undefined, variables: Variables): number => {
    if (value?.kind === Kind.LIST) return value.values.length;
    if (value?.kind !== Kind.VARIABLE) return 1;
    const given = variables[value.name.value];
    if (given === undefined) return itemsOf(defaults.get(value.name.value), variables);
    return Array.isArray(given) ? given.length : 1;
  };

  const numberOf = (value: ValueNode, variables: Variables): number | null => {
    if (value.kind === Kind.INT) return Number(value.value);
    if (value.kind !== Kind.VARIABLE) return null;
    const given = variables[value.name.value];
    if (typeof given === 'number') return given;
    const byDefault = given === undefined ? defaults.get(value.name.value) : undefined;
    return byDefault ? numberOf(byDefault, variables) : null;
  };

  /** The fields below some fields of one name, once each, by the names that a result has them under. */
  const below = (type: unknown, sets: readonly SelectionSetNode[]): Below => {
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
      const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
      return {
        name,
        extra: extraOf(field, node),
        below: isCompositeType(named) ? once(() => below(named, sets)) : null,
      };
    });
  };

  const root = schema.getRootType(operation.operation);
  return {
    requested: ofSelections(root, operation.selectionSet),
    // Nothing of it is kept: with its fragments written out, a document is many times as large.
    actual: (data, variables) => (data == null ? 0 : spent(data, below(root, [operation.selectionSet]), variables)),
  };
}

/** The fields of a selection. Those below are found when a result has them. */
type Below = readonly { name: string; extra: Cost; below: (() => Below) | null }[];

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

const fieldOf = (parent: unknown, node: FieldNode): GraphQLField<unknown, unknown> | undefined =>
  isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[node.name.value] : undefined;

const argumentOf = (node: FieldNode, argument: string): ValueNode | undefined =>
  node.arguments?.find(({ name }) => name.value === argument)?.value;

function remembered(cost: Cost): Cost {
  if (typeof cost === 'number') return cost;
  let last: { variables: Variables; total: number } | undefined;
  return (variables) => {
    if (last?.variables !== variables) last = { variables, total: cost(variables) };
    return last.total;
  };
}
