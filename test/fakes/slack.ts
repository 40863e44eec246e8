import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type AuthorizationServer, createAuthorizationServer } from './authorization.ts';
import { bodyOf, send, type Trouble } from './http.ts';

export type { Trouble } from './http.ts';

export type FakeSlackUser = {
  /** The picture the user uploaded; without it Slack answers with its default. */
  image?: Uint8Array;
  deleted?: boolean;
  bot?: boolean;
  /** Laid over the profile; undefined removes a field. */
  profile?: Record<string, unknown>;
  /** What is wrong with this user's picture only. */
  imageTrouble?: Trouble;
};

export type FakeSlackRequest = {
  path: string;
  authorization: string | undefined;
  /** The trace that the request continues. */
  traceparent: string | undefined;
  form: Record<string, string>;
};

export type FakeSlack = {
  /** For SLACK_API_URL. */
  apiUrl: string;
  /** `127.0.0.1:port`, for EGRESS_ALLOW. */
  host: string;
  /** By user id. */
  users: Map<string, FakeSlackUser>;
  /**
   * By token: accepted, or the error it is refused with (`token_revoked`, `missing_scope` …). Others are
   * `invalid_auth`.
   */
  tokens: Map<string, 'accepted' | (string & {})>;
  apiTrouble: Trouble | null;
  imageTrouble: Trouble | null;
  /** The Retry-After of rate-limited answers; null leaves the header out. */
  retryAfter: string | null;
  /**
   * Signing in: the page at /oauth/v2/authorize agrees at once, `oauth.v2.access` takes the code. With token rotation
   * where tokens end.
   */
  authorization: AuthorizationServer;
  /** Every request so far, oldest first. */
  requests: FakeSlackRequest[];
  close(): Promise<void>;
};

/**
 * Starts a Slack on a free port of the loopback: `users.info` and `auth.test` under /api/, pictures under
 * /images/{user}/{size}.
 */
