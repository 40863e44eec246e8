import { z } from 'zod';
import { createProviderClient, jsonOf } from '../../egress/provider-client.ts';
import { providerProblems } from '../../egress/provider-problems.ts';
import { Problem } from '../../errors/catalogue.ts';
import { type OAuthProvider, refusedCode, shownName } from './provider.ts';
import type { StoredToken } from './stored-token.ts';

const envelope = z.object({ ok: z.boolean(), error: z.string().optional() });
// With token rotation there is a refresh token, and the access token ends after some hours.
const granted = z.object({
  access_token: z.string().min(1),
  refresh_token: z.string().min(1).optional(),
  expires_in: z.number().positive().optional(),
  team: z.object({ id: z.string().optional(), name: z.string() }).nullish(),
  enterprise: z.object({ id: z.string().optional(), name: z.string() }).nullish(),
});

const codeRefused = new Set(['invalid_code', 'code_already_used', 'invalid_grant']);
const tokenRefused = new Set([
  'invalid_refresh_token',
  'invalid_grant',
  'token_revoked',
  'token_expired',
  'account_inactive',
]);

/** Creates the sign-in to a Slack workspace. Slack offers PKCE only to apps without a secret. */
export function slackOAuth({
  apiUrl,
  client,
  timeoutMs,
  now = () => new Date(),
}: {
  apiUrl: string;
  client: { id: string; secret: string };
  timeoutMs: number;
  /** The clock that all replicas share: what ends by it is compared by others. */
  now?: () => Date;
}): OAuthProvider {
  const problems = providerProblems('Slack');
  const openClient = createProviderClient({ name: 'Slack', baseUrl: apiUrl, timeoutMs });

  async function access(form: Record<string, string>, refused: ReadonlySet<string>, problem: () => Problem) {
    const answer = await openClient()('oauth.v2.access', {
      form: { client_id: client.id, client_secret: client.secret, ...form },
    });
    if (answer.status === 429) throw problems.rateLimited(answer.retryAfter);
    if (answer.status !== 200) throw problems.status(answer.status);
    const body = jsonOf(answer, envelope);
    if (body?.ok === false && body.error === 'ratelimited') throw problems.rateLimited(answer.retryAfter);
    if (body?.ok === false && refused.has(body.error ?? '')) throw problem();
    const grant = body?.ok ? jsonOf(answer, granted) : null;
    // bad_client_secret, bad_redirect_uri …: only the operator of the service can mend these.
    if (!grant)
      throw body && /^[a-z_]{1,64}$/.test(body.error ?? '') ? mistake(body.error as string) : problems.unexpected();
    return grant;
  }

  const tokenOf = ({ access_token, refresh_token, expires_in }: z.infer<typeof granted>): StoredToken => ({
    access: access_token,
    refresh: refresh_token ?? null,
    expiresAt: expires_in === undefined ? null : now().getTime() + expires_in * 1_000,
    refreshingUntil: null,
  });

  return {
    provider: 'slack',
    label: 'Slack',
    pkce: false,
    authorizationUrl({ state, redirectUri }) {
      const url = new URL('/oauth/v2/authorize', apiUrl);
      url.search = new URLSearchParams({
        client_id: client.id,
        scope: 'users:read',
        redirect_uri: redirectUri,
        state,
      }).toString();
      return url.href;
    },
    async exchange({ code, redirectUri }) {
      const grant = await access({ code, redirect_uri: redirectUri }, codeRefused, () => refusedCode('Slack'));
      // An app that is installed for a whole organisation has no team.
      const workspace = grant.team ?? grant.enterprise;
      const workspaceId = workspace?.id && /^[A-Z0-9]{2,50}$/.test(workspace.id) ? workspace.id : null;
      return { token: tokenOf(grant), workspaceName: shownName(workspace?.name ?? ''), workspaceId };
    },
    refresh: async (refreshToken) =>
      tokenOf(
        await access({ grant_type: 'refresh_token', refresh_token: refreshToken }, tokenRefused, problems.refused),
      ),
  };
}

const mistake = (code: string) => new Problem('PROVIDER_UNAVAILABLE', `Slack answered with the error ${code}.`);
