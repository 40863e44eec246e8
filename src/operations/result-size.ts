import { type ExecutionResult, GraphQLError, type GraphQLResolveInfo, responsePathAsArray } from 'graphql';
import { maxErrors, type Problem, ResultLimit } from '../errors/catalogue.ts';
import type { Admission } from './admission.ts';
import type { Budget } from './budget.ts';
import { Execution } from './execution.ts';
import { limits } from './limits.ts';
import { type Paced, Pacing } from './pacing.ts';
import { bytesOf, longBytes, type Price, type WorkBelow } from './price.ts';

type Place = Pick<GraphQLResolveInfo, 'path' | 'fieldNodes'>;
type Result = ExecutionResult | Promise<ExecutionResult>;

/** From this much work on, an operation takes turns with other large ones and runs in small steps. */
const large = 15_000;
/** From this size on, the text of a result is made in pieces. */
const largeBytes = 500_000;
/**
 * So many long values of an operation are not measured: the first lists of a common result. A value has 16 KB at the
 * most.
 */
const unmeasuredValues = 1_000;

const askForLess = 'ask for fewer rows or fields at once, or for pages.';
const tooMuchWork = `The result would be more than ${limits.work} fields' work: ${askForLess}`;
const tooManyBytes = `The result would be larger than ${limits.resultBytes / 1e6} MB: ${askForLess}`;

const nothingBelow: WorkBelow = { work: 0, bytes: 0 };

const largeData = new WeakSet<object>();
/**
 * Whether the result took many steps to make, and is without errors: its text is long, and is to be made in steps as
 * well.
 */
export const isLarge = ({ data, errors }: ExecutionResult): boolean =>
  data != null && !errors?.length && largeData.has(data);

/**
 * Counts the result of one operation while it is made: the work and the bytes of each list, before any of its rows is
 * completed. Over the limit the operation ends with one RESULT_TOO_LARGE.
 */
export class ResultSize implements Paced {
  readonly execution = new Execution();
  readonly #budget: Budget;
  readonly #admission: Admission | null;
  readonly #tenantId: string;
  #work = 0;
  #bytes = 0;
  /** How many long values may still stay unmeasured. */
  #unmeasured = unmeasuredValues;
  /** How many lists were not read because they are too large. */
  #refusals = 0;
  /** The error of what did not fit: always the same, because a stack costs more than a row. */
  #error: GraphQLError | null = null;
  #pending = 0;
  /** Only a large result has one. */
  #pacing: Pacing | null = null;
  #prices: Map<unknown, Price> | null = null;

  /** Counts against the request's budget. Without an admission the operation neither waits nor runs in steps. */
  constructor(budget: Budget, admission: Admission | null, tenantId = '') {
    this.#budget = budget;
    this.#admission = admission;
    this.#tenantId = tenantId;
  }

  get work(): number {
    return this.#work;
  }

  /** Prices that hold for this operation's variables only. */
  get prices(): Map<unknown, Price> {
    this.#prices ??= new Map();
    return this.#prices;
  }

  /** The number of lists and rows that are being read. */
  get pending(): number {
    return this.#pending;
  }

  get running(): boolean {
    return this.execution.running;
  }

