import { Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Viewer } from '../auth/viewer.ts';
import { Problem } from '../errors/catalogue.ts';

/** Lets each credential make so many requests a minute, counted across replicas where there is a Redis; 0 is without limit. Throws RATE_LIMITED. */
export function createRateLimit(perMinute: number, redisUrl: string | null): (viewer: Viewer) => Promise<void> {
  if (perMinute === 0) return async () => {};
  const options = { points: perMinute, duration: 60, keyPrefix: 'rollcall:rate' };
  const own = new RateLimiterMemory(options);
  const limiter = redisUrl
    ? new RateLimiterRedis({
        ...options,
        storeClient: new Redis(redisUrl, { enableOfflineQueue: false }).on('error', () => {}),
        insuranceLimiter: own,
      })
    : own;
  return async ({ tenantId, id }) => {
    try {
      await limiter.consume(`${tenantId}:${id}`);
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error;
      throw new Problem('RATE_LIMITED', `More than ${perMinute} requests in a minute.`, {
        retryAfter: Math.max(1, Math.ceil(error.msBeforeNext / 1_000)),
      });
    }
  };
}
