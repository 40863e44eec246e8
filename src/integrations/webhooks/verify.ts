import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { signatureWindow } from './provider.ts';

/** Returns the HMAC-SHA256 of the concatenated parts. */
export function hmac(key: string | Buffer, ...parts: (string | Buffer)[]): Buffer {
  const made = createHmac('sha256', key);
  for (const part of parts) made.update(part);
  return made.digest();
}

const digest = (value: string | Buffer) => createHash('sha256').update(value).digest();

/** Compares two secrets of any lengths in constant time. */
export const sameSecret = (one: string | Buffer, other: string | Buffer): boolean =>
  timingSafeEqual(digest(one), digest(other));

/** Returns whether a header's seconds since 1970 are within the window around that time. */
export function isRecent(seconds: string | null, now: Date): boolean {
  if (seconds === null || !/^\d{1,12}$/.test(seconds)) return false;
  return Math.abs(now.getTime() - Number(seconds) * 1_000) <= signatureWindow;
}
