import { z } from 'zod';
import { createProviderClient, jsonOf } from '../../egress/provider-client.ts';
import { providerProblems } from '../../egress/provider-problems.ts';
import { retryAfterSeconds } from '../../egress/retry-after.ts';
import type { AvatarSource, SourceOptions } from './source.ts';

// The hash becomes part of a URL. For animated pictures it begins with a_. Null means one of Discord's own drawings.
const user = z.object({
  avatar: z
    .string()
    .regex(/^(a_)?[0-9a-f]{1,64}$/)
    .nullable(),
});
const refusal = z.object({ code: z.number() });
const wait = z.object({ retry_after: z.number() });

export type DiscordOptions = Omit<SourceOptions, 'largestImage'> & {
  /** The base URL of pictures, with or without a slash at the end. */
  cdnUrl: string;
};

/**
 * Creates the source of Discord's pictures: those that people have uploaded. Pictures are public. Only the query for
 * their place needs the bot.
 */
export function discordAvatarSource({ apiUrl, cdnUrl, timeoutMs }: DiscordOptions): AvatarSource {
  const problems = providerProblems('Discord');
  const begin = createProviderClient({ name: 'Discord', baseUrl: apiUrl, timeoutMs });
  const cdn = cdnUrl.replace(/\/*$/, '/');

  return {
    provider: 'discord',
    async locate({ token, address }) {
      if (!/^\d{17,20}$/.test(address)) throw problems.noPicture();
      if (!token || !/^[\x21-\x7e]+$/.test(token)) throw problems.refused();
      const answer = await begin()(`users/${address}`, {
        // Discord's own prefix, and the user agent that it demands of bots.
        headers: { authorization: `Bot ${token}`, 'user-agent': 'DiscordBot (https://rollcall.invalid, 1)' },
      });
      switch (answer.status) {
        case 200: {
          const found = jsonOf(answer, user);
          if (!found) throw problems.unexpected();
          if (found.avatar === null) throw problems.noPicture();
          // The still of an animated one.
          return { url: `${cdn}avatars/${address}/${found.avatar}.png?size=512` };
        }
        // Cloudflare's refusal is a page, which says nothing about the token.
        case 401:
          throw jsonOf(answer, refusal) ? problems.refused() : problems.status(401);
        case 403:
          throw jsonOf(answer, refusal) ? problems.notPermitted() : problems.status(403);
        case 404:
          throw jsonOf(answer, refusal) ? problems.noPicture() : problems.status(404);
        case 429: {
          // The body has a fraction, the header a rounded number, and both come only from Discord itself.
          const seconds = jsonOf(answer, wait)?.retry_after;
          throw problems.rateLimited(
            seconds === undefined ? answer.retryAfter : retryAfterSeconds(Math.ceil(seconds).toFixed(0)),
          );
        }
        default:
          throw problems.status(answer.status);
      }
    },
  };
}
