import type { TenantTransaction } from '../database/database.ts';

/** Carries what a part of a transaction found out of its savepoint. */
class Undone<Result> extends Error {
  readonly result: Result;
  constructor(result: Result) {
    super('The part was only to be tried.');
    this.result = result;
  }
}

/** Runs a part of a transaction, undoes all that it has written, and returns its result. */
export async function undone<Result>(
  tx: Pick<TenantTransaction, 'savepoint'>,
  part: () => Promise<Result>,
): Promise<Result> {
  try {
    return await tx.savepoint(async () => {
      throw new Undone(await part());
    });
  } catch (error) {
    if (error instanceof Undone) return error.result as Result;
    throw error;
  }
}
