import * as oauth from 'oauth4webapi';
import { type Credential, type OpenId, returnPath } from './session.ts';

/** Signing in by OpenID Connect: authorization code with PKCE, in the browser, without a secret. */

const place = 'rollcall.sign-in';
const scope =
  'openid participants:read participants:write conversations:read conversations:write users:read users:write integrations:write admin';

type Begun = { verifier: string; state: string; nonce: string; back: string };

const redirectUri = () => new URL(returnPath, location.origin).href;
// An audience that is a URI is a resource (RFC 8707); other providers take it as `audience`.
const audienceOf = ({ audience }: OpenId): Record<string, string> =>
  URL.canParse(audience) ? { resource: audience, audience } : { audience };

async function discover({ issuer }: OpenId) {
  const url = new URL(issuer);
  // A provider on this machine has no certificate. The policy of the page allows no other host.
  const insecure = { [oauth.allowInsecureRequests]: url.protocol === 'http:' };
  const server = await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, insecure));
  return { server, insecure };
}

/** Sends the browser to the identity provider. It comes back to the page that it left. */
export async function beginSignIn(openId: OpenId): Promise<void> {
  const { server } = await discover(openId);
  if (!server.authorization_endpoint) throw new Error('The identity provider names no page to sign in at.');
  const back = location.pathname === returnPath ? '/' : location.pathname + location.search;
  const begun: Begun = {
    verifier: oauth.generateRandomCodeVerifier(),
    state: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
    back,
  };
  sessionStorage.setItem(place, JSON.stringify(begun));
  const url = new URL(server.authorization_endpoint);
  url.search = new URLSearchParams({
    client_id: openId.clientId,
    redirect_uri: redirectUri(),
    response_type: 'code',
    scope,
    state: begun.state,
    nonce: begun.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(begun.verifier),
    code_challenge_method: 'S256',
    ...audienceOf(openId),
  }).toString();
  location.assign(url);
}

/** Finishes the sign-in that the browser comes back from. Returns the credential, and leaves no code in the address. */
export async function finishSignIn(openId: OpenId): Promise<Credential> {
  const kept = sessionStorage.getItem(place);
  const here = new URL(location.href);
  sessionStorage.removeItem(place);
  const begun = kept ? (JSON.parse(kept) as Begun) : null;
  history.replaceState(null, '', begun?.back ?? '/');
  if (!begun) throw new Error('This sign-in was begun in another tab, or was finished before.');
  const { server, insecure } = await discover(openId);
  const client: oauth.Client = { client_id: openId.clientId };
  const answer = oauth.validateAuthResponse(server, client, here, begun.state);
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    oauth.None(),
    answer,
    redirectUri(),
    begun.verifier,
    { ...insecure, additionalParameters: audienceOf(openId) },
  );
  const { access_token: token, id_token: idToken } = await oauth.processAuthorizationCodeResponse(
    server,
    client,
    response,
    { expectedNonce: begun.nonce, requireIdToken: true },
  );
  return { kind: 'token', token, ...(idToken && { idToken }) };
}

/** Ends the session at the identity provider as well, where it can. */
export async function endSession(openId: OpenId, idToken: string): Promise<void> {
  const { server } = await discover(openId);
  if (!server.end_session_endpoint) return;
  const url = new URL(server.end_session_endpoint);
  url.search = new URLSearchParams({
    id_token_hint: idToken,
    post_logout_redirect_uri: `${location.origin}/`,
  }).toString();
  location.assign(url);
}
