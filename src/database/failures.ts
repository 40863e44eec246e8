import { Problem } from '../errors/catalogue.ts';

type Fault = {
  code?: unknown;
  message?: unknown;
  cause?: unknown;
  kind?: unknown;
  meta?: { driverAdapterError?: { cause?: { originalCode?: unknown; code?: unknown; kind?: unknown } } };
};

/**
 * Returns PostgreSQL's code of an error (`23505`, `22021` …), however it was wrapped. Null when it is not PostgreSQL's.
 */
export function sqlState(error: unknown): string | null {
  const { code, meta, cause: itsCause } = (error ?? {}) as Fault;
  const cause = meta?.driverAdapterError?.cause;
  // Prisma's transaction control throws its adapter's errors unchanged.
  const state =
    cause?.originalCode ?? cause?.code ?? code ?? (itsCause as { originalCode?: unknown } | null)?.originalCode;
  // EPIPE has the form of a code of PostgreSQL.
  return typeof state === 'string' && /^[0-9A-Z]{5}$/.test(state) && !/^P[12]/.test(state) && !socketAway.has(state)
    ? state
    : null;
}

// Connection exceptions, shutdown, too many connections or a full disk, failing disks, read-only servers, cancelled
// statements, idle transactions that were ended, and statements that are no longer prepared as they were (the
// connection is replaced).
const away = /^(08...|57P0[1-5]|53[0-9]..|58...|25006|25P03|57014|26000|42P05)$/;
// Serialisation failures, deadlocks, and lock timeouts.
const contended = /^(40001|40P01|55P03)$/;
const prismaAway = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028', 'P2034', 'P2037']);
/** What Prisma's adapter turns socket errors into. */
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

/** Returns whether a transaction failed only because of other transactions at the same time: it may succeed at once. */
export const isContended = (error: unknown): boolean => contended.test(sqlState(error) ?? '');

/** Returns whether a statement was prepared before its result columns changed. */
const isOutdatedPlan = (error: unknown): boolean => /cached plan must not change result type/.test(String(error));

/** Returns whether the database is away or too busy, so that the same call may succeed a little later. */
export function isUnavailable(error: unknown): boolean {
  const { code, message, cause, kind: itsKind, meta } = (error ?? {}) as Fault;
  // A statement of Prisma's that fails has its adapter's error inside.
  for (const kind of [itsKind, meta?.driverAdapterError?.cause?.kind])
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

/**
 * Returns whether a batch failed because of one of its callers: by its values, or by a lock that it waits for. The
 * others may succeed on their own.
 */
export function isOfStatement(error: unknown): boolean {
  const state = sqlState(error);
  return state !== null && !away.test(state) && !isOutdatedPlan(error);
}

/**
 * Returns whether the database refused a value that no column of its type can hold. It came from the caller.
 */
function isUnstorable(error: unknown): boolean {
  const state = sqlState(error);
  // Bytes that are no text, and their escapes inside JSON. Numbers out of range.
  return state === '22021' || state === '22P05' || state === '22003';
}

/** Converts a failure for the caller: a Problem stays, an outage becomes UNAVAILABLE, all else is masked. */
export function problemBehind(cause: unknown): Problem {
  if (cause instanceof Problem) return cause;
  if (isUnavailable(cause))
    return new Problem('UNAVAILABLE', 'The service cannot answer now.', { retryAfter: 5, cause });
  if (isUnstorable(cause)) return new Problem('BAD_USER_INPUT', 'A value contains what cannot be stored.', { cause });
  if (sqlState(cause) === '23503')
    return new Problem('CONFLICT', 'Something that this names was deleted at the same time.', { cause });
  return new Problem('INTERNAL', 'Something unexpected happened. It has been logged under the instance.', { cause });
}
