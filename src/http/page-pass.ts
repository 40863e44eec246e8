import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/** The header by which GraphiQL shows that it is a page of this machine. */
export const passHeader = 'x-graphiql-pass';

/** What lets GraphiQL on this machine run any document where others run trusted ones only. */
export interface PagePass {
  /** Returns a pass for a page, valid for a day, as its token is. */
  give(): string;
  /** Returns whether a request has a valid pass. */
  isIn(headers: { get(name: string): string | null }): boolean;
}

const day = 86_400_000;

/**
 * Creates passes with a key that is derived from the service's secret key, so that the other processes behind the port
 * know them too. Nobody else can make one: an address or a name in a request proves nothing behind a proxy.
 */
export function createPagePass(secretKey: string, now: () => number = Date.now): PagePass {
  const key = Buffer.from(hkdfSync('sha256', secretKey, '', 'rollcall graphiql page', 32));
  const signature = (expires: number) => createHmac('sha256', key).update(String(expires)).digest();
  return {
    give() {
      const expires = now() + day;
      return `${expires}.${signature(expires).toString('base64url')}`;
    },
    isIn(headers) {
      const [expires = '', signed = ''] = (headers.get(passHeader) ?? '').split('.');
      if (!(Number(expires) > now())) return false;
      const given = Buffer.from(signed, 'base64url');
      const expected = signature(Number(expires));
      return given.length === expected.length && timingSafeEqual(given, expected);
    },
  };
}
