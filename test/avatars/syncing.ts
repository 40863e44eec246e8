import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { Connection } from '../../src/database/connection.ts';
import { dataOf, startApp, type TestApp, type TestTenant } from '../app.ts';
import { createConfig, createParticipant } from '../factories.ts';
import { png } from '../fakes/images.ts';
import { type Stream, subscribe } from '../streams.ts';
import { later, useSlack } from '../use-app.ts';

export const address = 'U0ADA';
export const columns =
  'id avatarFileId avatarSource avatarSourceConfigId avatarSourceAddress avatarSyncedAt modifiedAt';

/**
 * A service that knows a Slack, for a file's tests. Each test has a tenant of its own, with a config of Slack and
 * somebody who is reached there. `around` is put around the database's connection.
 */
export function useSyncing(around?: (connection: Connection) => Connection) {
  const slack = useSlack();
  let service: TestApp | undefined;
  let tenant: TestTenant | undefined;
  const current = { config: '', participant: '' };
  /** Gives a tenant what it takes to sync, and makes it the test's. */
  async function actAs(of: TestTenant): Promise<void> {
    tenant = of;
    current.config = await createConfig(of, 'slack', 'xoxb-good');
    const channels = [{ integrationConfigId: current.config, address }];
    current.participant = await createParticipant(of, { channels });
  }

  beforeAll(async () => {
    service = await startApp({ SLACK_API_URL: slack.apiUrl, EGRESS_ALLOW: slack.host }, around);
  });
  beforeEach(async () => {
    slack.apiTrouble = null;
    slack.imageTrouble = null;
    slack.retryAfter = '30';
    slack.users.clear();
    slack.users.set(address, { image: await png() });
    if (service) await actAs(await service.createTenant());
  });
  afterAll(() => service?.close());

  const started = later(() => service);
  const its = later(() => tenant);
  return {
    slack,
    service: started,
    tenant: its,
    /** The config and the participant of the test; others can take their place. */
    current,
    actAs,
    /** Syncs that participant's avatar from that config. */
    sync(input: Record<string, unknown> = {}) {
      const { config, participant } = current;
      return its.graphql(
        `mutation ($input: SyncParticipantAvatarFromChannelInput!) { syncParticipantAvatarFromChannel(input: $input) {
          participant { ${columns} small: avatarUrl(size: 64) medium: avatarUrl large: avatarUrl(size: 512) }
        } }`,
        { input: { participantId: participant, integrationConfigId: config, address, ...input } },
      );
    },
    /** What happened to the participant's avatar, as a subscriber hears it. */
    async listen(): Promise<Stream> {
      return subscribe(
        started.app,
        await its.token(),
        'subscription { participantAvatarSynced { participant { id avatarSource } outcome occurredAt error { code status detail } } }',
      );
    },
  };
}

/** What the graph says about a participant's avatar. */
export const readAvatar = async (tenant: TestTenant, id: string) =>
  dataOf(await tenant.graphql(`query ($id: ID!) { participant(id: $id) { ${columns} } }`, { id })).participant;
