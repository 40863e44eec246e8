import { z } from 'zod';
import { type Ask, createProviderClient, jsonOf } from '../../egress/provider-client.ts';
import { providerProblems } from '../../egress/provider-problems.ts';
import { retryAfterSeconds } from '../../egress/retry-after.ts';
import { Problem } from '../../errors/catalogue.ts';
import { fitsProvider } from '../../providers/address.ts';
import { type AvatarSource, imageLimit, type SourceOptions } from './source.ts';

const envelope = z.object({
  ok: z.boolean(),
  result: z.unknown().optional(),
  error_code: z.number().optional(),
  description: z.string().optional().catch(undefined),
  parameters: z.object({ retry_after: z.number().optional(), migrate_to_chat_id: z.int().optional() }).optional(),
});
const photos = z.object({ photos: z.array(z.array(z.object({ file_id: z.string(), width: z.number() })).min(1)) });
const chat = z.object({ photo: z.object({ big_file_id: z.string() }).optional() });
// It becomes a part of a URL.
const file = z.object({ file_path: z.string().regex(/^[\w-]+(\/[\w-]+(\.[\w-]+)*)*$/) });

const problems = providerProblems('Telegram');

/**
 * Creates the source of Telegram's pictures: a person's profile photo, and that of a group, channel or public @name.
 * The token is part of every URL, also the picture's, so no URL leaves this file.
 */
export function telegramAvatarSource({ apiUrl, timeoutMs, largestImage }: SourceOptions): AvatarSource {
  const begin = createProviderClient({ name: 'Telegram', baseUrl: apiUrl, timeoutMs });
  const limit = imageLimit(largestImage);

  return {
    provider: 'telegram',
    async locate({ token, address }) {
      if (!fitsProvider('telegram', address)) throw problems.noPicture();
      if (!token || !/^\d+:[\w-]+$/.test(token)) throw problems.refused();
      const ask = begin();
      const fileId = /^\d/.test(address)
        ? ofPerson(await call(ask, `bot${token}/getUserProfilePhotos`, { user_id: address, limit: '1' }, photos))
        : (await chatOf(ask, token, address)).photo?.big_file_id;
      if (!fileId) throw problems.noPicture();
      const { file_path: path } = await call(ask, `bot${token}/getFile`, { file_id: fileId }, file);
      const answer = await ask(`file/bot${token}/${path}`, { limit });
      if (answer.status === 200) return { image: answer.body };
      if (answer.status === 404) throw problems.noPicture();
      throw answer.status === 429 ? problems.rateLimited(answer.retryAfter) : problems.status(answer.status);
    },
  };
}

/** A group that became a supergroup has another address, which is asked for instead. */
class Migrated extends Problem {
  readonly to: string;
  constructor(to: number) {
    super('AVATAR_NOT_AVAILABLE', 'The Telegram group has become a supergroup under another address.');
    this.to = String(to);
  }
}

function chatOf(ask: Ask, token: string, address: string): Promise<z.infer<typeof chat>> {
  const get = (chatId: string) => call(ask, `bot${token}/getChat`, { chat_id: chatId }, chat);
  return get(address).catch((error: unknown) => {
    if (error instanceof Migrated) return get(error.to);
    throw error;
  });
}

/** Returns the newest photo in the smallest size that is large enough, else in the largest. */
function ofPerson({ photos: [newest = []] }: z.infer<typeof photos>): string | undefined {
  const bySize = [...newest].sort((one, other) => one.width - other.width);
  return (bySize.find(({ width }) => width >= 512) ?? bySize.at(-1))?.file_id;
}

async function call<Schema extends z.ZodType>(
  ask: Ask,
  path: string,
  form: Record<string, string>,
  schema: Schema,
): Promise<z.infer<Schema>> {
  const answer = await ask(path, { form });
  const told = jsonOf(answer, envelope);
  if (!told) throw answer.status === 200 ? problems.unexpected() : problems.status(answer.status);
  if (told.ok) {
    const { success, data } = schema.safeParse(told.result);
    if (!success) throw problems.unexpected();
    return data;
  }
  const wait = told.parameters?.retry_after;
  const movedTo = told.parameters?.migrate_to_chat_id;
  if (movedTo !== undefined) throw new Migrated(movedTo);
  // Sent with 400 like a caller's error, but it passes.
  if (/temporarily unavailable/i.test(told.description ?? '')) throw problems.failed();
  switch (told.error_code) {
    // For a user or chat that the bot does not know, may not see, or was removed from.
    case 400:
    case 403:
      throw problems.noPicture();
    // Telegram answers 404 to a token that no bot has.
    case 401:
    case 404:
      throw problems.refused();
    case 429:
      throw problems.rateLimited(
        wait === undefined ? answer.retryAfter : retryAfterSeconds(Math.ceil(wait).toFixed(0)),
      );
    default:
      throw problems.status(told.error_code ?? answer.status);
  }
}
