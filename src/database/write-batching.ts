import { type Actor, nobody } from './actor.ts';
import type { Connection } from './connection.ts';
import { isOfStatement } from './failures.ts';
import { createGroupCommit } from './group-commit.ts';
import { type BatchedWriteStatement, isStorable } from './statement.ts';

/** Runs the same write of concurrent callers as one statement, or as one for each tenant where these are on nodes. */
export interface WriteBatching {
  /** Returns the statement's row for this caller, or null when there is none. */
  ask<Row>(
    statement: BatchedWriteStatement<Row>,
    tenantId: string,
    asked: Readonly<Record<string, string | null>>,
    actor?: Actor,
  ): Promise<Row | null>;
  /** Waits for what is running. */
  drain(): Promise<void>;
}

/** The most callers of one statement, the most that wait, and how long they wait: as long as for a connection. */
const batch = 64;
const capacity = 5_000;
const maxWaitMs = 5_000;
/**
 * How many callers of a failed statement may fail on their own before the rest get null and must write on their own.
 */
const maxFailures = 4;

type Asked = Readonly<Record<string, string | null>>;
type Caller = { statement: BatchedWriteStatement<unknown>; tenantId: string; asked: Asked; actor: Actor };
type Numbered = { n: number };
/** The outcome for a caller: a row or nothing, or an error that concerns only this caller. */
type Outcome = { row: Numbered | null } | { error: unknown };

/** Who adds each row, by the id that the caller has given for it. */
const actors = (callers: readonly Caller[]): string =>
  JSON.stringify({ by: Object.fromEntries(callers.map(({ asked, actor }) => [asked['id'], actor])) });

/**
 * Runs the statements of one batch one after the other. As many batches run at once as there are connections for them.
 */
export function createWriteBatching(
  connection: Pick<Connection, 'queryBatchedWrite' | 'batchedWritesAtOnce' | 'isDistributed'>,
  observe: (text: string) => void = () => {},
): WriteBatching {
  async function run(
    statement: BatchedWriteStatement<unknown>,
    callers: readonly Caller[],
  ): Promise<(Numbered | null)[]> {
    const rows: (Numbered | null)[] = callers.map(() => null);
    const asked = JSON.stringify(callers.map(({ asked }, n) => ({ ...asked, n })));
    const [{ tenantId }] = callers as [Caller];
    const [form, values] = connection.isDistributed ? [statement.ofTenant, [asked, tenantId]] : [statement, [asked]];
    observe(form.text);
    const [found] = (await connection.queryBatchedWrite(form, values, actors(callers))) as [{ rows: string }];
    for (const row of JSON.parse(found.rows) as Numbered[]) rows[row.n] = row;
    return rows;
  }

  /**
   * One caller's values or locks must not fail the others. Where they fail a batch, each caller runs on its own until
   * some have failed again.
   */
  async function serve(statement: BatchedWriteStatement<unknown>, callers: readonly Caller[]): Promise<Outcome[]> {
    try {
      return (await run(statement, callers)).map((row) => ({ row }));
    } catch (error) {
      if (!isOfStatement(error)) return callers.map(() => ({ error }));
      if (callers.length === 1) return [{ row: null }];
    }
    const outcomes: Outcome[] = [];
    let left = maxFailures;
    for (const each of callers) {
      const [outcome] = left > 0 ? await serve(statement, [each]) : [{ row: null }];
      if (outcome === undefined || 'error' in outcome || outcome.row === null) left--;
      outcomes.push(outcome ?? { row: null });
    }
    return outcomes;
  }

  const group = createGroupCommit<Caller, Outcome>({
    keyOf: ({ statement, tenantId }) => (connection.isDistributed ? `${statement.name} ${tenantId}` : statement.name),
    write: (callers) => serve((callers[0] as Caller).statement, callers),
    isItems: () => false,
    capacity,
    batch,
    gather: 0,
    writers: connection.batchedWritesAtOnce,
    maxWaitMs,
  });

  return {
    async ask(statement, tenantId, asked, actor = nobody) {
      // PostgreSQL refuses a whole JSON text for one bad value.
      if (!Object.values(asked).every(isStorable)) return null;
      const caller = { statement, tenantId, asked: { ...asked, tenant_id: tenantId }, actor: { ...actor } };
      const outcome = await group.submit(caller);
      if ('error' in outcome) throw outcome.error;
      return outcome.row as never;
    },
    drain: () => group.drain(),
  };
}
