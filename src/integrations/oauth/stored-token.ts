import { z } from 'zod';

/** What is kept, encrypted, of a provider's consent. */
export type StoredToken = {
  access: string;
  /** What a new access token is had for; null where the access token does not end by itself. */
  refresh: string | null;
  /** When the access token ends, in milliseconds since 1970; null where it doesn't. */
  expiresAt: number | null;
  /** Until when a replica has taken it on itself to refresh it, in milliseconds since 1970; null while none has. */
  refreshingUntil: number | null;
};

const form = z.strictObject({
  access: z.string(),
  refresh: z.string().nullable(),
  expiresAt: z.number().nullable(),
  refreshingUntil: z.number().nullable(),
});

/** The token as it is encrypted. A token that does not end is kept bare, as one that an operator gave is. */
export const writeToken = (token: StoredToken): string =>
  token.refresh === null && token.expiresAt === null ? token.access : JSON.stringify(token);

/** The token again, bare or not. */
export function readToken(text: string): StoredToken {
  const bare = { access: text, refresh: null, expiresAt: null, refreshingUntil: null };
  if (!text.startsWith('{')) return bare;
  try {
    return form.safeParse(JSON.parse(text)).data ?? bare;
  } catch {
    return bare;
  }
}
