/** Days as an address and a date field have them, like `2026-11-25`, in the operator’s own time. */

const dayMs = 86_400_000;

/** The day that was so many days ago. */
export function daysAgo(days: number): string {
  const day = new Date();
  day.setDate(day.getDate() - days);
  const parts = [day.getFullYear(), day.getMonth() + 1, day.getDate()];
  return parts.map((part) => String(part).padStart(2, '0')).join('-');
}

/** The timestamp at which a day begins. Undefined for what is no day. */
export function beginOf(day: string | undefined): string | undefined {
  const begin = /^\d{4}-\d{2}-\d{2}$/.test(day ?? '') ? new Date(`${day}T00:00`) : undefined;
  return begin && !Number.isNaN(begin.getTime()) ? begin.toISOString() : undefined;
}

/** The timestamp at which a day has ended. A day may have 23 or 25 hours. */
export function endOf(day: string | undefined): string | undefined {
  const begin = beginOf(day);
  if (!begin) return undefined;
  const next = new Date(new Date(begin).getTime() + 1.5 * dayMs);
  next.setHours(0, 0, 0, 0);
  return next.toISOString();
}
