/** Returns the seconds to wait from a Retry-After header of either form: 1 to 3,600, and 30 for an unreadable one. */
export function retryAfterSeconds(header: string | null | undefined, now = Date.now()): number {
  const value = header?.trim() ?? '';
  const seconds = /^\d+$/.test(value) ? Number(value) : Math.ceil((Date.parse(value) - now) / 1000);
  return Number.isNaN(seconds) ? 30 : Math.min(Math.max(seconds, 1), 3_600);
}
