import { inspect } from 'node:util';
import { getGlobalDispatcher, MockAgent, setGlobalDispatcher } from 'undici';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createAvatarSources } from '../../src/avatars/sources/registry.ts';
import { slackAvatarSource } from '../../src/avatars/sources/slack.ts';
import { createDownloader } from '../../src/egress/download.ts';
import { Problem } from '../../src/errors/catalogue.ts';
import { png } from '../fakes/images.ts';
import { type FakeSlack, startFakeSlack, type Trouble } from '../fakes/slack.ts';

const token = 'xoxb-good';
let slack: FakeSlack;

beforeEach(async () => {
  slack = await startFakeSlack();
});

afterEach(() => slack.close());

async function locate(address: string, given = token): Promise<{ url: string }> {
  const picture = await slackAvatarSource({ apiUrl: slack.apiUrl, timeoutMs: 5_000 }).locate({ token: given, address });
  if (!('url' in picture)) throw new Error('Slack’s pictures are public.');
  return picture;
}

async function problemOf(outcome: Promise<unknown>): Promise<Problem> {
  const error: unknown = await outcome.then(
    () => new Error('it succeeded'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Problem)) throw error;
  expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('xoxb');
  return error;
}

describe('a picture that was uploaded', () => {
  test('is found, and can be fetched', async () => {
    const image = await png();
    slack.users.set('U024BE7LH', { image });
    const { url } = await locate('U024BE7LH');
    expect(url).toBe(`http://${slack.host}/images/U024BE7LH/512`);
    expect(await createDownloader({ allow: [slack.host], maxBytes: 100_000, timeoutMs: 5_000 })(url)).toEqual(image);
  });

  test('is asked for once, as Slack documents it', async () => {
    slack.users.set('W012A3CDE', { image: await png() });
    await locate('W012A3CDE');
    expect(slack.requests).toEqual([
      { path: '/api/users.info', authorization: `Bearer ${token}`, form: { user: 'W012A3CDE' } },
    ]);
  });

  test('is found wherever the API is, with or without a slash at its end', async () => {
    slack.users.set('U1AA', { image: await png() });
    for (const apiUrl of [slack.apiUrl, slack.apiUrl.replace(/\/$/, '')]) {
      await expect(
        slackAvatarSource({ apiUrl, timeoutMs: 5_000 }).locate({ token, address: 'U1AA' }),
      ).resolves.toHaveProperty('url');
    }
  });

  test('counts for bots and deactivated users too', async () => {
    slack.users.set('U1BOT', { image: await png(), bot: true });
    slack.users.set('U1GONE', { image: await png(), deleted: true });
    expect((await locate('U1BOT')).url).toContain('/U1BOT/512');
    expect((await locate('U1GONE')).url).toContain('/U1GONE/512');
  });

  test('is known by its original where Slack does not mark it', async () => {
    slack.users.set('U1AA', { image: await png(), profile: { is_custom_image: undefined } });
    expect((await locate('U1AA')).url).toContain('/U1AA/512');
  });

  test.each([
    [['image_512'], '1024'],
    [['image_512', 'image_1024'], 'original'],
    [['image_512', 'image_1024', 'image_original'], '192'],
    [['image_512', 'image_1024', 'image_original', 'image_192'], '72'],
  ])('is taken in the next best size when %j are missing', async (missing, size) => {
    for (const absent of [undefined, null, '']) {
      slack.users.set('U1AA', {
        image: await png(),
        profile: Object.fromEntries(missing.map((name) => [name, absent])),
      });
      expect((await locate('U1AA')).url).toBe(`http://${slack.host}/images/U1AA/${size}`);
    }
  });

  test('is asked for directly, also when the process has a dispatcher or proxy', async () => {
    slack.users.set('U1AA', { image: await png() });
    const before = getGlobalDispatcher();
    const nowhere = new MockAgent();
    nowhere.disableNetConnect();
    setGlobalDispatcher(nowhere);
    try {
      await expect(locate('U1AA')).resolves.toHaveProperty('url');
    } finally {
      setGlobalDispatcher(before);
    }
  });
});