  /**
   * Executes an operation. A query ends over the limit, with RESULT_TOO_LARGE alone. A mutation does not, because its
   * later fields write.
   */
  run(isQuery: boolean, execute: () => Result): Result {
    return this.execution.run(isQuery, execute, (result) => {
      this.#pacing?.end();
      if (result?.data && (this.#work > large || this.#bytes > largeBytes)) largeData.add(result.data);
    });
  }

  /** Starts at zero for the next event of a subscription. Within an operation nothing is forgotten. */
  nextEvent(): void {
    if (!this.running) this.reset();
  }

  /** Starts at zero for a result that is made again. */
  reset(): void {
    this.#budget.work -= this.#work;
    this.#budget.bytes -= this.#bytes;
    this.#work = 0;
    this.#bytes = 0;
    this.#unmeasured = unmeasuredValues;
    this.#error = null;
  }

  /** Records that a list or row is being read. None is completed until all that are being read have been counted. */
  reading(): void {
    this.#pending++;
  }

  /** Records that a read has failed. */
  failed(): void {
    this.#pending--;
    this.#pacing?.schedule();
  }

  /** Counts a list or row that is known at once. Returns what to complete instead, perhaps later. */
  count(found: object, price: Price, place: Place): unknown {
    const [work, bytes] = [this.#work, this.#bytes];
    if (!this.#add(found, price, nothingBelow)) return this.#exceeded(work, bytes, place);
    if (this.#work <= large) return found;
    return this.#paces()?.pace(found, price.deepWork, false) ?? found;
  }

  /** Counts a list or row that was read. `below` is the work and the bytes below it that were counted already. */
  countRead(found: object | null | undefined, price: () => Price, place: Place, below = nothingBelow): unknown {
    this.#pending--;
    if (found == null || this.execution.stopped) {
      this.#pacing?.schedule();
      return this.execution.stopped ? this.execution.never : found;
    }
    const known = price();
    const [work, bytes] = [this.#work, this.#bytes];
    if (!this.#add(found, known, below)) return this.#exceeded(work, bytes, place, below);
    const pacing = this.#work > large ? this.#paces() : null;
    if (pacing) return pacing.pace(found, known.deepWork, true);
    this.#pacing?.schedule();
    return found;
  }

  /** What the result still has room for. It is negative where others of the request took too much. */
  get room(): WorkBelow {
    return { work: limits.work - this.#budget.work, bytes: limits.resultBytes - this.#budget.bytes };
  }

  /**
   * Records that a list was not read because it is too large. The operation ends when the list says so for the whole
   * result, and when so many were refused that the other errors would not be told.
   */
  refused(error: Problem, place: Place): Promise<never> {
    this.#refusals++;
    if (error instanceof ResultLimit) return this.#refuse(place, tooMuchWork);
    if (this.#refusals > maxErrors) return this.#refuse(place, error.message);
    throw error;
  }

  /** Counts a value of a resolver and returns it. */
  countLeaf(value: unknown, place: Place): unknown {
    const [work, bytes] = [this.#work, this.#bytes];
    const fits = this.#use(
      Array.isArray(value) ? value.length : 0,
      typeof value === 'string' ? value.length : bytesOf(value),
    );
    return fits ? value : this.#exceeded(work, bytes, place);
  }

  /** Runs a batched read after the rows that ask for it have been completed. */
  whenStepped(read: () => void): boolean {
    return this.#pacing?.holdBack(read) ?? false;
  }

  /** Runs the read of a long list when it is this operation's turn. */
  async longRead<Found>(read: () => Promise<Found>): Promise<Found> {
    await this.#paces()?.turn();
    return this.execution.stopped ? this.execution.never : read();
  }

  /** Ends an operation that is not let in. A mutation's other fields go on: what waits gets the error. */
  turnedAway(problem: Problem): Error | null {
    const error = new GraphQLError(problem.message, { originalError: problem });
    return this.execution.stop(error) ? null : error;
  }

  /** Null without an admission, and for an operation that does not run. */
  #paces(): Pacing | null {
    if (!this.running || !this.#admission) return null;
    this.#pacing ??= new Pacing(this, this.#admission, this.#tenantId);
    return this.#pacing;
  }

  /** Refuses what did not fit. */
  #exceeded(workBefore: number, bytesBefore: number, place: Place, below = nothingBelow): Promise<never> {
    const message = Math.max(this.#budget.bytes, below.bytes) > limits.resultBytes ? tooManyBytes : tooMuchWork;
    return this.#refuse(place, message, () => this.#use(workBefore - this.#work, bytesBefore - this.#bytes));
  }

  #use(work: number, bytes: number): boolean {
    this.#work += work;
    this.#bytes += bytes;
    this.#budget.work += work;
    this.#budget.bytes += bytes;
    return this.#budget.work <= limits.work && this.#budget.bytes <= limits.resultBytes;
  }

  #add(found: object, price: Price, below: WorkBelow): boolean {
    const rows = Array.isArray(found) ? found.length : 1;
    if (!this.#use(price.work * rows, (price.bytes + 1) * rows)) return false;
    // What is certain to follow is not counted yet, but need not be begun where it is too much.
    if (this.#budget.work + price.certainWork * rows + below.work > limits.work) return false;
    if (below.bytes > limits.resultBytes) return false;
    const values = price.values * rows;
    if (values <= this.#unmeasured) {
      this.#unmeasured -= values;
      return true;
    }
    const addValues = (count: number) => void this.#use(count, 3 * count);
    if (!Array.isArray(found)) return this.#use(0, longBytes(found, price, addValues));
    for (const row of found) if (row !== null && !this.#use(0, longBytes(row, price, addValues))) return false;
    return true;
  }

  /** Ends the operation. In a mutation the field is left out, its charge is given back, and others are answered. */
  #refuse({ path, fieldNodes }: Place, message: string, giveBack?: () => void): Promise<never> {
    this.#error ??= new GraphQLError(message, {
      nodes: fieldNodes,
      path: responsePathAsArray(path),
      originalError: new ResultLimit(message),
    });
    if (this.execution.stop(this.#error)) return this.execution.never;
    giveBack?.();
    throw this.#error;
  }
}
