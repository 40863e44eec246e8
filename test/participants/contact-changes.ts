import { newId } from '../../src/database/ids.ts';
import { dataOf, type TestApp, type TestTenant } from '../app.ts';
import { subscribe } from '../streams.ts';

export type Event = {
  agentId: string;
  participants: { id: string; displayName: string; avatarUrl: string | null; health: { reason: string | null } }[];
  removedIds: string[];
  everything: boolean;
  occurredAt: string;
};

/** All that participantChanged tells. */
export const document = `subscription ($agentId: ID!) { participantChanged(agentId: $agentId) {
  agentId removedIds everything occurredAt participants { id displayName avatarUrl channels { address } health { reason } } } }`;

/** The tenant and the agent of the test that runs. */
export type Place = { tenant: TestTenant; agentId: string };

/** How an agent's contacts change in a service, and how that is heard; `at` says where. */
export function changesOf(service: TestApp, at: () => Place) {
  const listen = async (agentId = at().agentId) => {
    const stream = await subscribe(service.app, await at().tenant.token(), document, { agentId });
    return { ...stream, event: async (): Promise<Event> => (await stream.next())?.data.participantChanged };
  };
  const change = async (name: string, input: object, selection = '__typename') =>
    dataOf(
      await at().tenant.graphql(
        `mutation ($input: ${name[0]?.toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { ${selection} } }`,
        { input },
      ),
    )[name];
  const announce = (participantIds: string[], more: { integrationConfigId?: string } = {}) =>
    service.app.database
      .forTenant(at().tenant.id)
      .announce('participantChanged', { participantIds, unbound: [], integrationConfigId: null, ...more });

  /** Contacts of the agent, written at once; with a channel of the config, if given. */
  async function contacts(count: number, config?: { id: string; provider: string }): Promise<string[]> {
    const { prisma } = service.app.database;
    const { agentId, tenant } = at();
    const tenantId = tenant.id;
    const ids = Array.from({ length: count }, newId);
    await prisma.participant.createMany({ data: ids.map((id) => ({ tenantId, id, kind: 'PERSON', displayName: id })) });
    await prisma.binding.createMany({
      data: ids.map((participantId) => ({ tenantId, id: newId(), participantId, agentId })),
    });
    if (config) {
      const channel = {
        tenantId,
        integrationConfigId: config.id,
        provider: config.provider,
        address: 'U0ADA',
        addressValid: true,
      };
      await prisma.channel.createMany({
        data: ids.map((participantId) => ({ ...channel, id: newId(), participantId })),
      });
    }
    return ids;
  }
  return { listen, change, announce, contacts };
}
