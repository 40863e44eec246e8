import { at, type Json } from '../json.ts';
import { type Contender, channelScalars, graphql, participantScalars, withSubjects } from './contender.ts';

/** The same stack as the service's, written as its documentation has it. */
export const pothosPrisma: Contender = {
  name: 'pothosPrisma',
  title: 'Yoga + Pothos + Prisma as documented',
  program: 'servers/pothos-prisma.ts',
  isService: false,
  async dialect() {
    return graphql(
      {
        contactList: `query ContactList($tenantId: ID!, $agentId: ID!) {
          participants(tenantId: $tenantId, agentId: $agentId) { id ${participantScalars} channels { id ${channelScalars} } agentIds }
        }`,
        inbox: `query Inbox($tenantId: ID!, $after: ID!) {
          conversations(tenantId: $tenantId, first: 20, after: $after) {
            id name closedAt createdAt
            participants { id participantId type status
              user { id displayName channels { id ${channelScalars} } }
              contact { id firstName lastName email }
            }
          }
        }`,
        participant: `query OneParticipant($tenantId: ID!, $id: ID!) {
          participant(tenantId: $tenantId, id: $id) { id kind displayName email createdAt }
        }`,
        externalUser: `query SearchUser($tenantId: ID!, $email: String!) {
          externalUser(tenantId: $tenantId, email: $email) { id firstName lastName email phoneNumber conversationIds }
        }`,
        ensure: `mutation Ensure($tenantId: ID!, $conversationId: ID!, $userId: ID!) {
          ensureConversationParticipant(tenantId: $tenantId, conversationId: $conversationId, userId: $userId) {
            created participant { id participantId type status createdAt }
          }
        }`,
      },
      (operation, { tenantId, key, userId }) =>
        ({
          contactList: () => ({ tenantId, agentId: key }),
          inbox: () => ({ tenantId, after: key }),
          participant: () => ({ tenantId, id: key }),
          externalUser: () => ({ tenantId, email: key }),
          ensure: () => ({ tenantId, conversationId: key, userId }),
        })[operation](),
      (operation, data) =>
        ({
          contactList: () => at(data, 'participants'),
          inbox: () => withSubjects(at(data, 'conversations')),
          participant: () => at(data, 'participant'),
          externalUser: () => {
            const { conversationIds = [], ...user } = at(data, 'externalUser') as { [name: string]: Json };
            return { user, conversationIds };
          },
          ensure: () => at(data, 'ensureConversationParticipant'),
        })[operation](),
    );
  },
};
