import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { ConfigError } from './config.ts';
import { isUnavailable } from './database/failures.ts';
import { databaseFault } from './database/faults.ts';
import { DatabaseInUseError } from './database/folder-lock.ts';

/**
 * Runs a step of the start that needs a part, and repeats it while that part is away. Throws what repeating does not
 * mend.
 */
export type Attempt = <Result>(part: string, step: () => Promise<Result>) => Promise<Result>;

export interface Start {
  attempt: Attempt;
  /** The fault of each part so far. Null for a part that works. */
  missing(): Record<string, string | null>;
}

const firstPauseMs = 500;
const longestPauseMs = 5_000;
/** When the log first says that a step takes long, and the interval after that. */
const longMs = 5_000;

/** Keeps a start going while a part is away, with a line in the log for each try. */
export function createStart(log: Logger): Start {
  const parts: Record<string, string | null> = { database: 'starting' };
  return {
    missing: () => ({ ...parts }),
    async attempt(part, step) {
      for (let tries = 1; ; tries++) {
        const since = performance.now();
        // Waiting for a lock of another process, or on a silent socket, gives no error.
        const notice = setInterval(() => {
          parts[part] = 'has not answered yet';
          log.warn(
            { part, waitedMs: Math.round(performance.now() - since) },
            `the start still waits for the ${part}: it does not answer, or another process is migrating it`,
          );
        }, longMs);
        try {
          const result = await step();
          parts[part] = null;
          return result;
        } catch (error) {
          const fault = databaseFault(error);
          if (fault ? fault.kind === 'configuration' : !isUnavailable(error)) throw error;
          parts[part] = 'cannot be used';
          const retryInMs = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(tries - 1, 10));
          log.warn(
            { part, reason: oneLine(fault?.message ?? '') || reasonOf(error), tries, retryInMs },
            `the start waits for the ${part}`,
          );
          clearInterval(notice);
          await sleep(retryInMs);
        } finally {
          clearInterval(notice);
        }
      }
    },
  };
}

const oneLine = (text: string) => text.split('\n')[0] as string;

/** Returns the error in one line. For a host with several addresses Node gives an error without a message. */
function reasonOf(error: unknown): string {
  const { message, code, cause, errors } = error as {
    message?: string;
    code?: string;
    cause?: unknown;
    errors?: unknown[];
  };
  if (message) return oneLine(message);
  if (errors?.length) return reasonOf(errors[0]);
  return cause ? reasonOf(cause) : (code ?? 'unknown');
}

const ofCertificates = /CERT|SELF_SIGNED|^ERR_TLS_|^ERR_SSL_/;
const ofFiles: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of the path is no folder',
};

/** Returns what the operator can mend, in words. Null for a fault of the program. */
export function obstacle(error: unknown): string | null {
  if (error instanceof ConfigError || error instanceof DatabaseInUseError) return error.message;
  const {
    code = '',
    syscall,
    port,
    path,
    message = '',
  } = error as {
    code?: string;
    syscall?: string;
    port?: number;
    path?: string;
    message?: string;
  };
  if (syscall === 'listen' || syscall === 'bind') {
    if (code === 'EADDRINUSE') return `Port ${port} is in use by another program: set PORT.`;
    if (code === 'EACCES') return `Port ${port} may not be used by this user: set PORT.`;
    return `HOST and PORT cannot be listened on: ${message}`;
  }
  const fault = databaseFault(error);
  if (fault?.kind === 'configuration') return fault.message;
  if (ofCertificates.test(code) || /does not support SSL connections/.test(message))
    return `The connection to the database cannot be encrypted as DATABASE_URL asks: ${reasonOf(error)}.`;
  const ofFile = path !== undefined && ofFiles[code];
  if (ofFile) return `${path} cannot be used: ${ofFile}. Set DATA_DIR.`;
  return null;
}
