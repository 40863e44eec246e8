import { dataOf, type TestTenant } from '../app.ts';
import { createConfig, createParticipant } from '../factories.ts';

export const subscription =
  'subscription ($ids: [ID!]) { participantAvatarSynced(participantIds: $ids) { participant { id } outcome error { code } } }';

/** A participant whose avatar can be tried to sync: it fails, which is announced like a success. */
export async function createSubject(tenant: TestTenant): Promise<{ id: string; sync(): Promise<void> }> {
  const config = await createConfig(tenant, 'slack');
  const id = await createParticipant(tenant);
  return {
    id,
    async sync() {
      await tenant.graphql(
        'mutation ($input: SyncParticipantAvatarFromChannelInput!) { syncParticipantAvatarFromChannel(input: $input) { participant { id } } }',
        { input: { participantId: id, integrationConfigId: config, address: 'U0NOBODY' } },
      );
    },
  };
}

/** Revokes a key. */
export async function revoke(tenant: TestTenant, id: string): Promise<void> {
  dataOf(await tenant.graphql('mutation ($id: ID!) { revokeKey(input: { id: $id }) { key { id } } }', { id }));
}

/** Waits until it holds; the test's own time limit ends it. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10));
}
