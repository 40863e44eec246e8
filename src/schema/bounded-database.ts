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
  // The rest is the database's own, its lazily made models among it.
  return Object.create(database, {
    query: { value: query },
    longRead: { value: <Found>(read: () => Promise<Found>) => size.longRead(read) },
  }) as TenantDatabase;
}

async function given<Found>(turns: Turns, statement: Promise<Found>): Promise<Found> {
  try {
    return await statement;
  } finally {
    turns.give();
  }
}
