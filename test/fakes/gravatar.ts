import { createHash } from 'node:crypto';
import { type ProviderFake, type Reply, type SeenRequest, startProviderFake } from './http.ts';

/**
 * Starts a Gravatar: pictures under the SHA-256 of an address in lower case, and 404 for others where that is asked
 * for.
 */
export const startFakeGravatar = (): Promise<ProviderFake> =>
  startProviderFake(answer, (origin) => ({ GRAVATAR_URL: `${origin}/avatar` }));

function answer(fake: ProviderFake, { path, query }: SeenRequest): Reply {
  const digest = /^\/avatar\/([0-9a-f]{64})$/.exec(path)?.[1];
  const [, image] =
    [...fake.pictures].find(([email]) => createHash('sha256').update(email).digest('hex') === digest) ?? [];
  if (image) return { part: 'image', image };
  // Without the wish it would draw somebody.
  return query['d'] === '404' ? { part: 'image', status: 404, json: null } : { part: 'image', image: drawing };
}

const drawing = Buffer.from('a drawing');
