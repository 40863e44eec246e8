import { type ProviderFake, type Reply, type SeenRequest, startProviderFake } from './http.ts';

/** Starts a Microsoft Graph: the photos of an organisation's people, whose addresses are object ids and user principal names. */
export const startFakeTeams = (): Promise<ProviderFake> =>
  startProviderFake(
    answer,
    (origin) => ({ TEAMS_API_URL: `${origin}/v1.0/` }),
    () => refusal('TooManyRequests', 'Too many requests'),
  );

function answer(fake: ProviderFake, { path, headers }: SeenRequest): Reply {
  const token = headers.authorization?.replace(/^Bearer /, '') ?? '';
  if (!fake.tokens.has(token)) {
    return { part: 'api', status: 401, json: refusal('InvalidAuthenticationToken', `Access token ${token} has expired.`) };
  }
  const [, id] = /^\/v1\.0\/users\/([^/]+)\/photo\/\$value$/.exec(path) ?? [];
  if (!id) return { part: 'api', status: 400, json: refusal('BadRequest', 'Resource not found for the segment.') };
  const image = fake.pictures.get(decodeURIComponent(id));
  if (image) return { part: 'api', image };
  return {
    part: 'api',
    status: 404,
    json: image === null ? refusal('ImageNotFound', 'The photo wasn’t found.') : refusal('ErrorItemNotFound', 'No such user.'),
  };
}

const refusal = (code: string, message: string) => ({
  error: { code, message, innerError: { date: '2026-11-22T00:00:00', 'request-id': '0', 'client-request-id': '0' } },
});
