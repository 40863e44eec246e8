import { pino } from 'pino';

/** Returns an error for the log, without the values of a statement that PostgreSQL and its drivers put into it. */
export function withoutValues(error: Error): object {
  const { params, query, detail, where, internalQuery, ...rest } = pino.stdSerializers.err(error) as unknown as Record<
    string,
    unknown
  >;
  return rest;
}
