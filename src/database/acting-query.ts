import pg from 'pg';
import { actingName } from './actor.ts';

/** What pg's own query sends its statement by. Its types do not say. */
type Sending = {
  bind(config: { statement: string; values: readonly string[] }): void;
  execute(config: { portal: string; rows: number }): void;
};

/**
 * A statement that says in the same message who acts, in the transaction it runs in: the one that has begun, or its
 * own. PostgreSQL ends a transaction of its own at the end of the message only.
 */
export class ActingQuery extends pg.Query {
  declare callback: (error: Error | null, result: pg.QueryResult) => void;
  readonly #actor: string;
  #said = false;

  constructor(config: pg.QueryConfig, actor: string) {
    super(config);
    this.#actor = actor;
  }

  /** Always by separate messages for the statement and its values, since those can follow others. */
  requiresPreparation(): boolean {
    return true;
  }

  prepare(connection: pg.Connection): void {
    const sending = connection as unknown as Sending;
    sending.bind({ statement: actingName, values: [this.#actor] });
    sending.execute({ portal: '', rows: 0 });
    prepareQuery.call(this, connection);
  }

  handleDataRow(message: unknown): void {
    if (this.#said) handleRow.call(this, message);
  }

  handleCommandComplete(message: unknown, connection: pg.Connection): void {
    if (this.#said) handleComplete.call(this, message, connection);
    this.#said = true;
  }
}

type Base = {
  prepare(connection: pg.Connection): void;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, connection: pg.Connection): void;
};
const {
  prepare: prepareQuery,
  handleDataRow: handleRow,
  handleCommandComplete: handleComplete,
} = pg.Query.prototype as unknown as Base;
