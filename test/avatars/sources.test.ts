import { inspect } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { TokenRefused } from '../../src/egress/provider-problems.ts';
import { Problem } from '../../src/errors/catalogue.ts';
import { dataOf, startApp, type TestApp, type TestTenant } from '../app.ts';
import { createConfig, createParticipant } from '../factories.ts';
import type { ProviderFake, Trouble } from '../fakes/http.ts';
import { png, text } from '../fakes/images.ts';
import { startFakeSlack } from '../fakes/slack.ts';
import { type ProviderUnderTest, providers } from './providers.ts';

// One service for all: each provider's stand-in behind its own variable.
const fakes = new Map<string, ProviderFake>();
let service: TestApp;
let impatient: TestApp;
let image: Uint8Array;
beforeAll(async () => {
  for (const [name, { start }] of Object.entries(providers)) fakes.set(name, await start());
  const env = {
    EGRESS_ALLOW: [...fakes.values()].map(({ host }) => host).join(),
    ...Object.assign({}, ...[...fakes.values()].map((fake) => fake.env)),
  };
  service = await startApp(env);
  impatient = await startApp({ ...env, PROVIDER_TIMEOUT_MS: '300' });
  image = await png();
});
afterAll(async () => {
  await service.close();
  await impatient.close();
  for (const fake of fakes.values()) await fake.close();
});

