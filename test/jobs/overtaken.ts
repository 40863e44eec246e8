import type { Database } from '../../src/database/database.ts';

/** A database between whose first statement and the next one another does its work. */
export function overtaken(database: Pick<Database, 'query'>, work: () => Promise<unknown>): Pick<Database, 'query'> {
  let isFirst = true;
  const query = async (...asked: Parameters<Database['query']>) => {
    const found = await database.query(...asked);
    if (isFirst) {
      isFirst = false;
      await work();
    }
    return found;
  };
  return { query: query as Database['query'] };
}
