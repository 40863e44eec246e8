import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { type AvatarSize, avatarSizes } from './sizes.ts';

/** Signed addresses of stored images. */
export interface FileUrls {
  /**
   * An absolute URL of the image in that size, good for one to two hours. The same URL for an hour, so that caches can
   * keep it.
   */
  sign(fileId: string, size: AvatarSize): string;
  /** The size that a URL's query asks for; null when the signature is not ours or has expired. */
  verify(fileId: string, query: URLSearchParams): AvatarSize | null;
  /** How many seconds a URL that ends at that time, in seconds, is still good. */
  secondsLeft(expires: number): number;
}

const hour = 3_600;

/**
 * Signs with a key derived from the service's secret key. `publicUrl` is where clients reach the service; `now` is the
 * time by which URLs end, in milliseconds: all replicas must agree about it.
 */
export function createFileUrls(
  secretKey: string,
  publicUrl: () => string,
  now: () => number = () => Date.now(),
): FileUrls {
  const key = Buffer.from(hkdfSync('sha256', secretKey, '', 'rollcall file urls', 32));
  const signature = (fileId: string, size: number, expires: number) =>
    createHmac('sha256', key).update(`${fileId}.${size}.${expires}`).digest();
  return {
    sign(fileId, size) {
      const expires = (Math.floor(now() / 1_000 / hour) + 2) * hour;
      const signed = signature(fileId, size, expires).toString('base64url');
      return `${publicUrl()}/files/${fileId}?size=${size}&expires=${expires}&signature=${signed}`;
    },
    verify(fileId, query) {
      const size = avatarSizes.find((known) => String(known) === query.get('size'));
      const expires = Number(query.get('expires'));
      if (!size || !Number.isSafeInteger(expires) || expires * 1_000 < now()) return null;
      const given = Buffer.from(query.get('signature') ?? '', 'base64url');
      const expected = signature(fileId, size, expires);
      return given.length === expected.length && timingSafeEqual(given, expected) ? size : null;
    },
    secondsLeft: (expires) => Math.max(0, expires - Math.floor(now() / 1_000)),
  };
}
