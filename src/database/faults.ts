/** No connection could be opened, or one was given up. What was sent may or may not have happened. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  /** SQL's code for it, so that every place that checks errors takes it for an outage. */
  readonly code = '08006';
}

/**
 * The database cannot be used as it is configured. Trying again does not help until somebody changes that. The message
 * says what.
 */
export class DatabaseSetupError extends Error {
  override readonly name = 'DatabaseSetupError';
  /** To a client it is an outage. */
  readonly code = '08006';
}

/** Returns in one line why the database cannot be used now. */
export type DatabaseFault = { kind: 'retry' | 'configuration'; message: string };

const inWords: Readonly<Record<string, string>> = {
  '28P01': 'the password is wrong',
  '28000': 'this user may not connect',
  '3D000': 'there is no database of that name',
  '42501': 'this user lacks a permission',
  '53300': 'the server has no connection left',
  '57P03': 'the server is starting or stopping',
  '25006': 'the server is read-only: a standby, or one that was replaced',
  '55P03': 'another process holds the lock that is needed',
};

/**
 * Classifies a failure to connect or to migrate: `retry` where it may pass or be mended elsewhere, `configuration`
 * where a restart with other settings, or another version, is needed. Null for an error that is not the database's.
 */
export function databaseFault(error: unknown): DatabaseFault | null {
  if (error instanceof DatabaseSetupError) return { kind: 'configuration', message: error.message };
  if (!(error instanceof Error)) return null;
  const { code } = error as { code?: unknown };
  if (error instanceof ConnectionError) {
    const reason = error.cause === undefined ? null : databaseFault(error.cause);
    return { kind: 'retry', message: reason ? `${error.message}: ${reason.message}` : error.message };
  }
  if (typeof code !== 'string') return null;
  if (inWords[code]) return { kind: 'retry', message: `${inWords[code]} (${error.message})` };
  return /^E[A-Z_]+$/.test(code) || /^(08|40|53|57)/.test(code) ? { kind: 'retry', message: error.message } : null;
}
