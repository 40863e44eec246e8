/** How long to wait before the next attempt, in milliseconds: anything up to a bound that doubles with each, so that those who failed together don't come back together. */
export function backoff(attempts: number, first: number, most = 600_000, random = Math.random): number {
  return Math.ceil(random() * Math.min(most, first * 2 ** Math.max(0, attempts - 1)));
}
