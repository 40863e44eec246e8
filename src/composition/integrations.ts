import type { Config } from '../config.ts';
import { isUnavailable } from '../database/failures.ts';
import { createGroupCommit } from '../database/group-commit.ts';
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
import { telegramWebhooks } from '../integrations/webhooks/telegram.ts';
import { createWorkspaces } from '../integrations/webhooks/workspaces.ts';
import type { Resources } from './resources.ts';

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
      ...(database.connection.isDistributed && { keyOf: ({ tenantId }: Delivery) => tenantId }),
      isItems: (error) => !isUnavailable(error),
      capacity: 5_000,
      batch: 500,
      gather: 10,
      writers: 1,
    }),
  };
}

function signInProviders({ oauthClients: { slack, teams }, ...config }: Config, now: () => Date): OAuthProviders {
  const timeoutMs = config.providerTimeoutMs;
  return new Map([
    ['slack', slack && slackOAuth({ apiUrl: config.slackApiUrl, client: slack, timeoutMs, now })],
    ['teams', teams && teamsOAuth({ authorityUrl: config.teamsAuthorityUrl, client: teams, timeoutMs, now })],
  ]);
}
