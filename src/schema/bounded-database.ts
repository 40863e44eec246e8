import type { TenantDatabase } from '../database/database.ts';
import type { Turns } from '../operations/budget.ts';
import type { ResultSize } from '../operations/result-size.ts';

/**
 * The tenant's database for one operation: so many statements of its request at the same time, none for an operation that has ended
 * because its result is too large, and long lists in turn with those of other requests.
 */
export function boundedDatabase(database: TenantDatabase, turns: Turns, size: ResultSize): TenantDatabase {
  const query: TenantDatabase['query'] = (statement, ...values) => {
    if (size.stopped) return size.never;
    if (turns.take()) return given(turns, database.query(statement, ...values));
    return new Promise((resolve) => {
      turns.wait(() => {
        if (size.stopped) turns.give();
        else resolve(given(turns, database.query(statement, ...values)));
      });
    });
  };
  const { tenantId, agentId, together, transaction, announce } = database;
  return {
    tenantId,
    agentId,
    // Made lazily.
    get models() {
      return database.models;
    },
    query,
    longRead: (read) => size.longRead(read),
    together,
    transaction,
    announce,
  };
}

async function given<Found>(turns: Turns, statement: Promise<Found>): Promise<Found> {
  try {
    return await statement;
  } finally {
    turns.give();
  }
}
