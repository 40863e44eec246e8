import { type AuthorizationServer, createAuthorizationServer } from './authorization.ts';
import { type ProviderFake, type Reply, type SeenRequest, startProviderFake } from './http.ts';

export type FakeTeams = ProviderFake & { authorization: AuthorizationServer };

/**
 * Starts a Microsoft Graph, with the photos of an organisation's people, whose addresses are object ids and user
 * principal names; and beside it the identity platform of their organisation, whose page agrees at once.
 */
export async function startFakeTeams(): Promise<FakeTeams> {
  const authorization = createAuthorizationServer((token) => fake.tokens.add(token), 3_600);
  const fake = await startProviderFake(
    (of, request) =>
      request.path.startsWith('/organizations/') ? signIn(authorization, request) : answer(of, request),
    (origin) => ({ TEAMS_API_URL: `${origin}/v1.0/`, TEAMS_AUTHORITY_URL: `${origin}/organizations/` }),
    () => refusal('TooManyRequests', 'Too many requests'),
  );
  return Object.assign(fake, { authorization });
}

const scope = 'openid profile offline_access User.ReadBasic.All';
const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

function signIn(authorization: AuthorizationServer, { method, path, query, form }: SeenRequest): Reply {
  const refused = (error: string): Reply => ({
    part: 'api',
    status: 400,
    json: { error, error_description: 'AADSTS: your secret was client-secret', error_codes: [1] },
  });
  if (path === '/organizations/oauth2/v2.0/authorize') {
    const asked =
      query['scope'] === scope && query['response_type'] === 'code' && query['code_challenge_method'] === 'S256';
    const redirect = asked ? authorization.authorize(query) : null;
    return redirect === null ? refused('invalid_request') : { part: 'api', redirect };
  }
  if (path !== '/organizations/oauth2/v2.0/token' || method !== 'POST') return refused('invalid_request');
  const given = form['grant_type'] === 'refresh_token' ? authorization.refresh(form) : authorization.redeem(form);
  if (typeof given === 'string') return refused(given === 'unknown client' ? 'invalid_client' : 'invalid_grant');
  const who = { tid: authorization.workspaceName, preferred_username: 'ada@contoso.com' };
  return {
    part: 'api',
    json: {
      token_type: 'Bearer',
      scope: 'User.ReadBasic.All',
      expires_in: given.expiresIn,
      access_token: given.access,
      refresh_token: given.refresh,
      id_token: `${base64url({ alg: 'RS256' })}.${base64url(who)}.signature`,
    },
  };
}

function answer(fake: ProviderFake, { path, headers }: SeenRequest): Reply {
  const token = headers.authorization?.replace(/^Bearer /, '') ?? '';
  if (!fake.tokens.has(token)) {
    return {
      part: 'api',
      status: 401,
      json: refusal('InvalidAuthenticationToken', `Access token ${token} has expired.`),
    };
  }
  const [, id] = /^\/v1\.0\/users\/([^/]+)\/photo\/\$value$/.exec(path) ?? [];
  if (!id) return { part: 'api', status: 400, json: refusal('BadRequest', 'Resource not found for the segment.') };
  const image = fake.pictures.get(decodeURIComponent(id));
  if (image) return { part: 'api', image };
  return {
    part: 'api',
    status: 404,
    json:
      image === null
        ? refusal('ImageNotFound', 'The photo wasn’t found.')
        : refusal('ErrorItemNotFound', 'No such user.'),
  };
}

const refusal = (code: string, message: string) => ({
  error: { code, message, innerError: { date: '2026-11-22T00:00:00', 'request-id': '0', 'client-request-id': '0' } },
});
