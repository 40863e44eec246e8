import { type Call, call, own } from './call.ts';

/** How to call every field of Query: each id it takes, once, as the other tenant's. */
export const queryCalls: Readonly<Record<string, readonly Call[]>> = {
  viewer: [own],
  participant: [call('nothing', (_, { participant }) => ({ id: participant }))],
  participants: [own, call('nothing', (_, { agent }) => ({ agentId: agent }))],
  participantsConnection: [
    call('own', () => ({ first: 100 })),
    call('nothing', (_, { agent }) => ({ filter: { agentId: agent } })),
    call('nothing', (_, { email }) => ({ filter: { email } })),
    call('nothing', (_, { email }) => ({ filter: { query: email } })),
    call('own', () => ({ filter: { provider: 'slack' } })),
  ],
  participantCounts: [own, call('own', (_, { agent }) => ({ agentId: agent }))],
  externalUsersConnection: [
    call('own', () => ({ first: 100 })),
    call('nothing', (_, { email }) => ({ filter: { query: email } })),
    call('nothing', (_, { agent }) => ({ filter: { agentId: agent } })),
  ],
  agent: [call('nothing', (_, { agent }) => ({ id: agent }))],
  agents: [own],
  keys: [own, call('own', () => ({ includeRevoked: true }))],
  integrationConfigs: [own],
  historyConnection: [
    call('own', () => ({ first: 100 })),
    call('nothing', (_, { participant }) => ({ filter: { subjectId: participant } })),
    call('nothing', (_, { key }) => ({ filter: { actorId: key } })),
  ],
  duplicateCandidatesConnection: [call('own', () => ({ first: 100 }))],
  importsConnection: [call('own', () => ({ first: 100 }))],
  exportsConnection: [call('own', () => ({ first: 100 }))],
  unknownSendersConnection: [
    call('own', () => ({ first: 100, filter: { status: ['PENDING', 'APPROVED'] } })),
    call('nothing', (_, { agent }) => ({ filter: { agentId: agent } })),
    call('nothing', (_, { config }) => ({ filter: { integrationConfigId: config } })),
  ],
  conversation: [call('nothing', (_, { conversation }) => ({ id: conversation }))],
  conversationsConnection: [
    call('own', () => ({ first: 100 })),
    call('nothing', (_, { externalUser }) => ({ filter: { externalUserId: externalUser } })),
    call('nothing', (_, { participant }) => ({ filter: { participantId: participant } })),
    call('nothing', (_, { agent }) => ({ filter: { agentId: agent } })),
    call('nothing', (_, { mark }) => ({ filter: { query: mark } })),
  ],
  participantConversations: [
    call('nothing', (_, { participant }) => ({ by: { participantId: participant } })),
    call('nothing', (_, { agent }) => ({ by: { participantId: agent } })),
    call('nothing', (_, { email }) => ({
      by: { contact: { identifierKey: 'emailaddress', identifierValue: email } },
    })),
  ],
  conversationParticipant: [
    call('nothing', ({ conversation }, { member }) => ({
      conversationId: conversation,
      conversationParticipantId: member,
    })),
    call('nothing', (_, { conversation, participant }) => ({
      conversationId: conversation,
      participantId: participant,
    })),
    call('nothing', ({ conversation }, { participant }) => ({
      conversationId: conversation,
      participantId: participant,
    })),
    call('nothing', ({ conversation }, { email }) => ({
      conversationId: conversation,
      contact: { identifierKey: 'emailaddress', identifierValue: email },
    })),
  ],
  externalUser: [
    call('nothing', (_, { externalUser }) => ({ id: externalUser })),
    call('nothing', (_, { mergedUser }) => ({ id: mergedUser })),
  ],
  searchExternalUser: [
    call('nothing', (_, { email }) => ({ by: { email } })),
    call('nothing', (_, { phoneNumber }) => ({ by: { phoneNumber } })),
    call('nothing', (_, { fkId }) => ({ by: { fkId } })),
  ],
  whoIs: [
    call('nothing', (_, { email }) => ({ by: { email } })),
    call('nothing', (_, { phoneNumber }) => ({ by: { phoneNumber } })),
    call('nothing', (_, { fkId }) => ({ by: { fkId } })),
    call('nothing', (_, { address }) => ({ by: { channel: { provider: 'slack', address } } })),
  ],
  node: (
    [
      'batch',
      'failedSync',
      'binding',
      'conversation',
      'member',
      'key',
      'externalUser',
      'identifier',
      'merge',
      'config',
      'participant',
      'unknownSender',
    ] as const
  ).map((name) => call('nothing', (_, theirs) => ({ id: theirs[name] }))),
  avatarSyncBatch: [call('nothing', (_, { batch }) => ({ id: batch }))],
  waitingAvatarSyncs: [call('own', () => ({}))],
  avatarSyncFailuresConnection: [
    call('own', () => ({ first: 100 })),
    call('nothing', (_, { agent }) => ({ filter: { agentId: agent } })),
  ],

  importMapping: [call('own', () => ({ kind: 'PARTICIPANTS', columns: ['name'] }))],
  import: [call('nothing', (_, { batch }) => ({ id: batch }))],
  export: [call('nothing', (_, { batch }) => ({ id: batch }))],
};
