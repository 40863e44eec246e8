import type { Redis } from 'ioredis';
import type { Logger } from 'pino';

/** How long a connection may take to open, and how long a command may wait for its answer, in milliseconds. */
const connectTimeoutMs = 2_000;
const commandTimeoutMs = 1_000;
/** A socket that owes an answer for so long is given up and opened anew, in milliseconds. */
const socketTimeoutMs = 2_000;
/** How often an idle connection is asked whether it is still there, in milliseconds. */
const heartbeatMs = 3_000;
const longestPauseMs = 2_000;

/**
 * Opens a connection to Redis in the background, and opens it anew for as long as it takes whenever it breaks or falls
 * silent. A command fails at once while there is no connection, and after `timeoutMs` where no answer comes: no caller
 * waits for Redis longer than that. An outage is logged when it begins and when it ends.
 */
export async function openRedis(
  url: string,
  { purpose, log, timeoutMs = commandTimeoutMs }: { purpose: string; log: Logger; timeoutMs?: number },
): Promise<Redis> {
  // Loaded only where there is a Redis: a start is the quicker without.
  const { Redis } = await import('ioredis');
  const redis = new Redis(url, {
    connectTimeout: connectTimeoutMs,
    commandTimeout: timeoutMs,
    socketTimeout: socketTimeoutMs,
    keepAlive: 10_000,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // The bus subscribes on each connection and waits for the answer.
    autoResubscribe: false,
    retryStrategy: (times) => Math.min(longestPauseMs, 50 * 2 ** Math.min(times, 10)) * (0.5 + Math.random() / 2),
    // After a failover the old server may live on as a replica.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  });
  let away = false;
  const lost = (error?: Error) => {
    if (away) return;
    away = true;
    log.warn({ purpose, ...(error && { err: error }) }, 'Redis is away: this replica goes on without it');
  };
  redis.on('error', lost);
  redis.on('close', () => lost());
  redis.on('ready', () => {
    if (away) log.info({ purpose }, 'Redis is back');
    away = false;
  });
  // A socket that has fallen silent shows only when something is asked; `socketTimeout` then ends it.
  const heartbeat = setInterval(() => {
    if (redis.status === 'ready') redis.ping().catch(() => {});
  }, heartbeatMs).unref();
  redis.on('end', () => clearInterval(heartbeat));
  return redis;
}
