import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
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
  type ValidationContext,
  type ValidationRule,
  type ValueNode,
} from 'graphql';
import { defaultPage, largestPage } from '../database/pages.ts';
import { Problem } from '../errors/catalogue.ts';

/** How much one request may ask for. */
export const limits = {
  /** Characters of a document. */
  document: 64_000,
  /** Tokens in a document. */
  tokens: 3_000,
  /** Levels of fields. */
  depth: 14,
  /** Fields under another name, in the whole document. */
  aliases: 60,
  /** Directives, in the whole document. */
  directives: 50,
  /** Fields and the rows they can lead to, counted with the variables. */
  cost: 150_000,
  /** Rows in a result's lists, and as many that stand alone, counted as often as they appear in it. */
  rows: 100_000,
  /** Operations in one HTTP request. */
  batch: 10,
  /** Bytes of a request without files, and with them. */
  body: 1_000_000,
  upload: 6_000_000,
} as const;

/** Where a list's length isn't known from the page asked for. */
const supposedLength = 10;

/** Refuses documents that are deeper, or more crowded, than the limits. Introspection is not counted: it has limits of its own. */
export const documentLimits: ValidationRule = (context: ValidationContext) => {
  let aliases = 0;
  let directives = 0;
  const depths = new Map<string, number>();
  const depthOf = (selections: SelectionSetNode | undefined): number => {
    let deepest = 0;
    for (const selection of selections?.selections ?? []) {
      if (selection.kind === Kind.FIELD) {
        if (!selection.name.value.startsWith('__')) deepest = Math.max(deepest, 1 + depthOf(selection.selectionSet));
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        deepest = Math.max(deepest, depthOf(selection.selectionSet));
      } else {
        const { value: name } = selection.name;
        if (!depths.has(name)) {
          // Set first, so that fragments in a circle, which another rule refuses, end here.
          depths.set(name, 0);
          depths.set(name, depthOf(context.getFragment(name)?.selectionSet));
        }
        deepest = Math.max(deepest, depths.get(name) ?? 0);
      }
    }
    return deepest;
  };
  const refuse = (what: string, most: number, node: FieldNode | OperationDefinitionNode | undefined) =>
    context.reportError(new GraphQLError(`The document has more than ${most} ${what}.`, node ? { nodes: node } : {}));
  return {
    Field(node) {
      if (node.alias && ++aliases === limits.aliases + 1) refuse('aliases', limits.aliases, node);
    },
    Directive() {
      if (++directives === limits.directives + 1) refuse('directives', limits.directives, undefined);
    },
    OperationDefinition(node) {
      if (depthOf(node.selectionSet) > limits.depth) refuse('levels', limits.depth, node);
    },
  };
};

type Variables = Readonly<Record<string, unknown>>;
/** A part of a document's cost: a number that only the variables are missing from. */
type Cost = (variables: Variables) => number;

const costs = new WeakMap<OperationDefinitionNode, Cost>();

/** What an operation, with these variables, could cost. Throws UNPROCESSABLE when that is more than the limit. */
export function demandAffordable(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | null | undefined,
  variables: Variables,
): number {
  const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  const operation = operations.find(({ name }) => !operationName || name?.value === operationName);
  // Without the operation there is nothing to execute, which the executor says better.
  if (!operation) return 0;
  let cost = costs.get(operation);
  if (!cost) {
    cost = costOf(schema, document, operation);
    costs.set(operation, cost);
  }
  const total = cost(variables);
  if (!(total <= limits.cost)) {
    throw new Problem(
      'UNPROCESSABLE',
      `This could cost ${Math.round(total)}, more than the ${limits.cost} allowed: ask for smaller pages or fewer levels.`,
    );
  }
  return total;
}

function costOf(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode): Cost {
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
        // Remembered for one set of variables, so that fragments that spread each other twice aren't summed up for ever.
        cost = remembered(ofSelections(schema.getType(fragment.typeCondition.name.value), fragment.selectionSet));
        ofFragments.set(name, cost);
      }
      return cost ?? (() => 0);
    });
    return (variables) => parts.reduce((sum, part) => sum + part(variables), 0);
  };

  const ofField = (parent: unknown, node: FieldNode): Cost => {
    const field = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[node.name.value] : undefined;
    if (!field) return () => 0;
    const type = getNamedType(field.type);
    const inner: Cost = node.selectionSet && isCompositeType(type) ? ofSelections(type, node.selectionSet) : () => 0;
    const length = lengthOf(field, node);
    return (variables) => 1 + length(variables) * inner(variables);
  };

  const lengthOf = (field: GraphQLField<unknown, unknown>, node: FieldNode): Cost => {
    if (field.args.some(({ name }) => name === 'first')) {
      const sizes = node.arguments?.filter(({ name }) => name.value === 'first' || name.value === 'last') ?? [];
      if (sizes.length === 0) return () => defaultPage;
      // A page over the largest is refused for what it is, not for what it would cost.
      return (variables) =>
        Math.max(0, ...sizes.map(({ value }) => Math.min(numberOf(value, variables) ?? defaultPage, largestPage)));
    }
    // A page's own lists are as long as the page, which has been counted.
    const ofPage = field.name === 'edges' || field.name === 'nodes';
    return isListType(getNullableType(field.type)) && !ofPage ? () => supposedLength : () => 1;
  };

  const numberOf = (value: ValueNode, variables: Variables): number | null => {
    if (value.kind === Kind.INT) return Number(value.value);
    if (value.kind !== Kind.VARIABLE) return null;
    const given = variables[value.name.value];
    if (typeof given === 'number') return given;
    const byDefault = given === undefined ? defaults.get(value.name.value) : undefined;
    return byDefault ? numberOf(byDefault, variables) : null;
  };

  const root = schema.getRootType(operation.operation);
  return root ? ofSelections(root, operation.selectionSet) : () => 0;
}

function remembered(cost: Cost): Cost {
  let last: { variables: Variables; total: number } | undefined;
  return (variables) => {
    if (last?.variables !== variables) last = { variables, total: cost(variables) };
    return last.total;
  };
}
