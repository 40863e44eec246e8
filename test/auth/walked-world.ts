import { newId } from '../../src/database/ids.ts';
import type { TestApp } from '../app.ts';
import { createAgentKey, createConfig, createParticipant } from '../factories.ts';
import { nodesOf } from '../tenants/nodes.ts';
import { createWorld, type World } from '../tenants/world.ts';

export type Walked = {
  world: World;
  /** An id of each type that is a node. */
  nodes: Record<string, string>;
  agentKey: Record<string, string>;
};

/** Creates a tenant with so much that each path from a query ends at something. */
export async function createWalked(service: TestApp): Promise<Walked> {
  const world = await createWorld(service, 'walk', '+14155550177');
  const { prisma } = service.app.database;
  const { id: tenantId } = world.tenant;
  const nodes = await nodesOf(service, world);
  const agentKey = (await createAgentKey(world.tenant, world.agent)).headers;
  await createParticipant(world.tenant, { kind: 'AI_AGENT', relatedAgentId: world.agent, agentIds: [world.agent] });
  const id = newId();
  await prisma.conversationMember.create({
    data: {
      tenantId,
      id,
      conversationId: world.conversation,
      type: 'AGENT',
      participantId: world.agent,
      agentId: world.agent,
    },
  });
  // A candidate is shown while two of its members are there.
  const another = newId();
  await prisma.externalUser.create({ data: { tenantId, id: another, fkId: 'another' } });
  const candidate = { tenantId_id: { tenantId, id: world.candidate } };
  const memberIds = [world.externalUser, another];
  // Its history is that it was dismissed once.
  await prisma.duplicateCandidate.update({ where: candidate, data: { memberIds, dismissedAt: new Date() } });
  await prisma.duplicateCandidate.update({ where: candidate, data: { dismissedAt: null } });
  const { participant: participantId, config: integrationConfigId, address, batch: batchId } = world;
  const error = { errorCode: 'AVATAR_NOT_AVAILABLE', errorStatus: 400, errorDetail: 'No picture.' };
  await prisma.avatarAutoSync.create({
    data: { tenantId, participantId, provider: 'slack', address, attemptedAt: new Date(), ...error },
  });
  // Of the batch one contact has failed; another is being synced, and a third waits to be tried again.
  const running = await createParticipant(world.tenant);
  await prisma.avatarSyncBatchItem.create({ data: { tenantId, batchId, participantId: running } });
  await prisma.avatarSyncJob.create({
    data: {
      tenantId,
      id,
      participantId: running,
      integrationConfigId,
      address,
      kind: 'BATCH',
      state: 'RUNNING',
      workerId: id,
      leaseUntil: new Date(Date.now() + 3_600_000),
    },
  });
  const waiting = await createParticipant(world.tenant);
  await prisma.avatarSyncBatchItem.create({ data: { tenantId, batchId, participantId: waiting } });
  await prisma.avatarSyncJob.create({
    data: {
      tenantId,
      id: newId(),
      participantId: waiting,
      integrationConfigId,
      address,
      kind: 'BATCH',
      runAt: new Date(Date.now() + 3_600_000),
      ...error,
    },
  });
  // One was approved as a participant, and is matched by another channel.
  const elsewhere = await createConfig(world.tenant, 'slack');
  const now = new Date();
  const heard = { messageCount: 1, firstMessageAt: now, lastMessageAt: now };
  const approved = { status: 'APPROVED', approvedParticipantId: participantId } as const;
  await prisma.unknownSender.create({
    data: { tenantId, id: newId(), integrationConfigId: elsewhere, address, ...heard, ...approved },
  });
  await prisma.unknownSender.updateMany({ where: { tenantId }, data: { agentId: world.agent } });
  return { world, nodes, agentKey };
}
