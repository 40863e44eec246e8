import { createHash, randomBytes } from 'node:crypto';

type Tokens = { access: string; refresh: string | null; expiresIn: number | null };
type Refusal = 'unknown client' | 'redirect address' | 'code' | 'refresh token';

/**
 * OAuth's authorization code grant, strictly: codes and refresh tokens are good for one use. How it is said is each
 * provider's.
 */
export type AuthorizationServer = {
  clientId: string;
  clientSecret: string;
  /** The redirect address that the client has registered; null takes any. */
  redirectUri: string | null;
  consent: 'given' | 'declined';
  workspaceName: string;
  /** In seconds; null for tokens that don't end, of which there are no refresh tokens. */
  expiresIn: number | null;
  /** How often somebody came with a refresh token. */
  refreshes: number;
  refreshTokens: Set<string>;
  /** Where the browser is sent back to; null for a page that says what is wrong. */
  authorize(query: Record<string, string>): string | null;
  redeem(form: Record<string, string>): Tokens | Refusal;
  refresh(form: Record<string, string>): Tokens | Refusal;
};

/** `accept` is told of each access token that is given out. */
export function createAuthorizationServer(
  accept: (token: string) => void,
  expiresIn: number | null,
): AuthorizationServer {
  const codes = new Map<string, { redirectUri: string; challenge: string | undefined }>();
  const issue = (): Tokens => {
    const access = `access-secret-${randomBytes(8).toString('hex')}`;
    accept(access);
    if (server.expiresIn === null) return { access, refresh: null, expiresIn: null };
    const refresh = `refresh-secret-${randomBytes(8).toString('hex')}`;
    server.refreshTokens.add(refresh);
    return { access, refresh, expiresIn: server.expiresIn };
  };
  const isClient = (form: Record<string, string>) =>
    form['client_id'] === server.clientId && form['client_secret'] === server.clientSecret;

  const server: AuthorizationServer = {
    clientId: 'client-id',
    clientSecret: 'client-secret',
    redirectUri: null,
    consent: 'given',
    workspaceName: 'Fake',
    expiresIn,
    refreshes: 0,
    refreshTokens: new Set(),
    authorize({ client_id: clientId, redirect_uri: redirectUri = '', state = '', ...query }) {
      if (clientId !== server.clientId || !URL.canParse(redirectUri)) return null;
      if (server.redirectUri !== null && server.redirectUri !== redirectUri) return null;
      const back = new URL(redirectUri);
      back.searchParams.set('state', state);
      if (server.consent === 'declined') back.searchParams.set('error', 'access_denied');
      else {
        const code = `code-secret-${randomBytes(8).toString('hex')}`;
        codes.set(code, { redirectUri, challenge: query['code_challenge'] });
        back.searchParams.set('code', code);
      }
      return back.href;
    },
    redeem(form) {
      if (!isClient(form)) return 'unknown client';
      const code = codes.get(form['code'] ?? '');
      if (!code) return 'code';
      codes.delete(form['code'] ?? '');
      if (code.redirectUri !== form['redirect_uri']) return 'redirect address';
      const proof = createHash('sha256')
        .update(form['code_verifier'] ?? '')
        .digest('base64url');
      if (code.challenge !== undefined && code.challenge !== proof) return 'code';
      return issue();
    },
    refresh(form) {
      if (!isClient(form)) return 'unknown client';
      server.refreshes += 1;
      return server.refreshTokens.delete(form['refresh_token'] ?? '') ? issue() : 'refresh token';
    },
  };
  return server;
}
