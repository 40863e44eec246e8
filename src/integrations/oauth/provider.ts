import { Problem } from '../../errors/catalogue.ts';
import type { StoredToken } from './stored-token.ts';

/** What a provider gives for a code. */
export type Grant = {
  token: StoredToken;
  /** What the provider calls the workspace that was signed in to; null when it doesn't say. */
  workspaceName: string | null;
  /** The workspace's id, as the provider's deliveries name it; null where deliveries name none. */
  workspaceId: string | null;
};

/** Signing in to a provider in the browser: OAuth's authorization code grant. One implementation a provider. */
export interface OAuthProvider {
  /** The provider's name, as integration configs carry it. */
  readonly provider: string;
  /** What people call it. */
  readonly label: string;
  /** Whether it checks a proof key (RFC 7636, S256). */
  readonly pkce: boolean;
  /** Where the operator's browser goes. */
  authorizationUrl(request: { state: string; redirectUri: string; challenge: string | null }): string;
  /** The token for a code. Throws BAD_USER_INPUT when the code is refused, or a PROVIDER_… problem. */
  exchange(request: { code: string; redirectUri: string; verifier: string | null }): Promise<Grant>;
  /** A new token for a refresh token. Throws TokenRefused when that has ended, or a PROVIDER_… problem. */
  refresh(refreshToken: string): Promise<StoredToken>;
}

/** Our own name and secret at the provider; null where the operator of the service has not given them. */
export type OAuthClient = { id: string; secret: string } | null;

/** By provider; null for one that could be signed in to if the service had a client id and secret of it. */
export type OAuthProviders = ReadonlyMap<string, OAuthProvider | null>;

/** A name as it may be kept and shown: one line, not too long. */
export const shownName = (name: string): string | null =>
  name
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
    .replaceAll(/[\u0000-\u001f\u007f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g, ' ')
    .trim()
    .slice(0, 200) || null;

/** The error for a code that the provider does not take. */
export const refusedCode = (label: string) =>
  new Problem('BAD_USER_INPUT', `${label} did not accept the sign-in. Begin again.`);
