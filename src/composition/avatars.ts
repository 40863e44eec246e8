import type { Logger } from 'pino';
import { discordAvatarSource } from '../avatars/sources/discord.ts';
import { gravatarAvatarSource } from '../avatars/sources/gravatar.ts';
import { type AvatarSources, createAvatarSources } from '../avatars/sources/registry.ts';
import { slackAvatarSource } from '../avatars/sources/slack.ts';
import { teamsAvatarSource } from '../avatars/sources/teams.ts';
import { telegramAvatarSource } from '../avatars/sources/telegram.ts';
import { createAvatarSync, largestImage } from '../avatars/sync.ts';
import { syncableProviders } from '../avatars/syncable.ts';
import { startAvatarWork } from '../avatars/work.ts';
import type { Config } from '../config.ts';
import { demoAvatarSource } from '../demo/pictures.ts';
import { createDownloader } from '../egress/download.ts';
import { createConnections } from '../integrations/connections.ts';
import type { Integrations } from './integrations.ts';
import type { Resources } from './resources.ts';

export type Avatars = ReturnType<typeof createAvatars>;

/** Composes the avatar sources and the rules that sync avatars. */
export function createAvatars(
  config: Config,
  { storage, tracing }: Pick<Resources, 'storage' | 'tracing'>,
  { tokenCipher, oauthProviders }: Pick<Integrations, 'tokenCipher' | 'oauthProviders'>,
) {
  const sources = avatarSources(config);
  const download = createDownloader({
    allow: config.egressAllow,
    maxBytes: largestImage,
    timeoutMs: config.providerTimeoutMs,
  });
  return {
    syncable: syncableProviders(sources),
    avatars: createAvatarSync({
      storage,
      connections: createConnections({
        cipher: tokenCipher,
        oauth: oauthProviders,
        timeoutMs: config.providerTimeoutMs,
      }),
      sources,
      download: tracing ? (url) => tracing.part('download', {}, () => download(url)) : download,
    }),
  };
}

/** Starts the background work where the configuration gives this process any. Returns the function that stops it. */
export function startAvatars(
  config: Config,
  { database, storage, events, tracing }: Pick<Resources, 'database' | 'storage' | 'events' | 'tracing'>,
  { avatars, syncable }: Avatars,
  log: Logger,
): () => Promise<void> {
  if (config.avatarWorkers === 0) return async () => {};
  return startAvatarWork(
    {
      database,
      storage,
      events,
      avatars,
      syncable,
      log,
      ...(tracing && { around: (run) => tracing.jobs('avatar', run) }),
    },
    { concurrency: config.avatarWorkers, leaseMs: config.jobLeaseMs },
  );
}

function avatarSources(config: Config): AvatarSources {
  const { gravatarUrl, providerTimeoutMs: timeoutMs } = config;
  return createAvatarSources([
    slackAvatarSource({ apiUrl: config.slackApiUrl, timeoutMs }),
    teamsAvatarSource({ apiUrl: config.teamsApiUrl, timeoutMs, largestImage }),
    telegramAvatarSource({ apiUrl: config.telegramApiUrl, timeoutMs, largestImage }),
    discordAvatarSource({ apiUrl: config.discordApiUrl, cdnUrl: config.discordCdnUrl, timeoutMs }),
    ...(gravatarUrl === null ? [] : [gravatarAvatarSource({ url: gravatarUrl })]),
    ...(config.demo ? [demoAvatarSource] : []),
  ]);
}
