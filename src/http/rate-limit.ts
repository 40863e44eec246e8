import type { Viewer } from '../auth/viewer.ts';
import { Problem } from '../errors/catalogue.ts';

/** Who may make how many requests. */
export interface RateLimit {
  /** Counts a request of the viewer's; without a limit, at once. Throws RATE_LIMITED. */
  admit(viewer: Viewer): Promise<void> | void;
  close(): void;
}

/** Lets each credential make so many requests a minute, counted across replicas where there is a Redis; 0 is without limit. */
export async function createRateLimit(perMinute: number, redisUrl: string | null): Promise<RateLimit> {
  if (perMinute === 0) return { admit: () => {}, close: () => {} };
  const { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } = await import('rate-limiter-flexible');
  const options = { points: perMinute, duration: 60, keyPrefix: 'rollcall:rate' };
  const own = new RateLimiterMemory(options);
  // While Redis is away each replica counts for itself.
  const redis = redisUrl
    ? new (await import('ioredis')).Redis(redisUrl, { enableOfflineQueue: false }).on('error', () => {})
    : null;
  const limiter = redis ? new RateLimiterRedis({ ...options, storeClient: redis, insuranceLimiter: own }) : own;
  return {
    async admit({ tenantId, id }) {
      try {
        await limiter.consume(`${tenantId}:${id}`);
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
