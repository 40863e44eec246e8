import { discordAvatarSource } from '../../src/avatars/sources/discord.ts';
import { gravatarAvatarSource } from '../../src/avatars/sources/gravatar.ts';
import { slackAvatarSource } from '../../src/avatars/sources/slack.ts';
import type { AvatarSource } from '../../src/avatars/sources/source.ts';
import { teamsAvatarSource } from '../../src/avatars/sources/teams.ts';
import { telegramAvatarSource } from '../../src/avatars/sources/telegram.ts';
import { startFakeDiscord } from '../fakes/discord.ts';
import { startFakeGravatar } from '../fakes/gravatar.ts';
import type { ProviderFake } from '../fakes/http.ts';
import { startFakeSlack } from '../fakes/slack.ts';
import { startFakeTeams } from '../fakes/teams.ts';
import { startFakeTelegram } from '../fakes/telegram.ts';

/** What the contract needs to know of a provider to hold its source to it. */
export type ProviderUnderTest = {
  start(): Promise<ProviderFake>;
  /** The source, asking that fake, without the service around it. */
  source(env: Record<string, string>, timeoutMs: number): AvatarSource;
  /** A token that has the form of one; null where the provider needs none. */
  token: string | null;
  /** Where people are reached, each in another form if there are several. */
  people: readonly string[];
  /** What may be asked about, and is no person: has a picture all the same. */
  others: readonly string[];
  /** Addresses that the provider is not even asked about. */
  nobody: readonly string[];
  /** The parts that answer: the API, pictures, or both by separate requests. */
  parts: readonly ('api' | 'image')[];
};

/** Every source there is. A new one belongs here. */
export const providers: Readonly<Record<string, ProviderUnderTest>> = {
  slack: {
    start: startSlack,
    source: (env, timeoutMs) => slackAvatarSource({ apiUrl: env['SLACK_API_URL'] as string, timeoutMs }),
    token: 'xoxb-secret-token',
    people: ['U024BE7LH', 'W012A3CDE'],
    others: [],
    nobody: ['C024BE91L', 'G012AC86C', 'D024BFF1M', 'sam'],
    parts: ['api', 'image'],
  },
  teams: {
    start: startFakeTeams,
    source: (env, timeoutMs) =>
      teamsAvatarSource({ apiUrl: env['TEAMS_API_URL'] as string, timeoutMs, largestImage: 5 * 2 ** 20 }),
    token: 'eyJ.secret-token.x',
    people: [
      '87d349ed-44d7-43e1-9a83-5f2406dee5bd',
      'ada@contoso.com',
      'guest_example.com#EXT#@contoso.onmicrosoft.com',
    ],
    others: [],
    nobody: ['19:abc@thread.tacv2', '19:meeting_x@thread.v2', '28:bot', '../me', 'ada', 'a/b@contoso.com'],
    parts: ['api'],
  },
  telegram: {
    start: startFakeTelegram,
    source: (env, timeoutMs) =>
      telegramAvatarSource({ apiUrl: env['TELEGRAM_API_URL'] as string, timeoutMs, largestImage: 5 * 2 ** 20 }),
    token: '110201543:secret-token',
    people: ['424242'],
    others: ['-1001234567890', '@rollcall_news'],
    nobody: ['ada', '@a', '+14155550101', '1/../getMe'],
    parts: ['api', 'image'],
  },
  discord: {
    start: startFakeDiscord,
    source: (env, timeoutMs) =>
      discordAvatarSource({
        apiUrl: env['DISCORD_API_URL'] as string,
        cdnUrl: env['DISCORD_CDN_URL'] as string,
        timeoutMs,
      }),
    token: 'MTk4.secret-token.x',
    // The second is animated.
    people: ['80351110224678912', '80351110224678913'],
    others: [],
    nobody: ['ada', '1', '80351110224678912/../@me', '@me'],
    parts: ['api', 'image'],
  },
  email: {
    start: startFakeGravatar,
    source: (env) => gravatarAvatarSource({ url: env['GRAVATAR_URL'] as string }),
    token: null,
    people: ['ada@example.com'],
    others: [],
    nobody: ['ada', 'ada@', ''],
    parts: ['image'],
  },
};

/** Slack's stand-in, spoken to as the others are. */
async function startSlack(): Promise<ProviderFake> {
  const slack = await startFakeSlack();
  const pictures = new (class extends Map<string, Uint8Array | null> {
    override set(address: string, image: Uint8Array | null) {
      slack.users.set(address, image ? { image } : {});
      return super.set(address, image);
    }
    override clear() {
      slack.users.clear();
      super.clear();
    }
  })();
  const tokens = new (class extends Set<string> {
    override add(token: string) {
      slack.tokens.set(token, 'accepted');
      return super.add(token);
    }
    override clear() {
      slack.tokens.clear();
      super.clear();
    }
  })();
  return {
    host: slack.host,
    env: { SLACK_API_URL: slack.apiUrl },
    pictures,
    tokens,
    get apiTrouble() {
      return slack.apiTrouble;
    },
    set apiTrouble(trouble) {
      slack.apiTrouble = trouble;
    },
    get imageTrouble() {
      return slack.imageTrouble;
    },
    set imageTrouble(trouble) {
      slack.imageTrouble = trouble;
    },
    get retryAfter() {
      return slack.retryAfter;
    },
    set retryAfter(seconds) {
      slack.retryAfter = seconds;
    },
    get requests() {
      return slack.requests.map(({ path, authorization, form }) => ({
        method: 'POST',
        path,
        query: {},
        headers: authorization === undefined ? {} : { authorization },
        form,
      }));
    },
    set requests(_) {
      slack.requests.length = 0;
    },
    close: slack.close,
  };
}
