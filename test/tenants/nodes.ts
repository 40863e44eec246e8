import type { TestApp } from '../app.ts';
import type { World } from './world.ts';

/** An id of each type that is a node, in a world. */
export async function nodesOf(service: TestApp, world: World): Promise<Record<string, string>> {
  const channel = await service.app.database.prisma.channel.findFirstOrThrow({ where: { tenantId: world.tenant.id } });
  return {
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
