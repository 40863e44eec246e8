import { Problem } from '../../errors/catalogue.ts';
import type { StoredToken } from './stored-token.ts';

/** What a provider grants for a code. */
export type Grant = {
  token: StoredToken;
  /** The provider's name of the workspace. Null when it does not say. */
  workspaceName: string | null;
  /** The workspace's id as in the provider's deliveries. Null where deliveries have none. */
  workspaceId: string | null;
};

/** The sign-in to one provider in the browser: OAuth's authorization code grant. */
export interface OAuthProvider {
  /** The provider's name in integration configs. */
  readonly provider: string;
  /** The provider's public name. */
  readonly label: string;
  /** Whether it supports PKCE (RFC 7636, S256). */
  readonly pkce: boolean;
  /** The URL of the sign-in page. */
  authorizationUrl(request: { state: string; redirectUri: string; challenge: string | null }): string;
  /** Exchanges a code for a token. Throws BAD_USER_INPUT when the code is refused, or a PROVIDER_… problem. */
  exchange(request: { code: string; redirectUri: string; verifier: string | null }): Promise<Grant>;
  /** Exchanges a refresh token for a new token. Throws TokenRefused when it has ended, or a PROVIDER_… problem. */
  refresh(refreshToken: string): Promise<StoredToken>;
}

/** The service's client id and secret at the provider. Null where the operator has not set them. */
export type OAuthClient = { id: string; secret: string } | null;

/** By provider. Null for one whose client id and secret are not set. */
export type OAuthProviders = ReadonlyMap<string, OAuthProvider | null>;

/** Returns a name for storing and showing: one line of bounded length. */
export const shownName = (name: string): string | null =>
  name
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
    .replaceAll(/[\u0000-\u001f\u007f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g, ' ')
    .trim()
    .slice(0, 200) || null;

/** Returns the error for a code that the provider refuses. */
export const refusedCode = (label: string) =>
  new Problem('BAD_USER_INPUT', `${label} did not accept the sign-in. Begin again.`);
