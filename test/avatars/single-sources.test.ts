import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { TokenRefused } from '../../src/egress/provider-problems.ts';
import { problemOf, startApp } from '../app.ts';
import { createConfig, createParticipant } from '../factories.ts';
import { startProviderFake } from '../fakes/http.ts';
import { png } from '../fakes/images.ts';
import { type ProviderUnderTest, providers } from './providers.ts';

// What only one source promises. What all of them promise: sources.test.ts.

test('without a Gravatar to ask, e-mail channels have no source', async () => {
  const without = await startApp();
  const config = await createConfig(without.tenant, 'email');
  const participant = await createParticipant(without.tenant, {
    channels: [{ integrationConfigId: config, address: 'ada@example.com' }],
  });
  const answer = await without.tenant.graphql(
    'mutation ($input: SyncParticipantAvatarFromChannelInput!) { syncParticipantAvatarFromChannel(input: $input) { participant { id } } }',
    { input: { participantId: participant, integrationConfigId: config, address: 'ada@example.com' } },
  );
  expect(problemOf(answer)).toEqual({ code: 'AVATAR_SOURCE_NOT_REGISTERED', status: 400 });
  await without.close();
});

test('Gravatar is told a digest of the address without regard to case, and nothing else', async () => {
  const { source } = providers['email'] as ProviderUnderTest;
  const digest = createHash('sha256').update('ada@example.com').digest('hex');
  for (const address of ['ada@example.com', ' Ada@Example.COM ']) {
    expect(
      await source({ GRAVATAR_URL: 'https://gravatar.example/avatar' }, 1).locate({ token: null, address }),
    ).toEqual({
      url: `https://gravatar.example/avatar/${digest}?d=404&s=512`,
    });
  }
});

test('Telegram: the smallest photo that is large enough is taken, and no path leads elsewhere', async () => {
  const image = await png();
  const { source, token } = providers['telegram'] as ProviderUnderTest;
  let path = 'photos/file_1.jpg';
  const asked: string[] = [];
  const fake = await startProviderFake(
    (_, { path: of, form }) => {
      if (form['file_id']) asked.push(form['file_id']);
      if (of.endsWith('/getFile')) return { part: 'api', json: { ok: true, result: { file_path: path } } };
      if (!of.endsWith('/getUserProfilePhotos')) return { part: 'image', image };
      const photos = [320, 1_280, 640, 160].map((width) => ({ file_id: `f${width}`, width }));
      return { part: 'api', json: { ok: true, result: { total_count: 1, photos: [photos] } } };
    },
    (origin) => ({ TELEGRAM_API_URL: origin }),
  );
  const telegram = source(fake.env, 5_000);
  expect(await telegram.locate({ token, address: '1' })).toHaveProperty('image');
  expect(asked).toEqual(['f640']);
  for (path of [
    '../getMe',
    'photos/../../x',
    '/var/lib/telegram/x.jpg',
    'http://elsewhere.example/x',
    'photos/x?y',
    '',
  ]) {
    fake.requests.length = 0;
    await expect(telegram.locate({ token, address: '1' })).rejects.toMatchObject({ code: 'PROVIDER_UNAVAILABLE' });
    expect(fake.requests).toHaveLength(2);
  }
  await fake.close();
});

test('Discord: what is no hash makes no address', async () => {
  const { source, people } = providers['discord'] as ProviderUnderTest;
  let avatar: unknown;
  const fake = await startProviderFake(
    () => ({ part: 'api', json: { avatar } }),
    (origin) => ({ DISCORD_API_URL: origin, DISCORD_CDN_URL: 'https://cdn.example' }),
  );
  const locate = () => source(fake.env, 5_000).locate({ token: 't', address: people[0] as string });
  avatar = 'a_0f';
  expect(await locate()).toEqual({ url: `https://cdn.example/avatars/${people[0]}/a_0f.png?size=512` });
  for (avatar of ['../../x', 'a_', '', 7, undefined]) {
    await expect(locate()).rejects.toMatchObject({ code: 'PROVIDER_UNAVAILABLE' });
  }
  await fake.close();
});

test('Teams: a permission that is missing leaves the integration connected', async () => {
  const { source, people } = providers['teams'] as ProviderUnderTest;
  // Slack says it in words, Graph by the status.
  const refusing = await startProviderFake(
    () => ({ part: 'api', status: 403, json: { error: { code: 'Authorization_RequestDenied', message: '' } } }),
    (origin) => ({ TEAMS_API_URL: origin }),
  );
  const error: unknown = await source(refusing.env, 5_000)
    .locate({ token: 't', address: people[0] as string })
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'INTEGRATION_NOT_CONNECTED' });
  expect(error).not.toBeInstanceOf(TokenRefused);
  await refusing.close();
});
