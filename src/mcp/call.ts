import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import type { ExecutionResult, GraphQLError } from 'graphql';
import type { Viewer } from '../auth/viewer.ts';
import type { Budget } from '../operations/budget.ts';
import { type FormatResult, formatEach } from '../operations/errors.ts';
import type { PreparedOperation } from '../operations/prepare.ts';
import { failed, type Operations, type Outcome } from '../operations/run.ts';
import type { Variables } from '../operations/variables.ts';
import type { ReadyTool } from './toolbox.ts';
import type { Following, Progress } from './tools.ts';

export type Call = {
  viewer: Viewer;
  requestId: string;
  budget: Budget;
  /** Ends the call: the client has cancelled it, or has left. */
  signal: AbortSignal;
  /** Tells the client how far it is. Null where the client did not ask. */
  tell: ((progress: Progress) => Promise<void>) | null;
};

export type CallOptions = {
  operations: Operations;
  format: FormatResult;
  /** Called with each result and the seconds it took. */
  answered(status: number, seconds: number, result: ExecutionResult): void;
};

const cancelled: CallToolResult = { isError: true, content: [{ type: 'text', text: 'The call was cancelled.' }] };

/**
 * Runs a tool: its document, with the call's arguments as variables, by the pipeline that runs all operations. Failures
 * are results with a code of the catalogue.
 */
export async function callTool(
  tool: ReadyTool,
  given: Variables,
  call: Call,
  options: CallOptions,
): Promise<CallToolResult> {
  const startedAt = performance.now();
  const result = await ended(call.signal, resultOf(tool, given, call, options));
  if (!result) return cancelled;
  options.answered(200, (performance.now() - startedAt) / 1_000, result);
  return told(result);
}

async function resultOf(
  tool: ReadyTool,
  given: Variables,
  call: Call,
  { operations, format }: CallOptions,
): Promise<ExecutionResult> {
  const { viewer, requestId, budget, tell } = call;
  const run = (operation: PreparedOperation, variables: Variables): Outcome | Promise<Outcome> =>
    operations.run(operation, variables, viewer, { budget, requestId });
  try {
    const { operation, variables } = tool.choose(given);
    const result = format(single(await run(operation, variables)), requestId);
    const following = tool.following(operation);
    if (!tell || !following || result.errors || !result.data) return result;
    const outcome = await run(following.operation, following.how.variables(result.data));
    if (!(Symbol.asyncIterator in outcome)) return format(outcome, requestId);
    const states = formatEach(outcome, (state) => format(state, requestId));
    return await follow(states, following.how, { ...call, tell });
  } catch (error) {
    return format(failed(error), requestId);
  }
}

function single(outcome: Outcome): ExecutionResult {
  if (Symbol.asyncIterator in outcome) throw new Error('A tool began with a stream.');
  return outcome;
}

/** Tells every state until the last, which is the result. Leaves the stream when the call ends. */
async function follow(
  states: AsyncIterableIterator<ExecutionResult>,
  { progress }: Following,
  { tell, signal }: Call & { tell: NonNullable<Call['tell']> },
): Promise<ExecutionResult> {
  const leave = () => void states.return?.();
  signal.addEventListener('abort', leave, { once: true });
  if (signal.aborted) leave();
  let last: ExecutionResult = {};
  let reached = -1;
  for await (const state of states) {
    last = state;
    if (state.errors || !state.data) break;
    const now = progress(state.data);
    // The protocol wants every progress to be more than the one before.
    if (now.progress > reached) await tell(now);
    reached = Math.max(reached, now.progress);
  }
  return last;
}

/** Returns the result. Null when the call ends before. */
function ended(signal: AbortSignal, result: Promise<ExecutionResult>): Promise<ExecutionResult | null> {
  return new Promise((resolve, reject) => {
    const leave = () => resolve(null);
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    result.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}

/** The result for a model: the data, or the problem. Where only a part failed, the data comes with the errors. */
function told({ data, errors = [] }: ExecutionResult): CallToolResult {
  const isWhole = (error: GraphQLError) => (error.path?.length ?? 0) <= 1;
  const texts = errors.map((error) => ({ type: 'text' as const, text: lineOf(error) }));
  if (!data || errors.some(isWhole)) {
    const problems = errors.map(problemIn);
    return { isError: true, content: texts, structuredContent: problems.length === 1 ? problems[0] : { problems } };
  }
  return { content: [{ type: 'text', text: JSON.stringify(data) }, ...texts], structuredContent: data };
}

function problemIn({ extensions: { http, ...problem } }: GraphQLError): Record<string, unknown> {
  return problem;
}

/** An error in a line: its code, its words, and every violation with its place. */
function lineOf({ message, path, extensions }: GraphQLError): string {
  const { code, retryAfter, errors } = extensions;
  const violations = Array.isArray(errors)
    ? errors.map(({ path: at, message: what }) => `\n${at.join('.')}: ${what}`).join('')
    : '';
  const place = path && path.length > 1 ? ` (at ${path.join('.')})` : '';
  const wait = typeof retryAfter === 'number' ? ` Try again in ${retryAfter} seconds.` : '';
  return `${String(code)}: ${message}${place}${wait}${violations}`;
}