describe('there is none', () => {
  test.each([
    'C024BE91L',
    'G012AC86C',
    'D024BFF1M',
    'B012',
    'u024be7lh',
    'U1',
    'U024 BE7LH',
    'U024BE7LH\n',
    'sam@example.com',
    '',
  ])('for %j, and Slack is not asked', async (address) => {
    slack.users.set(address, { image: await png() });
    expect(await problemOf(locate(address))).toMatchObject({ code: 'AVATAR_NOT_AVAILABLE', status: 400 });
    expect(slack.requests).toHaveLength(0);
  });

  test('for those who have the default: people, bots and deactivated users', async () => {
    slack.users.set('U1AA', {}).set('U1BOT', { bot: true }).set('U1GONE', { deleted: true });
    for (const address of ['U1AA', 'U1BOT', 'U1GONE']) {
      expect(await problemOf(locate(address))).toMatchObject({ code: 'AVATAR_NOT_AVAILABLE' });
    }
    expect(slack.requests).toHaveLength(3);
  });

  test('when Slack says that the image is not the user’s own', async () => {
    slack.users.set('U1AA', { image: await png(), profile: { is_custom_image: false } });
    expect(await problemOf(locate('U1AA'))).toMatchObject({ code: 'AVATAR_NOT_AVAILABLE' });
  });

  test('when the original is a Gravatar and nothing marks it as the user’s own', async () => {
    const original = { is_custom_image: undefined, image_original: 'https://secure.gravatar.com/avatar/0.jpg?d=mm' };
    slack.users.set('U1AA', { image: await png(), profile: original });
    expect(await problemOf(locate('U1AA'))).toMatchObject({ code: 'AVATAR_NOT_AVAILABLE' });
  });

  test.each(['user_not_found', 'users_not_found', 'user_not_visible'])('when Slack answers %s', async (error) => {
    slack.apiTrouble = { json: { ok: false, error } };
    expect(await problemOf(locate('U1AA'))).toMatchObject({ code: 'AVATAR_NOT_AVAILABLE' });
  });
});

describe('the integration is not connected', () => {
  test.each([
    'invalid_auth',
    'not_authed',
    'account_inactive',
    'token_revoked',
    'token_expired',
    'missing_scope',
    'no_permission',
    'org_login_required',
  ])('when Slack answers %s', async (error) => {
    slack.users.set('U1AA', { image: await png() });
    slack.tokens.set('xoxb-other', error);
    expect(await problemOf(locate('U1AA', 'xoxb-other'))).toMatchObject({
      code: 'INTEGRATION_NOT_CONNECTED',
      status: 400,
    });
  });

  test('when Slack does not know the token', async () => {
    slack.users.set('U1AA', { image: await png() });
    expect(await problemOf(locate('U1AA', 'xoxb-unknown'))).toMatchObject({ code: 'INTEGRATION_NOT_CONNECTED' });
  });

  test.each(['', 'xoxb\nx-injected: yes', 'xoxb-ü', 'xoxb-€'])(
    'when the token is %j, which no header can carry',
    async (given) => {
      expect(await problemOf(locate('U1AA', given))).toMatchObject({ code: 'INTEGRATION_NOT_CONNECTED' });
      expect(slack.requests).toHaveLength(0);
    },
  );
});

describe('Slack asks to wait', () => {
  test.each([
    ['17', 17],
    ['0', 1],
    ['100000', 3_600],
    [null, 30],
    ['soon', 30],
  ])('with Retry-After %j: %d seconds', async (header, seconds) => {
    slack.apiTrouble = 'rate-limited';
    slack.retryAfter = header;
    expect(await problemOf(locate('U1AA'))).toMatchObject({
      code: 'PROVIDER_RATE_LIMITED',
      status: 429,
      retryAfter: seconds,
    });
    expect(slack.requests).toHaveLength(1);
  });

  test('in words, under status 200', async () => {
    slack.apiTrouble = { json: { ok: false, error: 'ratelimited' } };
    expect(await problemOf(locate('U1AA'))).toMatchObject({ code: 'PROVIDER_RATE_LIMITED', retryAfter: 30 });
  });
});

