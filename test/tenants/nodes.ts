import { newId } from '../../src/database/ids.ts';
import type { TestApp } from '../app.ts';
import type { World } from './world.ts';

/** Makes what is kept for administrators, which a world lacks. Returns the ids. */
async function records({ app }: TestApp, tenantId: string) {
  const { prisma } = app.database;
  const [exported, imported, file, erasure] = [newId(), newId(), newId(), newId()] as const;
  const job = { tenantId, kind: 'EXTERNAL_USERS', format: 'CSV', state: 'DONE', begunBy: 'USER nobody' };
  const over = { ...job, startedAt: new Date(), finishedAt: new Date() };
  await prisma.dataJob.createMany({
    data: [
      { ...over, id: exported, direction: 'EXPORT' },
      { ...over, id: imported, direction: 'IMPORT' },
    ],
  });
  const expiresAt = new Date(Date.now() + 3_600_000);
  await prisma.dataFile.create({
    data: { tenantId, id: file, path: file, name: 'users.csv', contentType: 'text/csv', expiresAt },
  });
  const gone = { externalUsers: 1, participants: 0, memberships: 0, historyEntries: 0, files: 0 };
  await prisma.erasure.create({
    data: { tenantId, id: erasure, digest: 'digest', isBlocked: false, ...gone, erasedBy: 'nobody' },
  });
  return { DataExport: exported, DataImport: imported, DataFile: file, Erasure: erasure };
}

/** Returns an id of each type that is a node, in a world. Makes what the world lacks. */
export async function nodesOf(service: TestApp, world: World): Promise<Record<string, string>> {
  const channel = await service.app.database.prisma.channel.findFirstOrThrow({ where: { tenantId: world.tenant.id } });
  const entry = await service.app.database.prisma.historyEntry.findFirstOrThrow({
    where: { tenantId: world.tenant.id, aboutId: world.participant },
  });
  return {
    Agent: world.agent,
    ...(await records(service, world.tenant.id)),
    HistoryEntry: entry.id,
    Tenant: world.tenant.id,
    AvatarSyncBatch: world.batch,
    AvatarSyncFailure: world.failedSync,
    Binding: world.binding,
    Channel: channel.id,
    Conversation: world.conversation,
    ConversationParticipant: world.member,
    CredentialKey: world.key,
    DuplicateCandidate: world.candidate,
    ExternalUser: world.externalUser,
    ExternalUserIdentifier: world.identifier,
    IntegrationConfig: world.config,
    Merge: world.merge,
    Participant: world.participant,
    UnknownSender: world.unknownSender,
  };
}
