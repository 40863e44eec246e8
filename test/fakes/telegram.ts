import { type ProviderFake, type Reply, type SeenRequest, startProviderFake } from './http.ts';

const sizes = [160, 320, 640];

/** Starts a Bot API: profile photos of users, photos of chats, and the files they are in, all under /bot{token}/. */
export const startFakeTelegram = (): Promise<ProviderFake> =>
  startProviderFake(
    answer,
    (origin) => ({ TELEGRAM_API_URL: `${origin}/` }),
    (fake) => ({
      ok: false,
      error_code: 429,
      description: `Too Many Requests: retry after ${fake.retryAfter}`,
      ...(fake.retryAfter !== null && { parameters: { retry_after: Number(fake.retryAfter) } }),
    }),
  );

function answer(fake: ProviderFake, { path, form }: SeenRequest): Reply {
  const [, fileToken, address = ''] = /^\/file\/bot([^/]+)\/photos\/(.+)\.jpg$/.exec(path) ?? [];
  if (fileToken) {
    const image = fake.tokens.has(fileToken) ? fake.pictures.get(addressOf(address)) : undefined;
    return image ? { part: 'image', image } : { part: 'image', status: 404, json: refused(404, 'Not Found').json };
  }
  const [, token = '', method] = /^\/bot([^/]+)\/(\w+)$/.exec(path) ?? [];
  if (!/^\d+:/.test(token)) return refused(404, 'Not Found');
  if (!fake.tokens.has(token)) return refused(401, 'Unauthorized');
  switch (method) {
    case 'getUserProfilePhotos': {
      const id = form['user_id'] ?? '';
      const image = fake.pictures.get(id);
      if (image === undefined) return refused(400, 'Bad Request: user not found');
      return told({ total_count: image ? 1 : 0, photos: image ? [sizes.map((width) => photo(id, width))] : [] });
    }
    case 'getChat': {
      const id = form['chat_id'] ?? '';
      const image = fake.pictures.get(id);
      if (image === undefined) return refused(400, 'Bad Request: chat not found');
      const of = { small_file_id: fileId(id, 160), big_file_id: fileId(id, 640) };
      return told({ id, type: 'supergroup', title: 'A group', ...(image && { photo: of }) });
    }
    case 'getFile': {
      const [, id, width] = /^photo-(.+)-(\d+)$/.exec(form['file_id'] ?? '') ?? [];
      if (!id || width !== '640')
        return refused(400, 'Bad Request: wrong file_id or the file is temporarily unavailable');
      return told({ file_id: form['file_id'], file_size: 1, file_path: `photos/${nameOf(id)}.jpg` });
    }
    default:
      return refused(404, 'Not Found: method not found');
  }
}

// A group's id begins with a minus, a public name with @, which is no part of a file's name.
const nameOf = (address: string) => address.replace('@', 'at_');
const addressOf = (name: string) => name.replace('at_', '@');
const fileId = (address: string, width: number) => `photo-${address}-${width}`;
const photo = (address: string, width: number) => ({
  file_id: fileId(address, width),
  file_unique_id: 'u',
  width,
  height: width,
});
const told = (result: unknown): Reply => ({ part: 'api', json: { ok: true, result } });
const refused = (code: number, description: string): Reply => ({
  part: 'api',
  status: code,
  json: { ok: false, error_code: code, description },
});
