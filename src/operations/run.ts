import { setImmediate as eventLoopTurn } from 'node:timers/promises';
import {
  createSourceEventStream,
  type ExecutionResult,
  execute,
  GraphQLError,
  type OperationDefinitionNode,
  OperationTypeNode,
} from 'graphql';
import { actorOf, type Viewer } from '../auth/viewer.ts';
import type { Actor } from '../database/actor.ts';
import type { OperationTurns } from '../database/operation-turns.ts';
import { Problem } from '../errors/catalogue.ts';
import type { GraphContext } from '../schema/context.ts';
import type { Budget } from './budget.ts';
import { demandAffordable, toldCost } from './cost.ts';
import { thrown } from './errors.ts';
import { createEventTurns } from './event-turns.ts';
import type { Prepare, PreparedOperation } from './prepare.ts';
import type { Streams } from './streams.ts';
import type { DocumentRequest } from './trusted.ts';
import { refusedVariables, type Variables } from './variables.ts';

/**
 * The outcome of an operation: a result, or a stream of results for a subscription. Its errors are not formatted yet.
 */
export type Outcome = ExecutionResult | AsyncIterableIterator<ExecutionResult>;

/** An operation as a client sends it. */
export type OperationRequest = DocumentRequest & {
  operationName: string | null;
  variables: Variables | null;
};

export type RunOptions = {
  /** The budget that the operations of a batch have in common. */
  budget?: Budget | undefined;
  /** The WebSocket connection of the operation, which bounds its streams. */
  connection?: object | undefined;
  /** The id of the request, which the history of its changes has. */
  requestId?: string | undefined;
  /** Whether results tell what they cost, in their extensions. */
  tellCost?: boolean | undefined;
};

export type AnswerOptions = RunOptions & {
  /** Whether the transport forbids mutations, as GET does. */
  readOnly?: boolean;
  /** Whether the document runs although it is not trusted, where others do not. */
  anyDocument?: boolean;
};

/**
 * The only way to execute operations, for all transports. Every failure is an error of the result: nothing here throws.
 */
export interface Operations {
  prepare: Prepare;
  /**
   * Prepares an operation for a viewer who has been let in: a new document when it is the tenant's turn. Throws, or
   * rejects with, what prepare throws.
   */
  prepareFor(viewer: Viewer, ...request: Parameters<Prepare>): PreparedOperation | Promise<PreparedOperation>;
  /** Runs a prepared operation for a viewer who has been let in. */
  run(
    prepared: PreparedOperation,
    variables: Variables,
    viewer: Viewer,
    options?: RunOptions,
  ): Outcome | Promise<Outcome>;
  /** Prepares and runs an operation. */
  answer(request: OperationRequest, viewer: Viewer, options?: AnswerOptions): Outcome | Promise<Outcome>;
}

export type OperationsOptions = {
  prepare: Prepare;
  /** `mayLag` says that the operation changes nothing and answers no event. */
  contextOf(
    viewer: Viewer,
    own?: { budget?: Budget | undefined; actor?: Actor | null; mayLag?: boolean },
  ): GraphContext;
  streams: Streams;
  /** The turns that the tenants’ operations take. */
  turns: OperationTurns;
  /** Runs each operation, where something watches them. */
  around?: <Result>(operation: OperationDefinitionNode, work: () => Result) => Result;
};

