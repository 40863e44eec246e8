import { type ExecutionResult, GraphQLError, type GraphQLResolveInfo, responsePathAsArray } from 'graphql';
import type { TenantDatabase } from '../database/database.ts';
import { Problem } from '../errors/catalogue.ts';
import type { Admission } from './admission.ts';
import type { Budget } from './budget.ts';
import { limits } from './limits.ts';

/**
 * The cost of one row at a place in a document, without the lists and rows below it, which are counted when they are
 * found.
 */
export type Price = {
  /** The selected fields. Fields with resolvers count several times. About 2 µs each. */
  readonly work: number;
  /** The same with the single rows that belong to it. */
  readonly deepWork: number;
  /** The work of the single rows that certainly hang on it, because they cannot be null. */
  readonly certainWork: number;
  /** The lists below it whose rows can be counted before they are read, with the work of each row. */
  readonly lists: readonly { readonly count: CountBelow; readonly work: number }[];
  /** The bytes of its names, and of values with a known length. */
  readonly bytes: number;
  /** Properties with long values, and under how many names each is selected. */
  readonly long: readonly { readonly property: string; readonly times: number }[];
  /** How many long values a row has, those of its inner objects too. */
  readonly values: number;
  /** Objects that are a part of the row. */
  readonly inner: readonly { readonly property: string; readonly price: Price }[];
};

/** Counts the rows that lists of these parents have in all. Stops above the most that a result may have. */
export type CountBelow = (db: TenantDatabase, parentIds: readonly string[]) => Promise<number>;

/** The whole result is too large. Every list that finds out throws the same error, which is reported once. */
export class ResultLimit extends Problem {}

type Place = Pick<GraphQLResolveInfo, 'path' | 'fieldNodes'>;
type Waiting = { work: number; proceed(): void; fail(error: Error): void };
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
/** The work of one step. The event loop runs other work between two steps. */
const step = 4_000;

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
export class ResultSize {
  /** Prices that hold for this operation's variables only. */
  readonly prices = new Map<unknown, Price>();
  readonly #budget: Budget;
  readonly #admission: Admission | null;
  readonly #tenantId: string;
  #work = 0;
  #bytes = 0;
  /** How many long values may still stay unmeasured. */
  #unmeasured = unmeasuredValues;
  #error: GraphQLError | null = null;
  /** What there was too much of. */
  #excess: 'work' | 'bytes' = 'work';
  /** Whether the operation ends at once over the limit. A mutation does not, because its later fields write. */
  #stops = false;
  #running = false;
  #stop: ((error: GraphQLError) => void) | null = null;
  #never: Promise<never> | null = null;
  /** The number of lists and rows that are being read. */
  #pending = 0;
  #queue: Waiting[] = [];
  #stepping = false;
  #inStep = 0;
  #heldBack: (() => void)[] = [];
  #turn: 'none' | 'waiting' | 'mine' = 'none';
  #leave: (() => void) | null = null;
  #afterTurn: Waiting[] = [];

  /** Counts against the request's budget. Without an admission the operation neither waits nor runs in steps. */
  constructor(budget: Budget, admission: Admission | null, tenantId = '') {
    this.#budget = budget;
    this.#admission = admission;
    this.#tenantId = tenantId;
  }

  get work(): number {
    return this.#work;
  }