describe.each(Object.entries(providers))('%s', (provider, { token, people, others, nobody, parts, source }) => {
  const address = people[0] as string;
  let fake: ProviderFake;
  let tenant: TestTenant;
  beforeEach(async () => {
    fake = fakes.get(provider) as ProviderFake;
    fake.pictures.clear();
    fake.pictures.set(address, image);
    fake.tokens.clear();
    if (token) fake.tokens.add(token);
    fake.apiTrouble = null;
    fake.imageTrouble = null;
    fake.retryAfter = '30';
    fake.requests = [];
    tenant = await service.createTenant();
  });

  /** Syncs the avatar of somebody who is reached there. */
  async function sync(of = address, given: TestTenant = tenant) {
    const config = await createConfig(given, provider, token ?? undefined);
    const participant = await createParticipant(given, {
      channels: [{ integrationConfigId: config, address: of || ' ' }],
    });
    const answer = await given.graphql(
      `mutation ($input: SyncParticipantAvatarFromChannelInput!) { syncParticipantAvatarFromChannel(input: $input) {
        participant { avatarSource avatarUrl avatarSourceAddress } } }`,
      { input: { participantId: participant, integrationConfigId: config, address: of || ' ' } },
    );
    const [error] = answer.errors ?? [];
    expect(JSON.stringify(answer.errors ?? null)).not.toContain('secret');
    return { answer, config, problem: error && { message: error.message, ...error.extensions } };
  }

  test.each([...people, ...others])('the picture of %s is taken', async (of) => {
    fake.pictures.set(of, image);
    const { answer } = await sync(of);
    expect(dataOf(answer).syncParticipantAvatarFromChannel.participant).toMatchObject({
      avatarSource: 'CHANNEL',
      avatarSourceAddress: of,
      avatarUrl: expect.any(String),
    });
  });

  test('there is none of those who have the default, or are not known', async () => {
    for (const of of [...people, ...others]) {
      fake.pictures.set(of, null);
      expect((await sync(of)).problem).toMatchObject({ code: 'AVATAR_NOT_AVAILABLE', status: 400 });
      fake.pictures.clear();
      expect((await sync(of)).problem).toMatchObject({ code: 'AVATAR_NOT_AVAILABLE', status: 400 });
    }
  });

  test.each(nobody)('there is none of %j, which is nobody’s address, and nobody is asked', async (of) => {
    fake.pictures.set(of, image);
    expect((await sync(of)).problem).toMatchObject({ code: 'AVATAR_NOT_AVAILABLE', status: 400 });
    expect(fake.requests).toEqual([]);
  });

  test.runIf(token)('a token that is refused disconnects the integration', async () => {
    fake.tokens.clear();
    const { problem, config } = await sync();
    expect(problem).toMatchObject({ code: 'INTEGRATION_NOT_CONNECTED', status: 400 });
    const { integrationConfigs } = dataOf(
      await tenant.graphql('{ integrationConfigs { id connected connectedAt disconnectedReason } }'),
    );
    expect(integrationConfigs).toEqual([
      { id: config, connected: false, connectedAt: null, disconnectedReason: 'TOKEN_REFUSED' },
    ]);
  });

  test.runIf(token)('what cannot be a token is refused before the provider is asked', async () => {
    for (const bad of [null, '', 'a b', 'ü', 'x\r\ny: z', '1:/../x']) {
      if (bad === '1:/../x' && provider !== 'telegram') continue;
      const outcome = source(fake.env, 5_000).locate({ token: bad, address });
      await expect(outcome).rejects.toBeInstanceOf(TokenRefused);
    }
    expect(fake.requests).toEqual([]);
  });

  test.runIf(!token)('no connection is needed, and no token sent', async () => {
    const { config } = await sync();
    expect(fake.requests).toHaveLength(1);
    expect(fake.requests[0]?.headers.authorization).toBeUndefined();
    expect(config).toBeTruthy();
  });

  describe.each([...parts])('with trouble of its %s', (part) => {
    const have = (trouble: Trouble) => {
      fake[`${part}Trouble`] = trouble;
    };

    test.each([
      ['17', 17],
      [null, 30],
    ])('asks to wait (%j): %i seconds', async (said, seconds) => {
      fake.retryAfter = said;
      have('rate-limited');
      expect((await sync()).problem).toMatchObject({ code: 'PROVIDER_RATE_LIMITED', status: 429, retryAfter: seconds });
    });

    test.each<Trouble>(['server-error', 'cut-short', 'redirect-loop'])('%s is 502', async (trouble) => {
      have(trouble);
      const { problem, config } = await sync();
      expect(problem).toMatchObject({ code: 'PROVIDER_UNAVAILABLE', status: 502 });
      if (!token) return;
      const { integrationConfigs } = dataOf(await tenant.graphql('{ integrationConfigs { id connected } }'));
      expect(integrationConfigs).toEqual([{ id: config, connected: true }]);
    });

    test.each<Trouble>(['nonsense', 'html', { json: null }, { json: {} }, { json: { ok: true } }, { json: [1] }])(
      'what is not of the documented form is an error of the provider, or no image (%j)',
      async (trouble) => {
        have(trouble);
        const { problem } = await sync();
        expect(['PROVIDER_UNAVAILABLE', 'AVATAR_INVALID']).toContain(problem?.code);
      },
    );

    test('more than there may be is refused', async () => {
      have('oversize');
      expect(['PROVIDER_UNAVAILABLE', 'AVATAR_INVALID']).toContain((await sync()).problem?.code);
    });

    test('a redirect leads no credential away', async () => {
      const elsewhere = await startFakeSlack();
      have({ redirect: `http://${elsewhere.host}/images/U0/512` });
      expect((await sync()).problem).toMatchObject({ code: 'PROVIDER_UNAVAILABLE', status: 502 });
      expect(elsewhere.requests).toEqual([]);
      await elsewhere.close();
    });

    test.each<Trouble>(['hang', 'trickle'])('%s is 504', async (trouble) => {
      have(trouble);
      expect((await sync(address, await impatient.createTenant())).problem).toMatchObject({
        code: 'PROVIDER_UNAVAILABLE',
        status: 504,
      });
    });
  });

  test('what is no image is invalid', async () => {
    fake.pictures.set(address, text());
    expect((await sync()).problem).toMatchObject({ code: 'AVATAR_INVALID', status: 422 });
  });

  test('the token is nowhere in an error, nor where pictures are asked for', async () => {
    const asked = source(fake.env, 300);
    for (const trouble of [
      'server-error',
      'rate-limited',
      'html',
      'hang',
      'redirect-loop',
      'cut-short',
      'oversize',
    ] as const) {
      fake.apiTrouble = trouble;
      if (provider === 'telegram') fake.imageTrouble = trouble;
      const error = await asked.locate({ token, address }).then(
        () => null,
        (thrown: unknown) => thrown,
      );
      if (error === null) continue;
      expect(error).toBeInstanceOf(Problem);
      expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('secret');
    }
    fake.apiTrouble = null;
    fake.imageTrouble = null;
    expect(inspect(await asked.locate({ token, address }))).not.toContain('secret');
  });

  test('a provider that is away is unavailable', async () => {
    const gone = await (providers[provider] as ProviderUnderTest).start();
    await gone.close();
    if (!token) return;
    const outcome = source(gone.env, 5_000).locate({ token, address });
    await expect(outcome).rejects.toMatchObject({ code: 'PROVIDER_UNAVAILABLE', status: 502 });
  });
});
