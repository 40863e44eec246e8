import type { Problem } from '../errors/catalogue.ts';
import type { Admission } from './admission.ts';

type Waiting = { work: number; proceed(): void; fail(error: Error): void };

/** The work of one step. The event loop runs other work between two steps. */
const step = 4_000;

/** What a large operation tells its pacing. */
export interface Paced {
  /** The number of lists and rows that are being read. */
  readonly pending: number;
  /** Whether the operation still runs. */
  readonly running: boolean;
  /** Ends the operation, or returns the error for what waits. */
  turnedAway(problem: Problem): Error | null;
}

/** Lets a large operation wait for its turn among others, and completes its rows in small steps. */
export class Pacing {
  readonly #operation: Paced;
  readonly #admission: Admission;
  readonly #tenantId: string;
  #queue: Waiting[] = [];
  #stepping = false;
  #inStep = 0;
  #heldBack: (() => void)[] = [];
  #turn: 'none' | 'waiting' | 'mine' = 'none';
  #leave: (() => void) | null = null;
  #afterTurn: Waiting[] = [];

  constructor(operation: Paced, admission: Admission, tenantId: string) {
    this.#operation = operation;
    this.#admission = admission;
    this.#tenantId = tenantId;
  }

  /** Returns what to complete instead of a list or row, perhaps later. `read` says that it was read just now. */
  pace(found: object, deepWork: number, read: boolean): unknown {
    const work = deepWork * (Array.isArray(found) ? found.length : 1);
    if (!read && this.#stepping && this.#inStep + work <= 2 * step) {
      // What belongs to a row is completed with it.
      this.#inStep += work;
      return found;
    }
    if (!Array.isArray(found) || work <= step) return this.#later(work).then(() => found);
    // Not yet row by row: the promises of lists that turn out too large together would hold the event loop.
    return this.#later(step).then(() => this.#rowByRow(found, deepWork));
  }

  #rowByRow(found: readonly unknown[], deepWork: number): unknown[] {
    const perStep = Math.max(1, Math.floor(step / deepWork));
    const rows: unknown[] = [];
    for (let start = 0; start < found.length; start += perStep) {
      const some = found.slice(start, start + perStep);
      const turn = this.#later(some.length * deepWork);
      for (const row of some) rows.push(turn.then(() => row));
    }
    return rows;
  }

  /** Runs a batched read after the rows that ask for it have been completed. Returns false where it need not wait. */
  holdBack(read: () => void): boolean {
    if (!this.#stepping) return false;
    this.#heldBack.push(read);
    return true;
  }

  /** Resolves when it is this operation's turn. */
  async turn(): Promise<void> {
    if (this.#turn === 'mine') return;
    await new Promise<void>((proceed, fail) => {
      this.#afterTurn.push({ work: 0, proceed, fail });
      this.#enter();
    });
  }

  /** Starts the steps once all reads have been counted and it is this operation's turn. */
  schedule(): void {
    const { pending, running } = this.#operation;
    if (this.#stepping || pending > 0 || this.#queue.length === 0 || !running) return;
    if (this.#turn === 'mine') {
      this.#stepping = true;
      setImmediate(this.#step);
    } else this.#enter();
  }

  /** Forgets all that waits, and gives the turn to the next operation. */
  end(): void {
    this.#queue = [];
    this.#heldBack = [];
    this.#afterTurn = [];
    this.#leave?.();
    this.#leave = null;
  }

  #later(work: number): Promise<void> {
    return new Promise((proceed, fail) => {
      this.#queue.push({ work, proceed, fail });
      this.schedule();
    });
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
    if (this.#turn !== 'none') return;
    this.#turn = 'waiting';
    const leave = this.#admission.enter(
      this.#tenantId,
      () => {
        this.#turn = 'mine';
        for (const { proceed } of this.#afterTurn.splice(0)) proceed();
        this.schedule();
      },
      (problem) => this.#turnedAway(problem),
    );
    // The answer may have ended it already.
    if (this.#operation.running) this.#leave = leave;
    else leave();
  }

  #turnedAway(problem: Problem): void {
    const error = this.#operation.turnedAway(problem);
    if (!error) return;
    for (const { fail } of [...this.#queue.splice(0), ...this.#afterTurn.splice(0)]) fail(error);
    this.#turn = 'none';
  }
}
