import { newId } from '../../src/database/ids.ts';
import type { TestApp, TestTenant } from '../app.ts';
import { createParticipant } from '../factories.ts';

/** The agent that contacts are made for. */
export type Of = { service: TestApp; tenant: TestTenant; agent: string };

/** Creates a contact of the agent that no automatic sync has been queued for; returns its id. */
export async function createContact(
  { service, tenant, agent }: Of,
  integrationConfigId: string,
  address: string | null,
): Promise<string> {
  const participantId = await createParticipant(tenant, { agentIds: [agent] });
  if (address === null) return participantId;
  const { prisma } = service.app.database;
  const { provider } = await prisma.integrationConfig.findFirstOrThrow({ where: { id: integrationConfigId } });
  await prisma.channel.create({
    data: {
      tenantId: tenant.id,
      id: newId(),
      participantId,
      integrationConfigId,
      provider,
      address,
      addressValid: address !== '?',
    },
  });
  return participantId;
}

/** Creates contacts in one statement, with a Slack address of their own each; returns the addresses. */
export async function createContacts(
  { service, tenant, agent }: Of,
  integrationConfigId: string,
  count: number,
): Promise<string[]> {
  const { prisma } = service.app.database;
  const tenantId = tenant.id;
  const contacts = Array.from({ length: count }, (_, index) => ({ id: newId(), address: `U0N${index}` }));
  await prisma.participant.createMany({
    data: contacts.map(({ id }) => ({ tenantId, id, kind: 'PERSON', displayName: id })),
  });
  await prisma.binding.createMany({
    data: contacts.map(({ id }) => ({ tenantId, id: newId(), participantId: id, agentId: agent })),
  });
  await prisma.channel.createMany({
    data: contacts.map(({ id, address }) => ({
      tenantId,
      id: newId(),
      participantId: id,
      integrationConfigId,
      provider: 'slack',
      address,
      addressValid: true,
    })),
  });
  return contacts.map(({ address }) => address);
}
