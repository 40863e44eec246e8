import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { system } from '../database/actor.ts';
import { isUnavailable } from '../database/failures.ts';
import { createGroupCommit } from '../database/group-commit.ts';
import { pruneHistory } from '../history/prune.ts';
import { sweepIdempotencyKeys } from '../idempotency/once.ts';
import type { OAuthProviders } from '../integrations/oauth/provider.ts';
import { createSignIns } from '../integrations/oauth/sign-in.ts';
import { slackOAuth } from '../integrations/oauth/slack.ts';
import { teamsOAuth } from '../integrations/oauth/teams.ts';
import { createTokenCipher } from '../integrations/token-cipher.ts';
import { createWebhookAuthenticator } from '../integrations/webhooks/authenticator.ts';
import { genericWebhooks } from '../integrations/webhooks/generic.ts';
import { type Delivery, type Outcome, recordDeliveries } from '../integrations/webhooks/record.ts';
import { createWebhookProviders } from '../integrations/webhooks/registry.ts';
import { slackWebhooks } from '../integrations/webhooks/slack.ts';
import { sweepDeliveries } from '../integrations/webhooks/sweep.ts';
import { telegramWebhooks } from '../integrations/webhooks/telegram.ts';
import { createWorkspaces } from '../integrations/webhooks/workspaces.ts';
import { sweepDataFiles } from '../transfer/files.ts';
import { sweepDataJobs } from '../transfer/jobs.ts';
import type { Resources } from './resources.ts';

const sweepEveryMs = 10 * 60_000;

export type Integrations = ReturnType<typeof createIntegrations>;

/** What connects tenants to providers: stored tokens, the sign-in, and webhooks. */
export function createIntegrations(
  config: Config,
  { database, events, secretKey }: Pick<Resources, 'database' | 'events' | 'secretKey'>,
  publicUrl: () => string,
) {
  const tokenCipher = createTokenCipher(secretKey);
  const oauthProviders = signInProviders(config, database.now);
  const webhooks = createWebhookAuthenticator(database, tokenCipher);
  events.onAny('keyRevoked', ({ keyId }) => webhooks.forget(keyId));
  events.onAny('participantChanged', ({ integrationConfigId }) => {
    if (integrationConfigId !== null) webhooks.forgetConfig(integrationConfigId);
  });
  return {
    tokenCipher,
    oauthProviders,
    signIns: createSignIns({ providers: oauthProviders, cipher: tokenCipher, publicUrl }),
    webhookProviders: createWebhookProviders(
      {
        slack: slackWebhooks({ signingSecret: config.slackSigningSecret, apiUrl: config.slackApiUrl }),
        telegram: telegramWebhooks,
      },
      genericWebhooks,
    ),
    webhooks,
    workspaceOf: createWorkspaces(database, tokenCipher),
    deliveries: createGroupCommit<Delivery, Outcome>({
      write: (items) => recordDeliveries(database, items),
      isItems: (error) => !isUnavailable(error),
      capacity: 5_000,
      batch: 500,
      gather: 10,
      writers: 1,
    }),
  };
}

/** Deletes old deliveries, idempotency keys, history, files and jobs of data. Returns the function that stops it. */
export function startDeliverySweep(
  { historyRetentionDays }: Pick<Config, 'historyRetentionDays'>,
  { database, storage }: Pick<Resources, 'database' | 'storage'>,
  log: Logger,
): () => void {
  let isStopped = false;
  const sweep = () =>
    sweepDeliveries(database.as(system('the sweep of unknown senders')), database.now())
      .then(() => sweepIdempotencyKeys(database))
      .then(() => pruneHistory(database, historyRetentionDays, () => isStopped))
      .then(() => sweepDataFiles(database, storage, () => isStopped))
      .then(() => sweepDataJobs(database, () => isStopped))
      .catch((error: unknown) => log.warn({ err: error }, 'the sweep of deliveries failed'));
  const timer = setInterval(sweep, sweepEveryMs).unref();
  return () => {
    isStopped = true;
    clearInterval(timer);
  };
}

function signInProviders({ oauthClients: { slack, teams }, ...config }: Config, now: () => Date): OAuthProviders {
  const timeoutMs = config.providerTimeoutMs;
  return new Map([
    ['slack', slack && slackOAuth({ apiUrl: config.slackApiUrl, client: slack, timeoutMs, now })],
    ['teams', teams && teamsOAuth({ authorityUrl: config.teamsAuthorityUrl, client: teams, timeoutMs, now })],
  ]);
}
