const date = /^(\d{4})-?(?:(\d{2})-?(\d{2})|W(\d{2})-?([1-7])|(\d{3}))/;
const timeOfDay = /^(\d{2})(?::?(\d{2})(?::?(\d{2}))?)?(?:[.,](\d{1,9}))?/;
const zone = /^(?:[Zz]|([+\-−])(\d{2}):?(\d{2})?)?$/;

const minutes = 60_000;
const days = 24 * 60 * minutes;

/**
 * Parses a time of ISO 8601 in its common forms: the calendar, week and ordinal date, extended or basic, with a time of
 * day down to hours, minutes, seconds or a fraction of the last of these, and an offset. Without an offset it is in
 * UTC, and without a time of day it is midnight. Null for anything else, also for February 30.
 */
export function isoTime(given: string): Date | null {
  let rest = given.trim();
  const [onDate, year, month, day, week, weekday, dayOfYear] = date.exec(rest) ?? [];
  if (!onDate || !year) return null;
  rest = rest.slice(onDate.length);
  const at = dayOf(Number(year), { month, day, week, weekday, dayOfYear });
  if (at === null || rest === '') return at === null ? null : new Date(at);
  if (!/^[Tt ]/.test(rest)) return null;
  rest = rest.slice(1);
  const [onTime, hour, minute, second, fraction] = timeOfDay.exec(rest) ?? [];
  if (!onTime) return null;
  const [onZone, sign, zoneHour, zoneMinute] = zone.exec(rest.slice(onTime.length)) ?? [];
  if (onZone === undefined) return null;
  const [h, m, s] = [Number(hour), Number(minute ?? 0), Number(second ?? 0)];
  // 24:00 is the end of a day, and :60 a leap second, which Date does not have.
  const isEndOfDay = h === 24 && m === 0 && s === 0 && !Number(fraction ?? 0);
  if ((h > 23 && !isEndOfDay) || m > 59 || s > 60) return null;
  const [zh, zm] = [Number(zoneHour ?? 0), Number(zoneMinute ?? 0)];
  if (zh > 23 || zm > 59) return null;
  const part = second ? 1_000 : minute ? minutes : 60 * minutes;
  const within = h * 60 * minutes + m * minutes + Math.min(s, 59) * 1_000 + Number(`0.${fraction ?? 0}`) * part;
  const offset = (zh * 60 + zm) * minutes * (sign === undefined || sign === '+' ? 1 : -1);
  return new Date(at + Math.floor(within) - offset);
}

type Day = Partial<Record<'month' | 'day' | 'week' | 'weekday' | 'dayOfYear', string | undefined>>;

/**
 * Returns the midnight at which a day of a year begins, in milliseconds since 1970. Null when the year does not have
 * the day.
 */
function dayOf(year: number, { month, day, week, weekday, dayOfYear }: Day): number | null {
  const firstOfYear = utc(year, 0, 1);
  if (dayOfYear !== undefined) {
    const at = firstOfYear + (Number(dayOfYear) - 1) * days;
    return new Date(at).getUTCFullYear() === year && Number(dayOfYear) > 0 ? at : null;
  }
  if (week !== undefined) {
    // Week 1 is the one with January 4; weeks begin on Mondays.
    const fourth = utc(year, 0, 4);
    const monday = fourth - ((new Date(fourth).getUTCDay() + 6) % 7) * days;
    const at = monday + ((Number(week) - 1) * 7 + Number(weekday) - 1) * days;
    const thursday = new Date(at + (4 - Number(weekday)) * days);
    return Number(week) > 0 && thursday.getUTCFullYear() === year ? at : null;
  }
  const at = utc(year, Number(month) - 1, Number(day));
  const found = new Date(at);
  return found.getUTCMonth() === Number(month) - 1 && found.getUTCDate() === Number(day) ? at : null;
}

// Date.UTC takes years below 100 for the twentieth century's.
const utc = (year: number, month: number, day: number) => new Date(0).setUTCFullYear(year, month, day);