export function createOperations({ prepare, contextOf, streams, turns, around }: OperationsOptions): Operations {
  const inTurn = createEventTurns();

  async function stream(
    prepared: PreparedOperation,
    variableValues: Variables,
    viewer: Viewer,
    { budget, connection, tellCost }: RunOptions,
  ): Promise<Outcome> {
    const { schema, document, operation } = prepared;
    streams.demandRoom(viewer, connection);
    const operationName = operation.name?.value;
    const args = { schema, document, operationName, variableValues };
    const events = await createSourceEventStream({ ...args, contextValue: contextOf(viewer, { budget }) });
    if (!(Symbol.asyncIterator in events)) return events;
    // Each event is an operation of its own: it is counted from nothing, reads everything anew, and waits for its turn
    // where it is large.
    const results = mapped(events, (rootValue) =>
      inTurn(viewer.tenantId, () => {
        const contextValue = contextOf(viewer);
        const result = contextValue.size.run(true, () => execute({ ...args, rootValue, contextValue }));
        return tellCost ? withCost(prepared, variableValues, result) : result;
      }),
    );
    return streams.keep(viewer, results, connection);
  }

  const run: Operations['run'] = (prepared, variables, viewer, options = {}) => {
    const outcome = around
      ? around(prepared.operation, () => outcomeOf(prepared, variables, viewer, options))
      : outcomeOf(prepared, variables, viewer, options);
    return options.tellCost ? withCost(prepared, variables, outcome) : outcome;
  };
  const outcomeOf = (
    prepared: PreparedOperation,
    variables: Variables,
    viewer: Viewer,
    options: RunOptions,
  ): Outcome | Promise<Outcome> => {
    const { budget, requestId = null } = options;
    try {
      const { operation } = prepared.operation;
      // Before the cost, which variables that do not fit do not have, and for compiled code, which checks less.
      const refused = refusedVariables(prepared.schema, prepared.operation, variables);
      if (refused) return refused;
      charge(prepared, variables, budget);
      const actor = operation === OperationTypeNode.MUTATION ? actorOf(viewer, requestId) : null;
      const { executor } = prepared;
      const execute = () => executor.execute(contextOf(viewer, { budget, actor, mayLag: actor === null }), variables);
      const outcome =
        operation === OperationTypeNode.SUBSCRIPTION
          ? stream(prepared, variables, viewer, options)
          : turns.run(viewer.tenantId, executor.isWide, execute);
      return outcome instanceof Promise ? outcome.catch(failed) : outcome;
    } catch (error) {
      return failed(error);
    }
  };

  const prepareFor: Operations['prepareFor'] = (viewer, ...request) =>
    prepare.isNew(request[0])
      ? // One in each turn of the event loop, of a tenant that others wait for.
        turns.run(viewer.tenantId, true, async () => {
          await eventLoopTurn();
          return prepare(...request);
        })
      : prepare(...request);

  return {
    prepare,
    prepareFor,
    run,
    answer({ operationName, variables, ...document }, viewer, { readOnly = false, anyDocument, ...options } = {}) {
      const answered = (prepared: PreparedOperation) =>
        readOnly && prepared.operation.operation === OperationTypeNode.MUTATION
          ? failed(onlyByPost())
          : run(prepared, variables ?? {}, viewer, options);
      try {
        const prepared = prepareFor(viewer, document, operationName, { budget: options.budget, anyDocument });
        return prepared instanceof Promise ? prepared.then(answered).catch(failed) : answered(prepared);
      } catch (error) {
        return failed(error);
      }
    },
  };
}

/** The result with what it cost in its extensions. A stream stays as it is: its results tell it. */
function withCost<Result extends Outcome>(
  prepared: PreparedOperation,
  variables: Variables,
  outcome: Result | Promise<Result>,
): Result | Promise<Result> {
  if (outcome instanceof Promise) return outcome.then((result) => withCost(prepared, variables, result));
  if (Symbol.asyncIterator in outcome) return outcome;
  const cost = toldCost(prepared, variables, outcome.data);
  return { ...outcome, extensions: { ...outcome.extensions, cost } };
}

/** The header by which a client asks what its operations cost. */
export const asksForCost = (headers: { get(name: string): string | null }): boolean => headers.get('x-cost') === '1';

/** The stream with each value made into another, one after the other. Ending it ends the one below. */
function mapped<From, To>(values: AsyncIterable<From>, make: (value: From) => To | Promise<To>): AsyncIterable<To> {
  return {
    [Symbol.asyncIterator]() {
      const below = values[Symbol.asyncIterator]();
      return {
        async next() {
          const next = await below.next();
          if (next.done) return { done: true, value: undefined };
          try {
            return { done: false, value: await make(next.value) };
          } catch (error) {
            await below.return?.();
            throw error;
          }
        },
        async return() {
          await below.return?.();
          return { done: true, value: undefined };
        },
      };
    },
  };
}

/** A result of nothing but what was thrown. */
export const failed = (error: unknown): ExecutionResult => ({
  errors: error instanceof AggregateError ? error.errors.map(thrown) : [thrown(error)],
});

const onlyByPost = () =>
  new GraphQLError('A mutation is not executed by GET: use POST.', {
    extensions: { code: 'METHOD_NOT_ALLOWED', http: { status: 405, headers: { allow: 'POST' } } },
  });

/** Throws when the operation, with these variables, would cost more than one request may. */
function charge(prepared: PreparedOperation, variables: Variables, budget?: Budget): void {
  try {
    demandAffordable(prepared, variables, budget);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw new GraphQLError(error.message, {
      originalError: error,
      extensions: { http: { spec: true, status: error.status } },
    });
  }
}
