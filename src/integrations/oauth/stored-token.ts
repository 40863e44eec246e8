import { z } from 'zod';

/** What is stored, encrypted, of a provider's consent. */
export type StoredToken = {
  access: string;
  /** The refresh token. Null where the access token does not end. */
  refresh: string | null;
  /** When the access token ends, in milliseconds since 1970. Null where it does not. */
  expiresAt: number | null;
  /** Until when a replica has claimed the refresh, in milliseconds since 1970. Null while none has. */
  refreshingUntil: number | null;
};

const form = z.strictObject({
  access: z.string(),
  refresh: z.string().nullable(),
  expiresAt: z.number().nullable(),
  refreshingUntil: z.number().nullable(),
});

/** Returns the text to encrypt. A token that does not end is stored bare, like one from an operator. */
export const writeToken = (token: StoredToken): string =>
  token.refresh === null && token.expiresAt === null ? token.access : JSON.stringify(token);

/** Reads a stored text, bare or not. */
export function readToken(text: string): StoredToken {
  const bare = { access: text, refresh: null, expiresAt: null, refreshingUntil: null };
  if (!text.startsWith('{')) return bare;
  try {
    return form.safeParse(JSON.parse(text)).data ?? bare;
  } catch {
    return bare;
  }
}