export async function startFakeSlack(): Promise<FakeSlack> {
  const server = createServer((request, response) => {
    void answer(fake, request, response);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const fake: FakeSlack = {
    apiUrl: `http://127.0.0.1:${port}/api/`,
    host: `127.0.0.1:${port}`,
    users: new Map(),
    tokens: new Map([['xoxb-good', 'accepted']]),
    apiTrouble: null,
    imageTrouble: null,
    retryAfter: '30',
    authorization: createAuthorizationServer((token) => fake.tokens.set(token, 'accepted'), null),
    requests: [],
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
  return fake;
}

async function answer(fake: FakeSlack, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', `http://${fake.host}`);
  const form = {
    ...Object.fromEntries(searchParams),
    ...Object.fromEntries(new URLSearchParams(await bodyOf(request))),
  };
  const authorization = request.headers.authorization;
  const { traceparent } = request.headers;
  fake.requests.push({ path: pathname, authorization, form, traceparent: traceparent?.toString() });

  if (pathname === '/oauth/v2/authorize') {
    const back = fake.authorization.authorize(Object.fromEntries(searchParams));
    if (back === null || searchParams.get('scope') !== 'users:read')
      response.writeHead(400).end('bad_redirect_uri, or bad scope');
    else response.writeHead(302, { location: back }).end();
    return;
  }
  const [, area, name = '', ...rest] = pathname.split('/');
  if (area === 'api' && rest.length === 0) {
    const token = authorization?.replace(/^Bearer /, '') ?? form['token'];
    const body = Buffer.from(JSON.stringify(call(fake, name, token, form)));
    send(fake, response, fake.apiTrouble, {
      body,
      type: 'application/json; charset=utf-8',
      pathname,
      authorization,
      rateLimited: '{"ok":false,"error":"ratelimited"}',
    });
    return;
  }
  const user = area === 'images' ? fake.users.get(name) : undefined;
  const trouble = user?.imageTrouble ?? fake.imageTrouble ?? (user?.image ? null : 'not-found');
  send(fake, response, trouble, { body: user?.image ?? new Uint8Array(), type: 'image/png', pathname, authorization });
}

function call(fake: FakeSlack, method: string, token: string | undefined, form: Record<string, string>): unknown {
  if (method === 'oauth.v2.access') return access(fake, form);
  if (method !== 'users.info' && method !== 'auth.test')
    return { ok: false, error: 'unknown_method', req_method: method };
  if (!token) return { ok: false, error: 'not_authed' };
  const standing = fake.tokens.get(token) ?? 'invalid_auth';
  if (standing !== 'accepted') return { ok: false, error: standing };
  if (method === 'auth.test') {
    return {
      ok: true,
      url: 'https://fake.slack.com/',
      team: 'Fake',
      user: 'rollcall',
      team_id: 'T0FAKE',
      user_id: 'U0BOT',
      bot_id: 'B0BOT',
    };
  }
  const id = form['user'] ?? '';
  const user = fake.users.get(id);
  return user ? { ok: true, user: describe(fake, id, user) } : { ok: false, error: 'user_not_found' };
}

function access({ authorization }: FakeSlack, form: Record<string, string>): unknown {
  const refreshing = form['grant_type'] === 'refresh_token';
  const given = refreshing ? authorization.refresh(form) : authorization.redeem(form);
  switch (given) {
    case 'unknown client':
      return { ok: false, error: 'bad_client_secret' };
    case 'redirect address':
      return { ok: false, error: 'bad_redirect_uri' };
    case 'code':
      return { ok: false, error: 'invalid_code' };
    case 'refresh token':
      return { ok: false, error: 'invalid_refresh_token' };
    default:
      return {
        ok: true,
        access_token: given.access,
        token_type: 'bot',
        scope: 'users:read',
        bot_user_id: 'U0BOT',
        app_id: 'A0FAKE',
        team: { name: authorization.workspaceName, id: 'T0FAKE' },
        enterprise: null,
        authed_user: { id: 'U0ADA' },
        ...(given.refresh !== null && { refresh_token: given.refresh, expires_in: given.expiresIn }),
      };
  }
}

function describe(fake: FakeSlack, id: string, user: FakeSlackUser): unknown {
  return {
    id,
    team_id: 'T0FAKE',
    name: id.toLowerCase(),
    deleted: user.deleted ?? false,
    is_bot: user.bot ?? false,
    is_app_user: false,
    updated: 1_700_000_000,
    profile: {
      real_name: id,
      display_name: id,
      ...(user.bot && { bot_id: `B${id.slice(1)}`, api_app_id: 'A0FAKE', always_active: true }),
      ...(user.image ? customImages(fake, id) : defaultImages()),
      ...user.profile,
    },
  };
}

const sizes = [24, 32, 48, 72, 192, 512];

function customImages(fake: FakeSlack, id: string): Record<string, unknown> {
  const at = (size: string) => `http://${fake.host}/images/${id}/${size}`;
  return {
    avatar_hash: 'b187f5128ba4',
    is_custom_image: true,
    image_original: at('original'),
    ...Object.fromEntries([...sizes, 1024].map((size) => [`image_${size}`, at(String(size))])),
  };
}

// Slack's default is a Gravatar with Slack's own drawing to fall back on; a default has no image_original and no mark.
function defaultImages(): Record<string, unknown> {
  const fallback = (size: number) =>
    encodeURIComponent(`https://a.slack-edge.com/df10d/img/avatars/ava_0001-${size}.png`);
  const at = (size: number) =>
    `https://secure.gravatar.com/avatar/cb0c2b2ca5e8de16be31a55a734d0f31.jpg?s=${size}&d=${fallback(size)}`;
  return { avatar_hash: 'gcb0c2b2ca5e', ...Object.fromEntries(sizes.map((size) => [`image_${size}`, at(size)])) };
}