  /** Executes an operation. The result is RESULT_TOO_LARGE alone when that stops it. */
  run(stops: boolean, execute: () => Result): Result {
    this.#stops = stops;
    this.#running = true;
    const stopped = () => ({ data: null, errors: [this.#error as GraphQLError] });
    let made: Result;
    try {
      made = execute();
    } catch (error) {
      this.#end();
      throw error;
    }
    if (this.stopped) return stopped();
    if (!(made instanceof Promise)) {
      this.#end();
      this.#mark(made);
      return made;
    }
    return new Promise((resolve, reject) => {
      this.#stop = () => resolve(stopped());
      made.then(
        (result) => {
          this.#end();
          this.#mark(result);
          resolve(result);
        },
        (error: unknown) => {
          this.#end();
          reject(error);
        },
      );
    });
  }

  /** Whether the operation has ended because its result is too large. Nothing of it may run any more. */
  get stopped(): boolean {
    return this.#error !== null && this.#stops;
  }

  /** The value for anything that an ended operation still asks for. */
  get never(): Promise<never> {
    this.#never ??= new Promise<never>(() => {});
    return this.#never;
  }

  /** Starts at zero for the next event of a subscription. Within an operation nothing is forgotten. */
  nextEvent(): void {
    if (!this.#running) this.reset();
  }

  /** Starts at zero for a result that is made again. */
  reset(): void {
    this.#budget.work -= this.#work;
    this.#budget.bytes -= this.#bytes;
    this.#work = 0;
    this.#bytes = 0;
    this.#unmeasured = unmeasuredValues;
    if (!this.stopped) this.#error = null;
  }

  /** Records that a list or row is being read. None is completed until all that are being read have been counted. */
  reading(): void {
    this.#pending++;
  }

  /** Records that a read has failed. */
  failed(): void {
    this.#pending--;
    this.#schedule();
  }

  /** Counts a list or row that is known at once. Returns what to complete instead, perhaps later. */
  count(found: object, price: Price, place: Place): unknown {
    const [work, bytes] = [this.#work, this.#bytes];
    if (!this.#add(found, price, 0)) return this.#exceeded(work, bytes, place);
    if (this.#work <= large || !this.#running || !this.#admission) return found;
    return this.#paced(found, price.deepWork, false);
  }

  /** Counts a list or row that was read. `workBelow` is the work of lists below it that were counted already. */
  countRead(found: object | null | undefined, price: () => Price, place: Place, workBelow = 0): unknown {
    this.#pending--;
    if (found == null || this.stopped) {
      this.#schedule();
      return this.stopped ? this.never : found;
    }
    const known = price();
    const [work, bytes] = [this.#work, this.#bytes];
    if (!this.#add(found, known, workBelow)) return this.#exceeded(work, bytes, place);
    if (this.#work > large && this.#running && this.#admission) return this.#paced(found, known.deepWork, true);
    this.#schedule();
    return found;
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
    if (!this.#stepping) return false;
    this.#heldBack.push(read);
    return true;
  }

  /** Runs the read of a long list when it is this operation's turn. */
  async longRead<Found>(read: () => Promise<Found>): Promise<Found> {
    if (this.#admission && this.#running && this.#turn !== 'mine') {
      await new Promise<void>((proceed, fail) => {
        this.#afterTurn.push({ work: 0, proceed, fail });
        this.#enter();
      });
    }
    return this.stopped ? this.never : read();
  }

  /**
   * Refuses what did not fit. In a mutation the charge for it is given back: it is left out, and the fields after it
   * are answered.
   */
  #exceeded(workBefore: number, bytesBefore: number, place: Place): Promise<never> {
    this.#excess = this.#budget.bytes > limits.resultBytes ? 'bytes' : 'work';
    if (!this.#stops) this.#use(workBefore - this.#work, bytesBefore - this.#bytes);
    return this.#refuse(place);
  }

  #use(work: number, bytes: number): boolean {
    this.#work += work;
    this.#bytes += bytes;
    this.#budget.work += work;
    this.#budget.bytes += bytes;
    return this.#budget.work <= limits.work && this.#budget.bytes <= limits.resultBytes;
  }

  #add(found: object, price: Price, workBelow: number): boolean {
    const rows = Array.isArray(found) ? found.length : 1;
    if (!this.#use(price.work * rows, (price.bytes + 1) * rows)) return false;
    // What is certain to follow is not counted yet, but need not be begun where it is too much.
    if (this.#budget.work + price.certainWork * rows + workBelow > limits.work) return false;
    const values = price.values * rows;
    if (values <= this.#unmeasured) {
      this.#unmeasured -= values;
      return true;
    }
    if (!Array.isArray(found)) return this.#use(0, longBytes(found, price, this));
    for (const row of found) if (row !== null && !this.#use(0, longBytes(row, price, this))) return false;
    return true;
  }

  /** Counts the values of a list that is a property of a row. */
  addValues(count: number): void {
    this.#use(count, 3 * count);
  }

  #refuse({ path, fieldNodes }: Place): Promise<never> {
    if (!this.#error) {
      const what =
        this.#excess === 'bytes'
          ? `would be larger than ${limits.resultBytes / 1e6} MB`
          : `would be more than ${limits.work} fields' work`;
      const message = `The result ${what}: ask for fewer rows or fields at once, or for pages.`;
      this.#error = new GraphQLError(message, {
        nodes: fieldNodes,
        path: responsePathAsArray(path),
        originalError: new ResultLimit('RESULT_TOO_LARGE', message),
      });
      if (this.#stops) this.#halt();
    }
    // Always the same error: a stack costs more than a row.
    if (!this.#stops) throw this.#error;
    return this.never;
  }

  #mark({ data }: ExecutionResult): void {
    if (data && (this.#work > large || this.#bytes > largeBytes)) largeData.add(data);
  }

  /** Rejects everything that is not done. */
  #halt(): void {
    this.#end();
    this.#stop?.(this.#error as GraphQLError);
  }

  #end(): void {
    this.#running = false;
    this.#queue = [];
    this.#heldBack = [];
    this.#afterTurn = [];
    this.#leave?.();
    this.#leave = null;
  }

  #paced(found: object, deepWork: number, read: boolean): unknown {
    const work = deepWork * (Array.isArray(found) ? found.length : 1);
    if (!read && this.#stepping && this.#inStep + work <= 2 * step) {
      // What belongs to a row is completed with it.
      this.#inStep += work;
      return found;
    }
    if (!Array.isArray(found) || work <= step) return this.#later(work).then(() => found);
    const perStep = Math.max(1, Math.floor(step / deepWork));
    const rows: unknown[] = [];
    for (let start = 0; start < found.length; start += perStep) {
      const some = found.slice(start, start + perStep);
      const turn = this.#later(some.length * deepWork);
      for (const row of some) rows.push(turn.then(() => row));
    }
    return rows;
  }

  #later(work: number): Promise<void> {
    return new Promise((proceed, fail) => {
      this.#queue.push({ work, proceed, fail });
      this.#schedule();
    });
  }

  /** Starts the steps once all reads have been counted and it is this operation's turn. */
  #schedule(): void {
    if (this.#stepping || this.#pending > 0 || this.#queue.length === 0 || !this.#running) return;
    if (this.#turn === 'mine') {
      this.#stepping = true;
      setImmediate(this.#step);
    } else this.#enter();
  }

  #step = (): void => {
    this.#inStep = 0;
    let done = 0;
    let work = 0;
    for (let next = this.#queue[0]; next && (done === 0 || work + next.work <= step); next = this.#queue[done]) {
      work += next.work;
      done++;
      next.proceed();
    }
    if (done > 0) {
      this.#queue.splice(0, done);
      setImmediate(this.#step);
      return;
    }
    this.#stepping = false;
    const reads = this.#heldBack;
    this.#heldBack = [];
    for (const read of reads) read();
  };

  #enter(): void {
    if (this.#turn !== 'none' || !this.#admission) return;
    this.#turn = 'waiting';
    const leave = this.#admission.enter(
      this.#tenantId,
      () => {
        this.#turn = 'mine';
        for (const { proceed } of this.#afterTurn.splice(0)) proceed();
        this.#schedule();
      },
      (problem) => this.#turnedAway(problem),
    );
    // The answer may have ended it already.
    if (this.#running) this.#leave = leave;
    else leave();
  }

  #turnedAway(problem: Problem): void {
    const error = new GraphQLError(problem.message, { originalError: problem });
    if (this.#stops) {
      this.#error = error;
      this.#halt();
      return;
    }
    for (const { fail } of [...this.#queue.splice(0), ...this.#afterTurn.splice(0)]) fail(error);
    this.#turn = 'none';
  }
}

function longBytes(row: object, { long, inner }: Price, size: ResultSize): number {
  let bytes = 0;
  for (const { property, times } of long) {
    const value = (row as Record<string, unknown>)[property];
    if (value == null) continue;
    if (typeof value === 'string') bytes += times * textBytes(value);
    else if (Array.isArray(value)) {
      size.addValues(times * value.length);
      bytes += times * bytesOf(value);
    } else bytes += times * bytesOf(value);
  }
  for (const { property, price } of inner) {
    const part = (row as Record<string, unknown>)[property];
    if (typeof part === 'object' && part !== null) bytes += longBytes(part, price, size);
  }
  return bytes;
}

// The encoding of a short text makes no difference.
const textBytes = (text: string) => (text.length < 64 ? text.length : Buffer.byteLength(text));

/** Returns the bytes of a value as JSON. */
function bytesOf(value: unknown): number {
  if (value == null) return 4;
  if (typeof value === 'string') return textBytes(value) + 2;
  if (value instanceof Date) return 26;
  if (typeof value !== 'object') return 8;
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + 1 + bytesOf(item), 2);
  return Buffer.byteLength(JSON.stringify(value));
}
