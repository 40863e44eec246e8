import { limits } from './limits.ts';

/** What the operations of one request may still use of its limits. A batch's operations share one. */
export type Budget = {
  characters: number;
  tokens: number;
  cost: number;
  /** Whether an operation has been charged: then messages speak of the batch. */
  used: boolean;
};

/** The whole of what one request may use. */
export const newBudget = (): Budget => ({
  characters: limits.document,
  tokens: limits.tokens,
  cost: limits.cost,
  used: false,
});
