import { pino } from 'pino';

/** An error as the log has it: what PostgreSQL and its drivers say of the values of a statement is left out. */
export function withoutValues(error: Error): object {
  const { params, query, detail, where, internalQuery, ...rest } = pino.stdSerializers.err(error) as unknown as Record<
    string,
    unknown
  >;
  return rest;
}
