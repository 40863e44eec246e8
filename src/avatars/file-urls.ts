import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { type AvatarSize, avatarSizes } from './sizes.ts';

/** Signed URLs of stored images. */
export interface FileUrls {
  /**
   * Returns an absolute URL of the image in that size, valid for one to two hours. It is the same for an hour, so that
   * caches can keep it.
   */
  sign(fileId: string, size: AvatarSize): string;
  /** Returns the size of a URL's query. Null when the signature is invalid or has expired. */
  verify(fileId: string, query: URLSearchParams): AvatarSize | null;
  /** Returns an absolute URL of a file of data, valid for one to two hours. */
  signData(fileId: string): string;
  /** Returns whether a URL's query permits the file of data. */
  verifyData(fileId: string, query: URLSearchParams): boolean;
  /** Returns how many seconds a URL is still valid that ends at that time, in seconds. */
  secondsLeft(expires: number): number;
}

const hour = 3_600;

/**
 * Creates signed URLs with a key that is derived from the service's secret key. Clients reach the service at
 * `publicUrl`. URLs end by `now`, in milliseconds, on which all replicas must agree.
 */
export function createFileUrls(
  secretKey: string,
  publicUrl: () => string,
  now: () => number = () => Date.now(),
): FileUrls {
  const key = Buffer.from(hkdfSync('sha256', secretKey, '', 'rollcall file urls', 32));
  const signature = (fileId: string, size: number | 'data', expires: number) =>
    createHmac('sha256', key).update(`${fileId}.${size}.${expires}`).digest();
  const nextEnd = () => (Math.floor(now() / 1_000 / hour) + 2) * hour;
  function isSigned(fileId: string, size: number | 'data', query: URLSearchParams): boolean {
    const expires = Number(query.get('expires'));
    if (!Number.isSafeInteger(expires) || expires * 1_000 < now()) return false;
    const given = Buffer.from(query.get('signature') ?? '', 'base64url');
    const expected = signature(fileId, size, expires);
    return given.length === expected.length && timingSafeEqual(given, expected);
  }
  return {
    sign(fileId, size) {
      const expires = nextEnd();
      const signed = signature(fileId, size, expires).toString('base64url');
      return `${publicUrl()}/files/${fileId}?size=${size}&expires=${expires}&signature=${signed}`;
    },
    verify(fileId, query) {
      const size = avatarSizes.find((known) => String(known) === query.get('size'));
      return size && isSigned(fileId, size, query) ? size : null;
    },
    signData(fileId) {
      const expires = nextEnd();
      const signed = signature(fileId, 'data', expires).toString('base64url');
      return `${publicUrl()}/files/${fileId}?expires=${expires}&signature=${signed}`;
    },
    verifyData: (fileId, query) => isSigned(fileId, 'data', query),
    secondsLeft: (expires) => Math.max(0, expires - Math.floor(now() / 1_000)),
  };
}
