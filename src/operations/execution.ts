import type { ExecutionResult, GraphQLError } from 'graphql';

type Result = ExecutionResult | Promise<ExecutionResult>;

/** The execution of one operation, which an error can end before the result is whole. */
export class Execution {
  /** Whether an error ends it. A mutation does not end, because its later fields write. */
  #canEnd = false;
  #running = false;
  #error: GraphQLError | null = null;
  #resolve: (() => void) | null = null;
  #never: Promise<never> | null = null;

  /** Whether the operation is executed now. */
  get running(): boolean {
    return this.#running;
  }

  /** Whether an error has ended it. Nothing of it may run any more. */
  get stopped(): boolean {
    return this.#error !== null;
  }

  /** The value for anything that an ended operation still asks for. */
  get never(): Promise<never> {
    this.#never ??= new Promise<never>(() => {});
    return this.#never;
  }

  /**
   * Executes an operation, and calls `ended` when it has ended, with the result where it is whole. The result is the
   * error alone when that ends it.
   */
  run(canEnd: boolean, execute: () => Result, ended: (result?: ExecutionResult) => void): Result {
    this.#canEnd = canEnd;
    this.#running = true;
    const end = (result?: ExecutionResult) => {
      this.#running = false;
      ended(result);
    };
    let made: Result;
    try {
      made = execute();
    } catch (error) {
      end();
      throw error;
    }
    const stopped = () => {
      end();
      return { data: null, errors: [this.#error as GraphQLError] };
    };
    if (this.stopped) return stopped();
    if (!(made instanceof Promise)) {
      end(made);
      return made;
    }
    return new Promise((resolve, reject) => {
      this.#resolve = () => resolve(stopped());
      made.then(
        (result) => {
          if (this.stopped) return;
          end(result);
          resolve(result);
        },
        (error: unknown) => {
          if (this.stopped) return;
          end();
          reject(error);
        },
      );
    });
  }

  /** Ends the operation with an error. Returns false where it does not end by one. */
  stop(error: GraphQLError): boolean {
    if (!this.#canEnd) return false;
    if (this.stopped) return true;
    this.#error = error;
    this.#running = false;
    this.#resolve?.();
    return true;
  }
}