describe('Slack fails', () => {
  const failures: [string, Trouble][] = [
    ['500', 'server-error'],
    ['404', 'not-found'],
    ['half a JSON document', 'nonsense'],
    ['a web page', 'html'],
    ['a body without end', 'oversize'],
    ['a body cut short', 'cut-short'],
    ['a redirect', 'redirect-loop'],
    ['JSON null', { json: null }],
    ['a JSON string', { json: 'ok' }],
    ['an empty object', { json: {} }],
    ['no user', { json: { ok: true } }],
    ['a user without a profile', { json: { ok: true, user: { id: 'U1AA' } } }],
    ['a URL that is a number', { json: { ok: true, user: { profile: { is_custom_image: true, image_512: 512 } } } }],
    [
      'a URL that is none',
      { json: { ok: true, user: { profile: { is_custom_image: true, image_512: 'image.png' } } } },
    ],
    ['no URL at all', { json: { ok: true, user: { profile: { is_custom_image: true } } } }],
    [
      'a mark that is a word',
      { json: { ok: true, user: { profile: { is_custom_image: 'yes', image_512: 'http://a/' } } } },
    ],
    ['an error it does not document', { json: { ok: false, error: 'fatal_error' } }],
    ['an error that quotes the token', { json: { ok: false, error: `bad token ${token}`, echo: `Bearer ${token}` } }],
    ['an error that is no text', { json: { ok: false, error: { token } } }],
  ];

  test.each(failures)('with %s', async (_, trouble) => {
    slack.users.set('U1AA', { image: await png() });
    slack.apiTrouble = trouble;
    expect(await problemOf(locate('U1AA'))).toMatchObject({ code: 'PROVIDER_UNAVAILABLE', status: 502 });
    expect(slack.requests).toHaveLength(1);
  });

  test('with a refused connection', async () => {
    await slack.close();
    const problem = await problemOf(locate('U1AA'));
    expect(problem).toMatchObject({ code: 'PROVIDER_UNAVAILABLE', status: 502 });
    expect(problem.message).not.toMatch(/127|ECONN/);
  });

  test.each(['hang', 'trickle'] as const)('to answer in time (%s)', async (trouble) => {
    slack.apiTrouble = trouble;
    const source = slackAvatarSource({ apiUrl: slack.apiUrl, timeoutMs: 300 });
    expect(await problemOf(source.locate({ token, address: 'U1AA' }))).toMatchObject({
      code: 'PROVIDER_UNAVAILABLE',
      status: 504,
    });
  });

  test('without a word on the console', async () => {
    const spies = (['debug', 'log', 'info', 'warn', 'error'] as const).map((level) => vi.spyOn(console, level));
    for (const trouble of ['server-error', 'rate-limited', 'html'] as const) {
      slack.apiTrouble = trouble;
      await problemOf(locate('U1AA'));
    }
    slack.apiTrouble = {
      json: { ok: false, error: 'fatal_error', response_metadata: { messages: ['[ERROR] it broke'], warnings: ['w'] } },
    };
    await problemOf(locate('U1AA'));
    await slack.close();
    await problemOf(locate('U1AA'));
    expect(spies.flatMap(({ mock }) => mock.calls)).toEqual([]);
    for (const spy of spies) spy.mockRestore();
  });
});

test('sources are found by their provider', () => {
  const source = slackAvatarSource({ apiUrl: slack.apiUrl, timeoutMs: 300 });
  const sources = createAvatarSources([source]);
  expect(sources.get('slack')).toBe(source);
  expect(sources.get('telegram')).toBeUndefined();
});
