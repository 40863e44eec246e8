import type { TenantDatabase, TenantQuery } from '../database/database.ts';
import type { Turns } from '../operations/budget.ts';
import type { ResultSize } from '../operations/result-size.ts';

/**
 * Bounds the tenant's database for one operation. A request runs a bounded number of statements at once. An operation
 * that has ended because its result is too large runs none. Long lists take turns with those of other requests.
 */
export const boundedDatabase = (database: TenantDatabase, turns: Turns, size: ResultSize): TenantDatabase =>
  new BoundedDatabase(database, turns, size);

// A class, because each operation has one: what it does not bound costs nothing until it is used.
class BoundedDatabase implements TenantDatabase {
  readonly tenantId: string;
  readonly agentId: string | null;
  readonly #database: TenantDatabase;
  readonly #turns: Turns;
  readonly #size: ResultSize;

  constructor(database: TenantDatabase, turns: Turns, size: ResultSize) {
    this.tenantId = database.tenantId;
    this.agentId = database.agentId;
    this.#database = database;
    this.#turns = turns;
    this.#size = size;
  }

  // Functions without `this`, as the interface has them: rules take them out of their database.
  get query(): TenantQuery {
    return (statement, ...values) => this.#inTurn(() => this.#database.query(statement, ...values));
  }

  get slowQuery(): TenantQuery {
    return (statement, ...values) => this.#inTurn(() => this.#database.slowQuery(statement, ...values));
  }

  get longRead(): TenantDatabase['longRead'] {
    return (read) => this.#size.longRead(read);
  }

  get models() {
    return this.#database.models;
  }

  get batchedWrite() {
    return this.#database.batchedWrite;
  }

  get queueFor() {
    return this.#database.queueFor;
  }

  get write() {
    return this.#database.write;
  }

  get transaction() {
    return this.#database.transaction;
  }

  get announce() {
    return this.#database.announce;
  }

  get now() {
    return this.#database.now;
  }

  #inTurn<Found>(read: () => Promise<Found>): Promise<Found> {
    const [turns, size] = [this.#turns, this.#size];
    if (size.execution.stopped) return size.execution.never;
    if (turns.take()) {
      const rows = read();
      rows.then(turns.give, turns.give);
      return rows;
    }
    return new Promise((resolve) => {
      turns.wait(() => {
        if (size.execution.stopped) return turns.give();
        const rows = read();
        rows.then(turns.give, turns.give);
        resolve(rows);
      });
    });
  }
}
