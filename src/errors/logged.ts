import { pino } from 'pino';

/** Returns an error for the log, without the values of a statement that PostgreSQL and its drivers put into it. */
export function withoutValues(error: Error): object {
  const { params, query, detail, where, internalQuery, aggregateErrors, ...rest } = pino.stdSerializers.err(
    error,
  ) as unknown as Record<string, unknown>;
  return error instanceof AggregateError ? { ...rest, aggregateErrors: error.errors.map(withoutValues) } : rest;
}
