import { beforeAll, beforeEach } from 'vitest';
import { type Connectable, type Connections, createConnections } from '../../src/integrations/connections.ts';
import { slackOAuth } from '../../src/integrations/oauth/slack.ts';
import { type StoredToken, writeToken } from '../../src/integrations/oauth/stored-token.ts';
import { teamsOAuth } from '../../src/integrations/oauth/teams.ts';
import { createTokenCipher } from '../../src/integrations/token-cipher.ts';
import { dataOf } from '../app.ts';
import { createConfig, createParticipant } from '../factories.ts';
import { png } from '../fakes/images.ts';
import { later } from '../use-app.ts';
import { secretKey, useSigningIn } from './signing-in.ts';

const client = { id: 'client-id', secret: 'client-secret' };
const ada = 'ada@contoso.com';
const timeoutMs = 3_000;

export const cipher = createTokenCipher(secretKey);

/** A service with an integration of Teams for each test, whose token the test stores and uses. */
export function useTokens() {
  const { slack, teams, service, tenant } = useSigningIn();
  let connections: Connections | undefined;
  const current = { id: '' };
  beforeAll(() => {
    connections = createConnections({
      cipher,
      timeoutMs,
      oauth: new Map([
        ['slack', slackOAuth({ apiUrl: slack.apiUrl, client, timeoutMs })],
        ['teams', teamsOAuth({ authorityUrl: teams.env['TEAMS_AUTHORITY_URL'] as string, client, timeoutMs })],
      ]),
    });
  });
  beforeEach(async () => {
    for (const fake of [slack, teams]) {
      fake.tokens.clear();
      fake.authorization.refreshTokens.clear();
      fake.authorization.refreshes = 0;
    }
    slack.authorization.expiresIn = 43_200;
    teams.authorization.expiresIn = 3_600;
    teams.pictures.set(ada, await png());
    current.id = await createConfig(tenant, 'teams');
  });

  const row = () => service.app.database.prisma.integrationConfig.findFirstOrThrow({ where: { id: current.id } });
  return {
    slack,
    teams,
    service,
    tenant,
    connections: later(() => connections),
    /** The config of the test; another can take its place. */
    current,
    db: () => service.app.database.forTenant(tenant.id),
    row,
    config: async (): Promise<Connectable> => row(),
    store: (token: StoredToken | string) =>
      service.app.database.prisma.integrationConfig.updateMany({
        where: { id: current.id },
        data: {
          tokenCiphertext: cipher.seal(typeof token === 'string' ? token : writeToken(token), current.id),
          connectedAt: new Date(),
          disconnectedReason: null,
        },
      }),
    /** A token of Teams or Slack that has ended, and whose refresh token is good. */
    ended(refresh = 'refresh-1'): StoredToken {
      for (const { authorization } of [slack, teams]) authorization.refreshTokens.add(refresh);
      return { access: 'access-0', refresh, expiresAt: Date.now() - 1_000, refreshingUntil: null };
    },
    async sync() {
      const channel = { integrationConfigId: current.id, address: ada };
      const participantId = await createParticipant(tenant, { channels: [channel] });
      return tenant.graphql(
        `mutation ($input: SyncParticipantAvatarFromChannelInput!) { syncParticipantAvatarFromChannel(input: $input) {
          participant { id health { reason reachable } } } }`,
        { input: { participantId, ...channel } },
      );
    },
    async health() {
      const { participants } = dataOf(await tenant.graphql('{ participants { health { reason reachable } } }'));
      return participants[0].health;
    },
  };
}
