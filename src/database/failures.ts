import { Problem } from '../errors/catalogue.ts';

type Fault = {
  code?: unknown;
  message?: unknown;
  cause?: unknown;
  kind?: unknown;
  meta?: { driverAdapterError?: { cause?: { originalCode?: unknown; code?: unknown } } };
};

/** PostgreSQL's code for what went wrong (`23505`, `22021` …), however the error came here; null when it isn't PostgreSQL's. */
export function sqlState(error: unknown): string | null {
  const { code, meta, cause: itsCause } = (error ?? {}) as Fault;
  const cause = meta?.driverAdapterError?.cause;
  // Prisma's transaction control throws its adapter's errors as they are.
  const state =
    cause?.originalCode ?? cause?.code ?? code ?? (itsCause as { originalCode?: unknown } | null)?.originalCode;
  // EPIPE has the form of one.
  return typeof state === 'string' && /^[0-9A-Z]{5}$/.test(state) && !/^P[12]/.test(state) && !socketAway.has(state)
    ? state
    : null;
}

// Connection exceptions, shutdown, too many connections or a full disk, failing disks, read-only servers, cancelled statements, transactions ended for doing
// nothing, and statements that are no longer prepared as they were (the connection is replaced).
const away = /^(08...|57P0[1-5]|53[0-9]..|58...|25006|25P03|57014|26000|42P05)$/;
// Serialisation, deadlocks, and locks that were not had in time.
const contended = /^(40001|40P01|55P03)$/;
const prismaAway = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028', 'P2034', 'P2037']);
/** What Prisma's adapter makes of errors of sockets. */
const adapterAway = new Set([
  'ConnectionClosed',
  'DatabaseNotReachable',
  'SocketTimeout',
  'TlsConnectionError',
  'TooManyConnections',
]);
const socketAway = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'ETIMEDOUT',
  'EPIPE',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/** Whether a statement was prepared before the columns that it gives were changed. */
const isOutdatedPlan = (error: unknown): boolean => /cached plan must not change result type/.test(String(error));

/** Whether the database is away or too busy, so that the same call may well succeed a little later. */
export function isUnavailable(error: unknown): boolean {
  const { code, message, cause, kind } = (error ?? {}) as Fault;
  if (typeof kind === 'string' && adapterAway.has(kind)) return true;
  if (typeof code === 'string' && (prismaAway.has(code) || socketAway.has(code))) return true;
  const state = sqlState(error);
  if (state) return away.test(state) || contended.test(state) || isOutdatedPlan(error);
  if (
    typeof message === 'string' &&
    /connection terminated|timeout exceeded when trying to connect|timeout expired|Client was closed|is not queryable|Query read timeout|PGlite is closed/i.test(
      message,
    )
  )
    return true;
  return cause !== undefined && cause !== error && isUnavailable(cause);
}

/** Whether PostgreSQL refused a statement for what it says, or for whom it would wait for: alone, each part of it may well succeed. */
export function isOfStatement(error: unknown): boolean {
  const state = sqlState(error);
  return state !== null && !away.test(state) && !isOutdatedPlan(error);
}

/** Whether the database refused a value that no column of its type can hold: it came from the caller. */
export function isUnstorable(error: unknown): boolean {
  const state = sqlState(error);
  // Bytes that are no text, and escapes of them inside JSON; numbers out of range.
  return state === '22021' || state === '22P05' || state === '22003';
}

/** What a failure is to the caller: a Problem as it is, an outage as such, all else masked. */
export function problemBehind(cause: unknown): Problem {
  if (cause instanceof Problem) return cause;
  if (isUnavailable(cause))
    return new Problem('UNAVAILABLE', 'The service cannot answer at the moment.', { retryAfter: 5, cause });
  if (isUnstorable(cause)) return new Problem('BAD_USER_INPUT', 'A value contains what cannot be stored.', { cause });
  if (sqlState(cause) === '23503')
    return new Problem('CONFLICT', 'Something that this names was deleted at the same time.', { cause });
  return new Problem('INTERNAL', 'Something unexpected happened. It has been logged under the instance.', { cause });
}
