import { createHash } from 'node:crypto';
import { type ProviderFake, type Reply, type SeenRequest, startProviderFake } from './http.ts';

/** Starts a Discord: users under /api/v10/, and pictures under /cdn/avatars/. Those of odd ids are animated. */
export const startFakeDiscord = (): Promise<ProviderFake> =>
  startProviderFake(
    answer,
    (origin) => ({ DISCORD_API_URL: `${origin}/api/v10/`, DISCORD_CDN_URL: `${origin}/cdn/` }),
    (fake) => ({
      message: 'You are being rate limited.',
      ...(fake.retryAfter !== null && { retry_after: Number(fake.retryAfter) - 0.4 }),
      global: false,
    }),
  );

function answer(fake: ProviderFake, { path, query, headers }: SeenRequest): Reply {
  const [, pictureOf = '', hash] = /^\/cdn\/avatars\/(\d+)\/(\w+)\.png$/.exec(path) ?? [];
  if (pictureOf) {
    const image = fake.pictures.get(pictureOf);
    if (image && hash === hashOf(pictureOf) && query['size'] === '512') return { part: 'image', image };
    return { part: 'image', status: 404, json: null };
  }
  if (!headers.authorization?.startsWith('Bot ') || !fake.tokens.has(headers.authorization.slice(4))) {
    return { part: 'api', status: 401, json: { message: '401: Unauthorized', code: 0 } };
  }
  const [, id = ''] = /^\/api\/v10\/users\/(\d+)$/.exec(path) ?? [];
  const image = fake.pictures.get(id);
  if (image === undefined) return { part: 'api', status: 404, json: { message: 'Unknown User', code: 10_013 } };
  return {
    part: 'api',
    json: { id, username: 'ada', discriminator: '0', global_name: 'Ada', avatar: image && hashOf(id), bot: false },
  };
}

const hashOf = (id: string) => `${/[13579]$/.test(id) ? 'a_' : ''}${createHash('md5').update(id).digest('hex')}`;
