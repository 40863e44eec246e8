import {
  type FetchFunction,
  type Logger,
  LogLevel,
  WebAPIPlatformError,
  WebAPIRequestError,
  WebClient,
} from '@slack/web-api';
import { Agent, fetch } from 'undici';
import { z } from 'zod';
import { providerProblems } from '../../egress/provider-problems.ts';
import { retryAfterSeconds } from '../../egress/retry-after.ts';
import { traceHeaders } from '../../egress/trace-headers.ts';
import { Problem } from '../../errors/catalogue.ts';
import type { AvatarSource, SourceOptions } from './source.ts';

// Channels (C), private groups (G) and direct messages (D) have no picture.
const userId = /^[UW][A-Z0-9]{2,}$/;

const nobody = new Set(['user_not_found', 'users_not_found', 'user_not_visible']);

// The token is invalid for good.
const refused = new Set([
  'account_inactive',
  'invalid_auth',
  'not_allowed_token_type',
  'not_authed',
  'token_expired',
  'token_revoked',
]);

// Only the workspace's operator can mend these, by granting what is missing.
const notPermitted = new Set([
  'access_denied',
  'accesslimited',
  'app_not_installed',
  'ekm_access_denied',
  'enterprise_is_restricted',
  'missing_scope',
  'no_permission',
  'org_login_required',
  'team_access_not_granted',
  'two_factor_setup_required',
]);

const problems = providerProblems('Slack');

const imageUrl = z.string().nullish();
// 512 is the largest stored size. The original may be of any size.
const preferredImages = ['image_512', 'image_1024', 'image_original', 'image_192', 'image_72', 'image_48'] as const;
const usersInfo = z.object({
  user: z.object({
    profile: z.object({
      is_custom_image: z.boolean().nullish(),
      image_512: imageUrl,
      image_1024: imageUrl,
      image_original: imageUrl,
      image_192: imageUrl,
      image_72: imageUrl,
      image_48: imageUrl,
    }),
  }),
});
type Profile = z.infer<typeof usersInfo>['user']['profile'];

// The client would log to the console, and its debug level includes people's profiles.
const silence: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  setLevel() {},
  getLevel: () => LogLevel.ERROR,
  setName() {},
};

/** Creates the source of Slack's pictures: those that a person or bot has uploaded, not the ones that Slack draws. */
export function slackAvatarSource({ apiUrl, timeoutMs }: Omit<SourceOptions, 'largestImage'>): AvatarSource {
  // A dispatcher of its own: proxies from the environment and global dispatchers must not see tokens.
  const dispatcher = new Agent({ connect: { timeout: timeoutMs }, maxResponseSize: 1_000_000 });
  const options = {
    slackApiUrl: apiUrl,
    timeout: timeoutMs,
    retryConfig: { retries: 0 },
    logger: silence,
    fetch: directFetch(dispatcher),
  };

  return {
    provider: 'slack',
    async locate({ token, address }) {
      if (!userId.test(address)) throw problems.noPicture();
      // A token that no header can carry is invalid. The HTTP client would quote it in its error.
      if (!token || !/^[\x21-\x7e]+$/.test(token)) throw problems.refused();
      const client = new WebClient(token, { ...options, headers: traceHeaders() });
      const answer = await client.users.info({ user: address }).catch((error: unknown) => {
        throw problemOf(error);
      });
      const { success, data } = usersInfo.safeParse(answer);
      if (!success) throw problems.unexpected();
      return { url: customImage(data.user.profile) };
    },
  };
}

// Slack marks an uploaded picture with is_custom_image and gives its image_original; a default has neither, and its
// sizes are Gravatar's or Slack's own drawings. Older answers lack the mark.
function customImage(profile: Profile): string {
  const { is_custom_image: marked, image_original: original } = profile;
  const custom = marked ?? (Boolean(original) && !isGravatar(original));
  if (!custom) throw problems.noPicture();
  const url = preferredImages.map((name) => profile[name]).find(Boolean);
  if (!url || !URL.canParse(url)) throw problems.unexpected();
  return url;
}

function isGravatar(url: string | null | undefined): boolean {
  return /^https?:\/\/([a-z0-9]+\.)?gravatar\.com\//i.test(url ?? '');
}

// The client itself would wait out a 429, or fail without a number in Retry-After, and leave its body open either way.
function directFetch(dispatcher: Agent): FetchFunction {
  return async (url, init) => {
    const { method = 'POST', headers = {}, body, signal } = init ?? {};
    if (typeof body !== 'string') throw new TypeError('Only forms are sent to Slack.');
    const response = await fetch(url, {
      method,
      headers,
      body,
      redirect: 'error',
      dispatcher,
      ...(signal && { signal }),
    });
    if (response.status !== 429) return response;
    await response.body?.cancel();
    throw problems.rateLimited(retryAfterSeconds(response.headers.get('retry-after')));
  };
}

// Slack's own errors are not kept as a cause: they hold whole answers, which may quote the token.
function problemOf(error: unknown): Problem {
  if (error instanceof WebAPIPlatformError) return refusal(error.data.error, error.data.response_metadata?.retryAfter);
  const failure: unknown = error instanceof WebAPIRequestError ? error.original : error;
  if (failure instanceof Problem) return failure;
  if (failure instanceof Error && failure.name === 'TimeoutError') {
    return problems.late();
  }
  // The cause of a failed request is the socket's error.
  const cause = failure instanceof Error ? failure.cause : undefined;
  return problems.failed(cause);
}

function refusal(code: unknown, retryAfter: number | undefined): Problem {
  // An answer that is not JSON arrives here as a code.
  if (typeof code !== 'string' || !/^[a-z_]{1,64}$/.test(code)) return problems.unexpected();
  if (nobody.has(code)) return problems.noPicture();
  if (refused.has(code)) return problems.refused();
  if (notPermitted.has(code)) return problems.notPermitted();
  if (code === 'ratelimited' || code === 'rate_limited')
    return problems.rateLimited(retryAfterSeconds(retryAfter?.toString()));
  return new Problem('PROVIDER_UNAVAILABLE', `Slack answered with the error ${code}.`);
}
