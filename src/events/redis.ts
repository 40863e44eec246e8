import type { Redis } from 'ioredis';
import type { Logger } from 'pino';

/** How long opening a connection may take, and how long a command may wait for its answer. */
const connectTimeoutMs = 2_000;
const commandTimeoutMs = 1_000;
/** After how long without an owed answer a socket is closed and opened again. */
const socketTimeoutMs = 2_000;
/** How often an idle connection is checked. */
const heartbeatMs = 3_000;
const longestPauseMs = 2_000;

/**
 * Opens a connection to Redis in the background, and reopens it whenever it breaks or falls silent, for as long as that
 * takes. A command fails at once while there is no connection, and after `timeoutMs` without an answer: no caller waits
 * longer for Redis. The log has the beginning and the end of an outage.
 */
export async function openRedis(
  url: string,
  { purpose, log, timeoutMs = commandTimeoutMs }: { purpose: string; log: Logger; timeoutMs?: number },
): Promise<Redis> {
  // Loaded only where there is a Redis: a start without one is faster.
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
  // Not `close`, which also tells of a connection that the service itself has ended.
  redis.on('reconnecting', () => lost());
  redis.on('ready', () => {
    if (away) log.info({ purpose }, 'Redis is back');
    away = false;
  });
  // A silent socket is noticed only when something is sent. Then `socketTimeout` ends it.
  const heartbeat = setInterval(() => {
    if (redis.status === 'ready') redis.ping().catch(() => {});
  }, heartbeatMs).unref();
  redis.on('end', () => clearInterval(heartbeat));
  return redis;
}
