import { decodeJwt } from 'jose';
import { z } from 'zod';
import { createProviderClient, jsonOf } from '../../egress/provider-client.ts';
import { providerProblems } from '../../egress/provider-problems.ts';
import { Problem } from '../../errors/catalogue.ts';
import { type OAuthProvider, refusedCode, shownName } from './provider.ts';
import type { StoredToken } from './stored-token.ts';

const granted = z.object({
  access_token: z.string().min(1),
  refresh_token: z.string().min(1).optional(),
  expires_in: z.number().positive(),
  id_token: z.string().optional(),
});
const refusal = z.object({ error: z.string().regex(/^[a-z_]{1,64}$/) });
const organisation = z.object({ tid: z.string(), preferred_username: z.string().optional() });

// Only signing in again mends these. All others (invalid_client when the secret has ended, …) are for the operator of
// the service.
const ended = new Set(['invalid_grant', 'interaction_required', 'consent_required', 'login_required']);

// The pictures of the organisation's people, a refresh token because access tokens end within the hour, and the user
// who signed in.
const scope = 'openid profile offline_access User.ReadBasic.All';

/** Creates the sign-in to an organisation of Microsoft's identity platform, v2. */
export function teamsOAuth({
  authorityUrl,
  client,
  timeoutMs,
  now = () => new Date(),
}: {
  /** With or without a slash at the end. */
  authorityUrl: string;
  client: { id: string; secret: string };
  timeoutMs: number;
  /** The clock that all replicas share: what ends by it is compared by others. */
  now?: () => Date;
}): OAuthProvider {
  const authority = authorityUrl.replace(/\/*$/, '/');
  const problems = providerProblems('Microsoft');
  const openClient = createProviderClient({ name: 'Microsoft', baseUrl: authority, timeoutMs });

  async function token(form: Record<string, string>, problem: () => Problem) {
    const answer = await openClient()('oauth2/v2.0/token', {
      form: { client_id: client.id, client_secret: client.secret, scope, ...form },
    });
    if (answer.status === 429) throw problems.rateLimited(answer.retryAfter);
    if (answer.status === 200) {
      const grant = jsonOf(answer, granted);
      if (!grant) throw problems.unexpected();
      return grant;
    }
    const body = jsonOf(answer, refusal);
    if (!body) throw problems.status(answer.status);
    throw ended.has(body.error)
      ? problem()
      : new Problem('PROVIDER_UNAVAILABLE', `Microsoft answered with the error ${body.error}.`);
  }

  const tokenOf = ({ access_token, refresh_token, expires_in }: z.infer<typeof granted>): StoredToken => ({
    access: access_token,
    refresh: refresh_token ?? null,
    expiresAt: now().getTime() + expires_in * 1_000,
    refreshingUntil: null,
  });

  return {
    provider: 'teams',
    label: 'Microsoft Teams',
    pkce: true,
    authorizationUrl({ state, redirectUri, challenge }) {
      const url = new URL('oauth2/v2.0/authorize', authority);
      url.search = new URLSearchParams({
        client_id: client.id,
        response_type: 'code',
        response_mode: 'query',
        redirect_uri: redirectUri,
        scope,
        state,
        ...(challenge !== null && { code_challenge: challenge, code_challenge_method: 'S256' }),
      }).toString();
      return url.href;
    },
    async exchange({ code, redirectUri, verifier }) {
      const grant = await token(
        {
          grant_type: 'authorization_code',
          code,
          redirect_uri: redirectUri,
          ...(verifier !== null && { code_verifier: verifier }),
        },
        () => refusedCode('Microsoft'),
      );
      return { token: tokenOf(grant), workspaceName: organisationOf(grant.id_token), workspaceId: null };
    },
    refresh: async (refreshToken) =>
      tokenOf(await token({ grant_type: 'refresh_token', refresh_token: refreshToken }, problems.refused)),
  };
}

/** Returns the organisation. The id token came from Microsoft itself over TLS, so its signature proves nothing more. */
function organisationOf(idToken: string | undefined): string | null {
  try {
    const { tid, preferred_username: who } = organisation.parse(decodeJwt(idToken ?? ''));
    return shownName(who ? `${tid}, signed in as ${who}` : tid);
  } catch {
    return null;
  }
}
