import { z } from 'zod';
import { createProviderClient, jsonOf, type ProviderAnswer } from '../../egress/provider-client.ts';
import { providerProblems } from '../../egress/provider-problems.ts';
import { type AvatarSource, imageLimit, type SourceOptions } from './source.ts';

// An object id or a user principal name. The ids of chats, channels and teams are not among them.
const person =
  /^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?!\d+:)[^@\s/\\?]+@(?!thread\.|unq\.)[^@\s/\\?]+\.[^@\s/\\?]+)$/i;
const refusal = z.object({ error: z.object({ code: z.string(), message: z.string().catch('') }) });

/** Creates the source of Microsoft Teams' pictures: those that Microsoft Graph has of an organisation's people. */
export function teamsAvatarSource({ apiUrl, timeoutMs, largestImage }: SourceOptions): AvatarSource {
  const problems = providerProblems('Microsoft Teams');
  const begin = createProviderClient({ name: 'Microsoft Teams', baseUrl: apiUrl, timeoutMs });
  const limit = imageLimit(largestImage);

  return {
    provider: 'teams',
    async locate({ token, address }) {
      if (!person.test(address)) throw problems.noPicture();
      // A token that no header can carry is invalid.
      if (!token || !/^[\x21-\x7e]+$/.test(token)) throw problems.refused();
      // Graph sends the bytes itself, and only with the token. Without a size it sends the largest.
      const answer = await begin()(`users/${encodeURIComponent(address)}/photo/$value`, {
        headers: { authorization: `Bearer ${token}`, accept: 'image/*, application/json' },
        limit,
      });
      switch (answer.status) {
        case 200:
          return { image: answer.body };
        case 400:
          throw isWithoutMailbox(answer) ? problems.noPicture() : problems.status(400);
        case 401:
          throw answer.isPage ? problems.status(401) : problems.refused();
        case 403:
          throw answer.isPage ? problems.status(403) : problems.notPermitted();
        case 404:
          // ImageNotFound, ErrorItemNotFound, ResourceNotFound …, as JSON, as text, or empty. A page is no answer of
          // Graph's.
          throw answer.isPage ? problems.status(404) : problems.noPicture();
        case 429:
          throw problems.rateLimited(answer.retryAfter);
        default:
          throw problems.status(answer.status);
      }
    },
  };
}

// Photos are kept with mailboxes. Graph reports a missing mailbox in several ways, one of them misleading.
const mailboxCodes =
  /^(.*mailbox.*|ErrorInvalidUser|ErrorItemNotFound|ErrorUserNotFound|AuthenticationError|ResourceNotFound|ImageNotFound)$/i;

function isWithoutMailbox(answer: ProviderAnswer): boolean {
  const told = jsonOf(answer, refusal)?.error;
  if (!told) return !answer.isPage && /mailbox/i.test(answer.body.toString('utf8'));
  return mailboxCodes.test(told.code) || /mailbox/i.test(told.message);
}
