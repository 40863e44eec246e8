import { type Call, input, type Outcome } from './call.ts';
import type { World } from './world.ts';

const exportOf = (kind: string, filter: (theirs: World) => object): Call =>
  input('own', (_, theirs) => ({ kind, format: 'CSV', filter: filter(theirs) }));

const person = { kind: 'PERSON', displayName: 'Somebody' };
const channel = (integrationConfigId: string) => ({ integrationConfigId, address: 'U0NOBODY' });

/** Who takes part in a conversation, as each kind of the other tenant's, and what that must come to. */
const takingPart: readonly [Outcome, (theirs: World) => object][] = [
  ['PARTICIPANT_NOT_FOUND', ({ participant }) => ({ user: { id: participant } })],
  ['AGENT_NOT_FOUND', ({ agent }) => ({ agent: { id: agent } })],
  ['EXTERNAL_USER_NOT_FOUND', ({ externalUser }) => ({ contact: { id: externalUser } })],
  // Flows live elsewhere: the id says nothing about any tenant.
  ['own', ({ member }) => ({ flow: { id: member } })],
  // The other tenant's customer is another user here.
  ['own', ({ email }) => ({ contactByIdentifier: { identifierKey: 'emailaddress', identifierValue: email } })],
];

/** How to call every field of Mutation: each id it takes, once, as the other tenant's. */
export const mutationCalls: Readonly<Record<string, readonly Call[]>> = {
  createParticipant: [
    input('AGENT_NOT_FOUND', (_, { agent }) => ({ ...person, agentIds: [agent] })),
    input('AGENT_NOT_FOUND', (_, { agent }) => ({ kind: 'AI_AGENT', displayName: 'Bot', relatedAgentId: agent })),
    input('INTEGRATION_CONFIG_NOT_FOUND', (_, { config }) => ({ ...person, channels: [channel(config)] })),
    input('FILE_NOT_FOUND', (_, { file }) => ({ ...person, avatarFileId: file })),
  ],
  updateParticipant: [
    input('PARTICIPANT_NOT_FOUND', (_, { participant }) => ({ participantId: participant, displayName: 'Taken over' })),
    input('AGENT_NOT_FOUND', ({ participant }, { agent }) => ({ participantId: participant, agentIds: [agent] })),
    input('INTEGRATION_CONFIG_NOT_FOUND', ({ participant }, { config }) => ({
      participantId: participant,
      channels: [channel(config)],
    })),
    input('VALIDATION_FAILED', ({ participant }, { agent }) => ({ participantId: participant, relatedAgentId: agent })),
    input('FILE_NOT_FOUND', ({ participant }, { file }) => ({ participantId: participant, avatarFileId: file })),
  ],
  addParticipantChannel: [
    input('PARTICIPANT_NOT_FOUND', ({ config }, { participant }) => ({
      participantId: participant,
      ...channel(config),
    })),
    input('INTEGRATION_CONFIG_NOT_FOUND', ({ participant }, { config }) => ({
      participantId: participant,
      ...channel(config),
    })),
  ],
  updateChannel: [input('CHANNEL_NOT_FOUND', (_, { channel: channelId }) => ({ channelId, disabled: true }))],
  removeChannel: [input('CHANNEL_NOT_FOUND', (_, { channel: channelId }) => ({ channelId }))],
  deleteParticipant: [input('PARTICIPANT_NOT_FOUND', (_, { participant }) => ({ participantId: participant }))],
  disableParticipant: [input('PARTICIPANT_NOT_FOUND', (_, { participant }) => ({ participantId: participant }))],
  enableParticipant: [input('PARTICIPANT_NOT_FOUND', (_, { participant }) => ({ participantId: participant }))],
  bindParticipant: [
    input('PARTICIPANT_NOT_FOUND', ({ agent }, { participant }) => ({ participantId: participant, agentId: agent })),
    input('PARTICIPANT_NOT_FOUND', (_, { agent, participant }) => ({ participantId: participant, agentId: agent })),
    input('AGENT_NOT_FOUND', ({ participant }, { agent }) => ({ participantId: participant, agentId: agent })),
  ],
  bindParticipants: [
    input('PARTICIPANT_NOT_FOUND', ({ agent, participant }, theirs) => ({
      agentId: agent,
      participantIds: [participant, theirs.participant],
    })),
    input('AGENT_NOT_FOUND', ({ participant }, { agent }) => ({ agentId: agent, participantIds: [participant] })),
  ],
  unbindParticipant: [
    input('PARTICIPANT_NOT_FOUND', (_, { agent, participant }) => ({ participantId: participant, agentId: agent })),
    input('own', ({ participant }, { agent }) => ({ participantId: participant, agentId: agent })),
  ],
  syncParticipantAvatarFromChannel: [
    input('PARTICIPANT_NOT_FOUND', (_, { participant, config, address }) => ({
      participantId: participant,
      integrationConfigId: config,
      address,
    })),
    input('CHANNEL_NOT_ON_PARTICIPANT', ({ participant, address }, { config }) => ({
      participantId: participant,
      integrationConfigId: config,
      address,
    })),
    input('CHANNEL_NOT_ON_PARTICIPANT', ({ participant }, { channel: channelId }) => ({
      participantId: participant,
      channelId,
    })),
  ],
  removeParticipantAvatar: [input('PARTICIPANT_NOT_FOUND', (_, { participant }) => ({ participantId: participant }))],
  retryAvatarSync: [input('AVATAR_SYNC_NOT_FOUND', (_, { failedSync }) => ({ id: failedSync }))],
  syncAgentAvatars: [input('AGENT_NOT_FOUND', (_, { agent }) => ({ agentId: agent }))],

  createConversation: [
    input('AGENT_NOT_FOUND', (_, { agent }) => ({ name: 'Talk', agentId: agent })),
    ...takingPart.map(([outcome, who]) =>
      input(outcome, (_, theirs) => ({ participants: [{ participant: who(theirs) }] })),
    ),
  ],
  updateConversation: [
    input('CONVERSATION_NOT_FOUND', (_, { conversation }) => ({ conversationId: conversation, name: 'Taken over' })),
    input('AGENT_NOT_FOUND', ({ conversation }, { agent }) => ({ conversationId: conversation, agentId: agent })),
  ],
  deleteConversation: [input('CONVERSATION_NOT_FOUND', (_, { conversation }) => ({ conversationId: conversation }))],
  closeConversation: [input('CONVERSATION_NOT_FOUND', (_, { conversation }) => ({ conversationId: conversation }))],
  ensureConversationParticipant: [
    input('CONVERSATION_NOT_FOUND', ({ participant }, { conversation }) => ({
      conversationId: conversation,
      participant: { user: { id: participant } },
    })),
    ...takingPart.map(([outcome, who]) =>
      input(outcome, ({ conversation }, theirs) => ({ conversationId: conversation, participant: who(theirs) })),
    ),
  ],
  patchConversationParticipant: [
    input('CONVERSATION_PARTICIPANT_NOT_FOUND', ({ conversation }, { member }) => ({
      conversationId: conversation,
      conversationParticipantId: member,
    })),
    input('CONVERSATION_NOT_FOUND', (_, { conversation, participant }) => ({
      conversationId: conversation,
      participantId: participant,
      status: 'ACTIVE',
    })),
    input('CONVERSATION_PARTICIPANT_NOT_FOUND', ({ conversation }, { participant }) => ({
      conversationId: conversation,
      participantId: participant,
      status: 'ACTIVE',
    })),
  ],
  removeConversationParticipant: [
    input('CONVERSATION_PARTICIPANT_NOT_FOUND', ({ conversation }, { member }) => ({
      conversationId: conversation,
      conversationParticipantId: member,
    })),
    input('CONVERSATION_NOT_FOUND', (_, { conversation, participant }) => ({
      conversationId: conversation,
      participantId: participant,
    })),
    input('CONVERSATION_PARTICIPANT_NOT_FOUND', ({ conversation }, { participant }) => ({
      conversationId: conversation,
      participantId: participant,
    })),
  ],
  createExternalUser: [
    input('own', (_, { email, fkId }) => ({ firstName: 'A', lastName: 'B', email, fkId: `${fkId}-too` })),
  ],
  createExternalUsers: [input('own', (_, { email }) => ({ users: [{ firstName: 'A', lastName: 'B', email }] }))],
  updateExternalUser: [
    input('EXTERNAL_USER_NOT_FOUND', (_, { externalUser }) => ({ externalUserId: externalUser, firstName: 'Eve' })),
    input('EXTERNAL_USER_NOT_FOUND', (_, { externalUser }) => ({ id: externalUser, firstName: 'Eve' })),
  ],
  deleteExternalUser: [
    input('EXTERNAL_USER_NOT_FOUND', (_, { externalUser }) => ({ externalUserId: externalUser })),
    input('EXTERNAL_USER_NOT_FOUND', (_, { externalUser }) => ({ id: externalUser })),
  ],
  addExternalUserIdentifier: [
    input('EXTERNAL_USER_NOT_FOUND', (_, { externalUser }) => ({
      externalUserId: externalUser,
      identifierKey: 'fkid',
      identifierValue: 'eve',
    })),
  ],
  removeExternalUserIdentifier: [input('own', (_, { identifier }) => ({ identifierId: identifier }))],
  mergeExternalUsers: [
    input('EXTERNAL_USER_NOT_FOUND', (mine, theirs) => ({ intoId: mine.externalUser, fromIds: [theirs.externalUser] })),
    input('EXTERNAL_USER_NOT_FOUND', (mine, theirs) => ({ intoId: theirs.externalUser, fromIds: [mine.externalUser] })),
    input('EXTERNAL_USER_NOT_FOUND', (mine, theirs) => ({ intoId: mine.externalUser, fromIds: [theirs.mergedUser] })),
  ],
  dismissDuplicateCandidate: [input('DUPLICATE_CANDIDATE_NOT_FOUND', (_, { candidate }) => ({ id: candidate }))],
  mergeParticipants: [
    input('PARTICIPANT_NOT_FOUND', (mine, theirs) => ({ intoId: mine.participant, fromIds: [theirs.participant] })),
    input('PARTICIPANT_NOT_FOUND', (mine, theirs) => ({ intoId: theirs.participant, fromIds: [mine.participant] })),
    input('PARTICIPANT_NOT_FOUND', (mine, theirs) => ({
      intoId: mine.participant,
      fromIds: [theirs.mergedParticipant],
    })),
  ],
  undoMerge: [input('MERGE_NOT_FOUND', (_, { merge }) => ({ mergeId: merge }))],

  // Ids are the tenants' own choice: one that another tenant has taken is free here.
  createAgent: [input('own', (_, { agent }) => ({ id: agent, name: 'Namesake' }))],
  updateAgent: [input('AGENT_NOT_FOUND', (_, { agent }) => ({ agentId: agent, name: 'Taken over' }))],
  deleteAgent: [input('AGENT_NOT_FOUND', (_, { agent }) => ({ agentId: agent, force: true }))],
  updateIntegrationConfig: [
    input('INTEGRATION_CONFIG_NOT_FOUND', (_, { config }) => ({ integrationConfigId: config, name: 'Taken over' })),
  ],
  deleteIntegrationConfig: [
    input('INTEGRATION_CONFIG_NOT_FOUND', (_, { config }) => ({ integrationConfigId: config, force: true })),
  ],
  createIntegrationConfig: [input('own', () => ({ provider: 'slack', name: 'Ours' }))],
  connectIntegration: [input('INTEGRATION_CONFIG_NOT_FOUND', (_, { config }) => ({ id: config, token: 'xoxb-good' }))],
  disconnectIntegration: [input('INTEGRATION_CONFIG_NOT_FOUND', (_, { config }) => ({ id: config }))],
  beginIntegrationOAuth: [input('INTEGRATION_CONFIG_NOT_FOUND', (_, { config }) => ({ id: config }))],
  ...Object.fromEntries(
    ['generateWebhookUrl', 'rotateWebhookKey'].map((name) => [
      name,
      [
        input('INTEGRATION_CONFIG_NOT_FOUND', (_, { config }) => ({ integrationConfigId: config })),
        input('INTEGRATION_CONFIG_NOT_FOUND', ({ binding }, { config }) => ({
          integrationConfigId: config,
          bindingId: binding,
        })),
        input('BINDING_NOT_FOUND', (_, { binding }) => ({ bindingId: binding })),
        input('BINDING_NOT_FOUND', ({ config }, { binding }) => ({ integrationConfigId: config, bindingId: binding })),
        input('AGENT_NOT_FOUND', ({ config }, { agent }) => ({ integrationConfigId: config, agentId: agent })),
      ],
    ]),
  ),
  createParticipantFromUnknownSender: [
    input('UNKNOWN_SENDER_NOT_FOUND', (_, { unknownSender }) => ({ unknownSenderId: unknownSender })),
    input('AGENT_NOT_FOUND', ({ unknownSender }, { agent }) => ({ unknownSenderId: unknownSender, agentIds: [agent] })),
  ],
  addUnknownSenderToParticipant: [
    input('UNKNOWN_SENDER_NOT_FOUND', ({ participant }, { unknownSender }) => ({
      unknownSenderId: unknownSender,
      participantId: participant,
    })),
    input('PARTICIPANT_NOT_FOUND', ({ unknownSender }, { participant }) => ({
      unknownSenderId: unknownSender,
      participantId: participant,
    })),
  ],
  approveUnknownSender: [
    input('UNKNOWN_SENDER_NOT_FOUND', (_, { unknownSender }) => ({ id: unknownSender, mode: 'CREATE_NEW' })),
    input('UNKNOWN_SENDER_NOT_FOUND', (_, { unknownSender }) => ({ id: unknownSender, mode: 'BIND_ONLY' })),
    input('PARTICIPANT_NOT_FOUND', ({ unknownSender }, { participant }) => ({
      id: unknownSender,
      mode: 'ADD_TO_EXISTING',
      participantId: participant,
    })),
    input('AGENT_NOT_FOUND', ({ unknownSender, participant }, { agent }) => ({
      id: unknownSender,
      mode: 'BIND_ONLY',
      participantId: participant,
      agentIds: [agent],
    })),
  ],
  rejectUnknownSender: [input('UNKNOWN_SENDER_NOT_FOUND', (_, { unknownSender }) => ({ id: unknownSender }))],
  blockUnknownSender: [input('UNKNOWN_SENDER_NOT_FOUND', (_, { unknownSender }) => ({ id: unknownSender }))],
  unblockUnknownSender: [input('UNKNOWN_SENDER_NOT_FOUND', (_, { unknownSender }) => ({ id: unknownSender }))],
  dismissUnknownSender: [
    input('UNKNOWN_SENDER_NOT_FOUND', (_, { unknownSender }) => ({ unknownSenderId: unknownSender })),
  ],
  cancelImport: [input('FILE_NOT_FOUND', (_, { batch }) => ({ id: batch }))],
  startExport: [
    input('own', () => ({ kind: 'EXTERNAL_USERS', format: 'CSV' })),
    exportOf('EXTERNAL_USERS', ({ agent }) => ({ externalUsers: { agentId: agent } })),
    exportOf('PARTICIPANTS', ({ agent }) => ({ participants: { agentId: agent } })),
    exportOf('CONVERSATIONS', ({ agent }) => ({ conversations: { agentId: agent } })),
    exportOf('CONVERSATIONS', ({ externalUser }) => ({ conversations: { externalUserId: externalUser } })),
    exportOf('CONVERSATIONS', ({ participant }) => ({ conversations: { participantId: participant } })),
  ],
  exportPerson: [input('own', (_, { email }) => ({ by: { email } }))],
  erasePerson: [input('own', (_, { email }) => ({ by: { email }, confirm: true }))],
  createAccessKey: [input('own', () => ({ name: 'Ours', scopes: ['ADMIN'] }))],
  createAgentSecretKey: [input('AGENT_NOT_FOUND', (_, { agent }) => ({ agentId: agent }))],
  revokeKey: [
    input('KEY_NOT_FOUND', (_, { key }) => ({ id: key })),
    input('KEY_NOT_FOUND', (_, { webhookKey }) => ({ id: webhookKey })),
  ],
};
