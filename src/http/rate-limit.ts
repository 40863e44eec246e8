import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Viewer } from '../auth/viewer.ts';
import { Problem } from '../errors/catalogue.ts';

/** Limits the requests of each viewer. */
export interface RateLimit {
  /** Counts a request of the viewer, without waiting where there is no limit. Throws RATE_LIMITED. */
  admit(viewer: Viewer): Promise<void> | void;
  close(): void;
}

/** After how long Redis is asked again when it did not count a request in time. */
const pauseMs = 2_000;

/**
 * Limits the requests per minute of each credential. 0 is no limit. With a Redis, opened with a short time limit,
 * requests are counted across replicas. While Redis is away each replica counts its own, and no request waits for it.
 */
export async function createRateLimit(perMinute: number, redis: Redis | null, log: Logger): Promise<RateLimit> {
  if (perMinute === 0) return { admit: () => {}, close: () => redis?.disconnect() };
  const { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } = await import('rate-limiter-flexible');
  const options = { points: perMinute, duration: 60, keyPrefix: 'rollcall:rate' };
  const own = new RateLimiterMemory(options);
  const shared = redis && new RateLimiterRedis({ ...options, storeClient: redis, rejectIfRedisNotReady: true });
  let alone = false;
  let askAgainAt = 0;

  async function consume(key: string): Promise<void> {
    if (shared && performance.now() >= askAgainAt) {
      // One request finds out whether Redis is back. The others do not wait for that.
      if (alone) askAgainAt = performance.now() + pauseMs;
      try {
        await shared.consume(key);
        alone = false;
        return;
      } catch (error) {
        if (error instanceof RateLimiterRes) throw error;
        askAgainAt = performance.now() + pauseMs;
        if (!alone)
          log.warn({ err: error }, 'requests are counted by each replica for itself: Redis does not count them');
        alone = true;
      }
    }
    await own.consume(key);
  }

  return {
    async admit({ tenantId, id }) {
      try {
        await consume(`${tenantId}:${id}`);
      } catch (error) {
        if (!(error instanceof RateLimiterRes)) throw error;
        throw new Problem('RATE_LIMITED', `More than ${perMinute} requests in a minute.`, {
          retryAfter: Math.max(1, Math.ceil(error.msBeforeNext / 1_000)),
        });
      }
    },
    close: () => redis?.disconnect(),
  };
}
