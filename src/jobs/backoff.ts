/**
 * Returns the milliseconds before the next attempt: a random time up to a bound that doubles with each attempt. The
 * random part spreads jobs that failed at the same time.
 */
export function backoff(attempts: number, first: number, max = 600_000, random = Math.random): number {
  return Math.ceil(random() * Math.min(max, first * 2 ** Math.max(0, attempts - 1)));
}
