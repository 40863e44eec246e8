import { describe, expect, test } from 'vitest';
import { createTokenCipher } from '../../src/integrations/token-cipher.ts';
import { dataOf, problemOf, startApp } from '../app.ts';
import { createAccessKey, createConfig, createParticipant } from '../factories.ts';
import { png } from '../fakes/images.ts';
import { publicUrl, secretKey, signingInOf, useSigningIn } from './signing-in.ts';

const { slack, service, tenant } = useSigningIn();

const { begin, consent, comeBack } = signingInOf(() => ({ service, tenant }));

describe('the way there', () => {
  test('to Slack asks for what a picture needs', async () => {
    const { authorizationUrl } = dataOf(await begin(await createConfig(tenant, 'slack'))).beginIntegrationOAuth;
    const { origin, pathname, searchParams } = new URL(authorizationUrl);
    expect(origin + pathname).toBe(`http://${slack.host}/oauth/v2/authorize`);
    expect(Object.fromEntries(searchParams)).toEqual({
      client_id: 'client-id',
      scope: 'users:read',
      redirect_uri: `${publicUrl}/oauth/slack/callback`,
      state: expect.stringMatching(/^[\w-]{64}$/),
    });
  });

  test('to Teams has a proof key, and both are new each time', async () => {
    const id = await createConfig(tenant, 'teams');
    const queries = await Promise.all(
      [1, 2].map(async () => new URL(dataOf(await begin(id)).beginIntegrationOAuth.authorizationUrl).searchParams),
    );
    for (const name of ['state', 'code_challenge'])
      expect(new Set(queries.map((query) => query.get(name))).size).toBe(2);
    expect(queries[0]?.get('code_challenge_method')).toBe('S256');
    // The code alone is not enough: the fake checks the proof.
    await consent(id);
  });

  test.each(['telegram', 'discord', 'email', 'sms', 'pigeon'])('to %s there is none', async (provider) => {
    const answer = await begin(await createConfig(tenant, provider));
    expect(problemOf(answer)).toEqual({ code: 'UNPROCESSABLE', status: 422 });
  });

  test('to where there is no config there is none', async () => {
    for (const id of ['0198f000-0000-7000-8000-000000000000', 'x']) {
      expect(problemOf(await begin(id))).toEqual({ code: 'INTEGRATION_CONFIG_NOT_FOUND', status: 404 });
    }
  });

  test('needs the scope', async () => {
    const id = await createConfig(tenant, 'slack');
    const { headers } = await createAccessKey(tenant, ['PARTICIPANTS_WRITE']);
    expect(problemOf(await begin(id, headers))).toEqual({ code: 'FORBIDDEN', status: 403 });
  });

  test('needs a service that the provider knows', async () => {
    const without = await startApp();
    const id = await createConfig(without.tenant, 'slack');
    const answer = await without.tenant.graphql(
      'mutation ($id: ID!) { beginIntegrationOAuth(input: { id: $id }) { authorizationUrl } }',
      { id },
    );
    expect(problemOf(answer)).toEqual({ code: 'UNPROCESSABLE', status: 422 });
    expect(answer.errors?.[0]?.message).toContain('not set up');
    await without.close();
  });
});

describe('the way back', () => {
  test.each(['', '?state=', '?state=x&code=y', `?state=${'A'.repeat(64)}&code=y`, `?code=y&error=access_denied`])(
    'without a state of ours (%j) asks nobody',
    async (query) => {
      const { status } = await comeBack(`${publicUrl}/oauth/slack/callback${query}`);
      expect(status).toBe(400);
      expect(slack.requests).toEqual([]);
    },
  );

  test('of a provider that nobody can be sent to is not there', async () => {
    expect((await comeBack(`${publicUrl}/oauth/UPPER/callback`)).status).toBe(404);
    expect((await comeBack(`${publicUrl}/oauth/pigeon/callback`)).status).toBe(400);
  });

  test('is no way for anything but a GET', async () => {
    const id = await createConfig(tenant, 'slack');
    const back = await consent(id);
    for (const method of ['HEAD', 'POST', 'DELETE']) expect((await comeBack(back, method)).status).toBe(405);
    expect((await comeBack(back)).status).toBe(200);
  });
});

test('the token that Slack gave is the one that is used', async () => {
  slack.tokens.clear();
  slack.users.set('U0ADA', { image: await png() });
  const id = await createConfig(tenant, 'slack');
  await comeBack(await consent(id));
  const participantId = await createParticipant(tenant, { channels: [{ integrationConfigId: id, address: 'U0ADA' }] });
  dataOf(
    await tenant.graphql(
      'mutation ($input: SyncParticipantAvatarFromChannelInput!) { syncParticipantAvatarFromChannel(input: $input) { participant { id } } }',
      { input: { participantId, integrationConfigId: id, address: 'U0ADA' } },
    ),
  );
  const { tokenCiphertext } = await service.app.database.prisma.integrationConfig.findFirstOrThrow({ where: { id } });
  const token = createTokenCipher(secretKey).open(tokenCiphertext ?? '', id);
  expect(slack.requests.find(({ path }) => path === '/api/users.info')?.authorization).toBe(`Bearer ${token}`);
});
