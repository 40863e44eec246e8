import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
} from 'graphql';
import { Problem } from '../errors/catalogue.ts';
import { actualCost } from './actual-cost.ts';
import { argumentValues } from './argument-values.ts';
import type { Budget } from './budget.ts';
import { type Cost, type CostedOperation, costFor } from './field-cost.ts';
import { limits } from './limits.ts';
import { requestedCost } from './requested-cost.ts';
import type { Variables } from './variables.ts';

type OperationOfDocument = { schema: GraphQLSchema; document: DocumentNode; operation: OperationDefinitionNode };

/** What a client that asks is told of an operation's cost. */
export type ToldCost = { requested: number; actual: number; limit: number };

/**
 * Computes the cost of an operation with these variables: fields times the rows of their pages. Throws UNPROCESSABLE
 * over the limit, or over what earlier operations left of the request's budget.
 */
export function demandAffordable(of: OperationOfDocument, variables: Variables, budget?: Budget): number {
  const own = costFor(knownOf(of).requested, variables);
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

/**
 * Returns the cost that an operation was admitted by, and that of its data, by the same prices: of the rows that are
 * there, instead of those that could be.
 */
export function toldCost(of: OperationOfDocument, variables: Variables, data: unknown): ToldCost {
  const { costed, requested } = knownOf(of);
  return {
    requested: costFor(requested, variables),
    actual: actualCost(costed, data, variables),
    limit: limits.cost,
  };
}

const known = new WeakMap<OperationDefinitionNode, { costed: CostedOperation; requested: Cost }>();

function knownOf({ schema, document, operation }: OperationOfDocument) {
  const before = known.get(operation);
  if (before) return before;
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  const costed = { schema, operation, fragments, values: argumentValues(operation) };
  const made = { costed, requested: requestedCost(costed) };
  known.set(operation, made);
  return made;
}
