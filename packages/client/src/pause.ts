/** How long to wait before the next try. */
export type Pauses = {
  /** The first pause. Each is twice as long as the one before, up to the longest. */
  firstPauseMs: number;
  longestPauseMs: number;
};

/**
 * Returns the pause after so many tries in a row, in milliseconds, not shorter than the service asks for. Up to a half
 * is added at random: clients that lost the same server do not come back at the same time.
 */
export function pauseMs(
  tries: number,
  { firstPauseMs, longestPauseMs }: Pauses,
  retryAfter: number | null = null,
  random: () => number = Math.random,
): number {
  const grown = Math.min(longestPauseMs, firstPauseMs * 2 ** tries);
  return Math.max(grown, (retryAfter ?? 0) * 1_000) * (1 + random() / 2);
}
