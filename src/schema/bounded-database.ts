import type { TenantDatabase } from '../database/database.ts';
import type { Turns } from '../operations/budget.ts';
import type { ResultSize } from '../operations/result-size.ts';

/**
 * Bounds the tenant's database for one operation. A request runs a bounded number of statements at once. An operation
 * that has ended because its result is too large runs none. Long lists take turns with those of other requests.
 */
export function boundedDatabase(database: TenantDatabase, turns: Turns, size: ResultSize): TenantDatabase {
  const give = () => turns.give();
  const query: TenantDatabase['query'] = (statement, ...values) => {
    if (size.stopped) return size.never;
    if (turns.take()) {
      const rows = database.query(statement, ...values);
      rows.then(give, give);
      return rows;
    }
    return new Promise((resolve) => {
      turns.wait(() => {
        if (size.stopped) return give();
        const rows = database.query(statement, ...values);
        rows.then(give, give);
        resolve(rows);
      });
    });
  };
  const { tenantId, agentId, batchedWrite, queueFor, write, transaction, announce, now } = database;
  return {
    tenantId,
    agentId,
    // Created on first use.
    get models() {
      return database.models;
    },
    query,
    longRead: (read) => size.longRead(read),
    batchedWrite,
    queueFor,
    write,
    transaction,
    announce,
    now,
  };
}
